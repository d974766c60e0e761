from contextlib import nullcontext

import optuna
import pytest
from made_runs import made_run
from omegaconf import OmegaConf

from emolab.config.command import check_command, composed
from emolab.config.tree import conf_folder, groups
from emolab.errors import ConfigError
from experiments.search.space import searchable, space_of, suggested
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


def check(*arguments: str, fixed=DATA) -> None:
    check_space(space_of(composed("sweep", [*DATA, *arguments])), fixed, defaults_of(DATA))


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


@pytest.mark.parametrize("finetune", ["full", "partial"])
@pytest.mark.parametrize("search", groups(conf_folder())["search"])
def test_every_end_of_every_search_space_is_a_right_command(search, finetune):
    check(f"search={search}", fixed=[*DATA, f"finetune={finetune}"])


@pytest.mark.parametrize("model", groups(conf_folder())["model"])
def test_search_tradeoff_gives_every_network_a_learning_rate_and_its_own_width(model):
    space = space_of(composed("sweep", [*DATA, "search=tradeoff"]))
    own = ["model.backbone.stem", "model.backbone.widths"] if model == "custom_cnn" else []
    for overrides in drawn(f"model={model}", space=space, trials=5):
        assert [override.partition("=")[0] for override in overrides] == [*own, "optimizer.learning_rate"]


def test_what_the_command_rules_out_is_neither_searched_nor_checked():
    arguments = ["search=tradeoff", "model=vgg19"]  # which has no stem
    cfg = composed("sweep", [*DATA, *arguments])
    assert list(searchable(space_of(cfg), arguments, defaults_of(DATA))) == ["vgg19_learning_rate"]
    check(*arguments, fixed=[*DATA, "model=vgg19"])


def test_a_choice_may_be_nothing_or_yes_or_no():
    some = "{key: trainer.train_images, choices: [null, 500]}"
    flags = "{key: trainer.deterministic, choices: [true, false], when: {trainer.train_images: null}}"
    check(f"+search.space.some={some}", f"+search.space.flags={flags}")


def test_a_wrong_parameter_is_refused_before_the_first_training():
    with pytest.raises(ConfigError, match=r"search\.space\.wrong.*no key 'optimizer.lr'"):
        check("+search.space.wrong={key: optimizer.lr, low: 0.1, high: 0.2}")


@pytest.mark.parametrize("key", ["finetuning", "optimizer.momentums", "trainer.epochs.most"])
def test_a_condition_on_a_key_that_there_is_not_is_refused(key):
    with pytest.raises(ConfigError, match=rf"search\.space\.wrong: .* asks for {key}, which is neither searched nor"):
        check(f"+search.space.wrong={{key: seed, low: 0, high: 9, when: {{{key}: full}}}}")


def test_a_condition_on_what_is_drawn_later_is_refused_unless_the_command_fixes_it():
    rates = "{key: optimizer.learning_rate, low: 0.1, high: 0.2, when: {optimizer: sgd}}"
    by = "{key: optimizer, choices: [adamw, sgd]}"
    search = ["search=tradeoff", f"+search.space.rate={rates}", f"+search.space.by={by}"]
    with pytest.raises(ConfigError, match=r"search\.space\.rate: .* asks for optimizer, which is drawn later"):
        check(*search)
    check(*search, fixed=[*DATA, "optimizer=sgd"])
    check("search=tradeoff", f"+search.space.early={by}", *search[1:])  # one of several is drawn before it


def test_a_parameter_is_tried_under_each_of_its_conditions():
    """The second of these networks has no such key."""
    dimension = "{key: model.backbone.stem, low: 16, high: 64, when: {model: [custom_cnn, vgg19]}}"
    with pytest.raises(ConfigError, match=r"search\.space\.stem: .*stem"):
        check("search=tradeoff", f"search.space.stem={dimension}")


def test_a_teacher_that_may_change_is_refused_where_a_trial_would_bring_it_in(tmp_path):
    teacher = made_run(tmp_path, 0.7)
    monitor = teacher.fields["monitor"]
    teacher.save_checkpoint("best", ".h5", lambda path: path.write_text("w"), tag=0, monitor=monitor)
    with pytest.raises(ConfigError, match=rf"search\.space\.way.*teacher={teacher.id} is it now"):
        check(
            "+search.space.way={key: experiment, choices: [null, distill]}",
            fixed=[*DATA, "model=custom_cnn", f"paths.runs={tmp_path}"],
        )


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
    ("wrong", "right"),
    [
        ("search.objectives=[validation,flops]", "pruner=none"),
        ("search.objectives=[parameters]", "pruner=none"),
        ("pruner.warm_up=5", r"pruner\.warm_up=5.* 1"),
        ("pruner.warm_up=-0.1", r"pruner\.warm_up=-0\.1.* 0"),
        ("resume=last", "without resume"),
        ("search.space.dropout.low=0.9", "low has to be below high"),
        ("search.space.adamw_learning_rate.low=0.0", "above 0 where log"),
        ("+search.space.dropout.choices=[1]", "either choices, or low and high"),
        ("+search.space.seed={key: seed, low: 0, high: 9, step: 0.25}", r"write low: 0\.0 for fractions"),
        ("search.objectives=[speed]", "'latency_ms'"),
        ("n_trials=0", "n_trials=0"),
        ("sampler=tpee", "cmaes, gp, random, tpe"),
    ],
)
def test_a_wrong_sweep_is_named_with_what_is_right(wrong, right):
    with pytest.raises(ConfigError, match=right):
        check_command("sweep", [*DATA, wrong])


@pytest.mark.parametrize(("key", "refused"), [("loss.label_smoothing", True), ("model.dropout", False)])
def test_trials_that_search_the_loss_arent_judged_by_it(key, refused):
    fixed = [*DATA, "trainer.monitor=val_loss", "trainer.mode=min"]
    space = {"only": {"key": key, "low": 0.0, "high": 0.2}}
    with pytest.raises(ConfigError, match="each be judged by another one") if refused else nullcontext():
        check_space(space, fixed, defaults_of(fixed))
