import re
from contextlib import nullcontext
from functools import cache

import optuna
import pytest
from made_runs import made_run
from omegaconf import OmegaConf

from emolab.config.command import check_command, composed
from emolab.config.tree import conf_folder, groups
from emolab.errors import ConfigError
from experiments.search.space import Lookup, Space, searchable, space_of, suggested
from experiments.sweep import check_space, defaults_of, fixed_overrides

RATE = {"key": "optimizer.learning_rate", "log": True}
SPACE = {
    "optimizer": {"key": "optimizer", "choices": ["adamw", "sgd"]},
    "adamw_rate": {**RATE, "low": 0.0001, "high": 0.001, "when": {"optimizer": "adamw"}},
    "sgd_rate": {**RATE, "low": 0.01, "high": 0.1, "when": {"optimizer": "sgd", "finetune": ["full", "partial"]}},
    "batch": {"key": "trainer.batch_size", "low": 16, "high": 64, "step": 16},
    "balance": {"key": "loss.balance", "choices": [0.0, None, True]},
}
DATA = ("data=fer2013", "data.path=faces.csv")
GROUPS = groups(conf_folder())


@cache
def defaults() -> Lookup:
    return defaults_of(DATA)


@cache
def committed(search: str) -> Space:
    return space_of(composed("sweep", [*DATA, f"search={search}"]))


def check(space: Space, *more: str) -> None:
    check_space(space, [*DATA, *more], defaults())


def drawn(*fixed: str, space=SPACE, seed: int = 0, trials: int = 30) -> list[list[str]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [suggested(study.ask(), space, fixed, {"finetune": "full", "optimizer": "adamw"}.get) for _ in range(trials)]


def test_the_learning_rate_depends_on_the_optimizer():
    for overrides in drawn():
        values = dict(override.split("=") for override in overrides)
        low, high = (0.0001, 0.001) if values["optimizer"] == "adamw" else (0.01, 0.1)
        assert low <= float(values["optimizer.learning_rate"]) <= high
        assert values["trainer.batch_size"] in {"16", "32", "48", "64"}
        assert values["loss.balance"] in {"0.0", "null", "true"}


def test_what_the_command_fixes_is_not_searched_and_decides_conditions():
    for overrides in drawn("optimizer=sgd", "trainer.batch_size=8"):
        assert [override.partition("=")[0] for override in overrides] == ["optimizer.learning_rate", "loss.balance"]
        assert float(overrides[0].partition("=")[2]) >= 0.01


@pytest.mark.parametrize("given", ["optimizer='sgd'", 'optimizer="sgd"', "+optimizer=sgd"])
def test_what_the_command_fixes_may_be_quoted(given):
    assert list(searchable({"sgd_rate": SPACE["sgd_rate"]}, [given], {"finetune": "full"}.get)) == ["sgd_rate"]
    for overrides in drawn(given, "trainer.batch_size=8"):
        assert float(overrides[0].partition("=")[2]) >= 0.01


def test_a_condition_that_nothing_in_the_command_names_asks_for_the_default():
    space = {"rate": {**RATE, "low": 0.1, "high": 0.2, "when": {"finetune": "partial"}}, "batch": SPACE["batch"]}
    assert all(len(overrides) == 1 for overrides in drawn(space=space))
    assert all(len(overrides) == 2 for overrides in drawn("finetune=partial", space=space))


@pytest.mark.parametrize("search", GROUPS["search"])
def test_every_end_of_every_search_space_is_a_right_command(search):
    space = committed(search)
    check(space)
    partial = {name: one for name, one in space.items() if one.get("when", {}).get("finetune") == "partial"}
    if partial:  # the rest is checked by now
        asked_for = {name: one for name, one in space.items() if one["key"] == "optimizer"}
        check({**asked_for, **partial}, "finetune=partial")


@pytest.mark.parametrize("model", GROUPS["model"])
def test_search_tradeoff_gives_every_network_a_learning_rate_and_its_own_width(model):
    own = ["model.backbone.stem", "model.backbone.widths"] if model == "custom_cnn" else []
    for overrides in drawn(f"model={model}", space=committed("tradeoff"), trials=5):
        assert [override.partition("=")[0] for override in overrides] == [*own, "optimizer.learning_rate"]


def test_what_the_command_rules_out_is_neither_searched_nor_checked():
    space, fixed = committed("tradeoff"), "model=vgg19"  # which has no stem
    assert list(searchable(space, [fixed], defaults())) == ["vgg19_learning_rate"]
    check(space, fixed)


def test_a_choice_may_be_nothing_or_yes_or_no():
    some = "{key: trainer.train_images, choices: [null, 500]}"
    flags = "{key: trainer.deterministic, choices: [true, false], when: {trainer.train_images: null}}"
    space = space_of(composed("sweep", [*DATA, f"+search.space.some={some}", f"+search.space.flags={flags}"]))
    check({name: space[name] for name in ("some", "flags")})


@pytest.mark.parametrize(
    ("key", "told"), [("optimizer.lr", r"no key 'optimizer\.lr'"), ("model.dropout", r"model\.dropout=1\.2: .* less")]
)
def test_a_wrong_parameter_is_refused_before_the_first_training(key, told):
    with pytest.raises(ConfigError, match=rf"search\.space\.wrong.*{told}"):
        check({"wrong": {"key": key, "low": 0.1, "high": 1.2}})


@pytest.mark.parametrize("key", ["finetuning", "optimizer.momentums", "trainer.epochs.most"])
def test_a_condition_on_a_key_that_there_is_not_is_refused(key):
    with pytest.raises(ConfigError, match=rf"search\.space\.wrong: .* asks for {key}, which is neither searched nor"):
        check({"wrong": {"key": "seed", "low": 0, "high": 9, "when": {key: "full"}}})


def test_a_condition_on_what_is_drawn_later_is_refused_unless_the_command_fixes_it():
    rate = {"key": "optimizer.learning_rate", "low": 0.1, "high": 0.2, "when": {"optimizer": "sgd"}}
    by = {"key": "optimizer", "choices": ["sgd"]}
    with pytest.raises(ConfigError, match=r"search\.space\.rate: .* asks for optimizer, which is drawn later"):
        check({"rate": rate, "by": by})
    check({"rate": rate, "by": by}, "optimizer=sgd")
    check({"early": by, "rate": rate, "by": by})  # one of several is drawn before it


def test_a_parameter_is_tried_under_each_of_its_conditions():
    """The second of these networks has no such key."""
    stem = {"key": "model.backbone.stem", "choices": [16], "when": {"model": ["custom_cnn", "vgg19"]}}
    with pytest.raises(ConfigError, match=r"search\.space\.stem: .*stem"):
        check({"model": {"key": "model", "choices": ["custom_cnn"]}, "stem": stem})


def test_a_teacher_that_may_change_is_refused_where_a_trial_would_bring_it_in(tmp_path):
    teacher = made_run(tmp_path, 0.7)
    teacher.save_checkpoint("best", lambda path: path.write_text("w"), tag=0)
    way = {"key": "experiment", "choices": [None, "distill"]}
    with pytest.raises(ConfigError, match=rf"search\.space\.way.*such as teacher={teacher.id}"):
        check({"way": way}, "model=custom_cnn", f"paths.runs={tmp_path}")


@pytest.mark.parametrize("given", ["seed=3", "finetune=full"])
def test_a_search_of_nothing_is_refused(given):
    space = {"only": {"key": "seed", "low": 0, "high": 9, "when": {"finetune": "partial"}}}
    fixed = [*DATA, given]
    with pytest.raises(ConfigError, match="nothing is left to search"):
        check_space(space, fixed, defaults_of(fixed))


def test_what_is_for_the_sweep_is_not_given_to_the_trainings():
    given = [*DATA, "n_trials=3", "search.space.dropout.low=0.1", "workers=2", "worker=1", "model=vgg19", "+x=1"]
    cfg = OmegaConf.create({"name": "s", "evaluate": False})
    assert fixed_overrides(cfg, given) == [*DATA, "model=vgg19", "+x=1", "name=s", "evaluate=false"]


@pytest.mark.parametrize(
    "wrong",
    [
        {
            "search.objectives=[validation,flops]": "pruner=none",
            "resume=last": "without resume",
            "n_trials=0": "n_trials=0",
        },
        {"search.objectives=[parameters]": "pruner=none"},
        {
            "search.objectives=[speed]": "'latency_ms'",
            "search.space.dropout.low=0.9": "low has to be below high",
            "search.space.adamw_learning_rate.low=0.0": "above 0 where log",
            "+search.space.seed={key: seed, low: 0, high: 9, step: 0.25}": r"write low: 0\.0 for fractions",
            "+search.space.label_smoothing.choices=[1]": "either choices, or low and high",
            "pruner.warm_up=5": r"pruner\.warm_up=5.* 1",
        },
        {"pruner.warm_up=-0.1": r"pruner\.warm_up=-0\.1.* 0"},
        {"sampler=tpee": "cmaes, gp, random, tpe"},
    ],
)
def test_a_wrong_sweep_is_named_with_what_is_right(wrong):
    with pytest.raises(ConfigError) as caught:
        check_command("sweep", [*DATA, *wrong])
    for right in wrong.values():
        assert re.search(right, str(caught.value))


@pytest.mark.parametrize(("key", "refused"), [("loss.label_smoothing", True), ("model.dropout", False)])
def test_trials_that_search_the_loss_arent_judged_by_it(key, refused):
    fixed = [*DATA, "trainer.monitor=val_loss", "trainer.mode=min"]
    space = {"only": {"key": key, "low": 0.0, "high": 0.2}}
    with pytest.raises(ConfigError, match="each be judged by another one") if refused else nullcontext():
        check_space(space, fixed, defaults_of(fixed))
