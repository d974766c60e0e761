import math
from pathlib import Path

import numpy as np
import pytest
from commands import TINY, run
from made_runs import made_run, predictions

from emolab.config.command import check_command, composed
from emolab.errors import ConfigError, RunError
from emolab.jobs import Plan
from emolab.runs import RunRecord
from experiments.comparing.replicates import results_of
from experiments.founded.cells import Cell, cells_of
from experiments.founded.claims import Claim, claims, judged
from experiments.founding import cells_of_settings, conclude, founding, jobs_of, notes, refuse_default_recipes
from experiments.overrides import for_training

MODELS = ("vgg19", "resnet50", "mobilenetv2", "custom_cnn")
ACCURACIES = {"vgg19": 0.70, "resnet50": 0.702, "mobilenetv2": 0.45, "custom_cnn": 0.60}


def made(gain: float, seeds: tuple[int, ...] = (0, 1, 2, 3, 4)) -> dict:
    """Predictions of all cells; without augmentation, `gain` is lost, and without full fine-tuning, a third."""
    found = {}
    for cell in cells_of(MODELS, ("on", "off"), ("full", "partial")):
        accuracy = ACCURACIES[cell.model] - gain * (cell.augmentation == "off") - 0.33 * (cell.finetuning == "partial")
        for seed in seeds:
            found[cell, seed] = predictions(accuracy, MODELS.index(cell.model) * 10 + seed, n=8000)
    return found


def test_each_claim_is_confirmed_refuted_or_undecided():
    found = results_of(made(gain=0.055), 400)
    verdicts = {claim.text: verdict for claim, _, verdict in judged(found, claims(MODELS, ("full", "partial")))}
    assert verdicts == {
        "VGG19 is better than ResNet50": "undecided",
        "ResNet50 is better than MobileNetV2": "confirmed",
        "MobileNetV2 is better than own CNN": "refuted",
        "augmentation helps": "confirmed",
        "augmentation is worth 5 to 6 points, a point more or less for rounding": "confirmed",
        "training every layer is better than the last block": "confirmed",
    }


@pytest.mark.parametrize(("gain", "verdict"), [(0.20, "refuted"), (-0.10, "refuted"), (0.055, "confirmed")])
def test_augmentation_is_worth_what_it_is(gain, verdict):
    found = results_of(made(gain), 400)
    worth = next(claim for claim in claims(MODELS, ("full",)) if "5 to 6" in claim.text)
    assert worth.verdict(found.difference(worth.pairs)) == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.2, "confirmed"), (-0.01, 0.2, "undecided"), (-0.2, -0.01, "refuted"), (0.0, 0.0, "undecided")],
)
def test_a_claim_of_more_is_judged_by_the_whole_interval(low, high, verdict):
    claim = Claim("A > B", "", [])
    assert claim.high == math.inf
    assert claim.verdict({"value": (low + high) / 2, "low": low, "high": high}) == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.041, 0.069, "confirmed"),
        (0.0601, 0.0690, "confirmed"),
        (0.041, 0.049, "confirmed"),
        (0.065, 0.071, "undecided"),
        (0.071, 0.080, "refuted"),
        (0.030, 0.039, "refuted"),
    ],
)
def test_a_narrower_interval_inside_one_that_confirms_a_claim_confirms_it_too(low, high, verdict):
    worth = next(claim for claim in claims(MODELS, ("full",)) if "5 to 6" in claim.text)
    assert worth.verdict({"value": (low + high) / 2, "low": low, "high": high}) == verdict


def test_what_was_not_trained_is_undecided():
    found = results_of({key: one for key, one in made(0.05).items() if key[0].model != "vgg19"}, 100)
    (claim, difference, verdict), *_ = judged(found, claims(MODELS, ("full",)))
    assert claim.text.startswith("VGG19")
    assert (difference, verdict) == (None, "undecided")
    assert found.accuracy(Cell("vgg19", "on", "full")) is None


def test_more_seeds_widen_the_interval_by_the_noise_of_training():
    cell = Cell("vgg19", "on", "full")
    same = results_of({(cell, 0): predictions(0.6, 1), (cell, 1): predictions(0.6, 1)}, 2000).accuracy(cell)
    apart = results_of({(cell, 0): predictions(0.5, 1), (cell, 1): predictions(0.7, 2)}, 2000).accuracy(cell)
    assert same is not None
    assert apart is not None
    assert apart["high"] - apart["low"] > 1.5 * (same["high"] - same["low"])
    assert apart["value"] == pytest.approx(0.6, abs=0.03)


def test_an_interval_holds_nothing_that_cannot_be():
    one, other = Cell("vgg19", "on", "full"), Cell("vgg19", "off", "full")
    right = {(one, 0): 0.99, (one, 1): 0.75, (other, 0): 0.01, (other, 1): 0.25}
    found = results_of({key: predictions(accuracy, key[1]) for key, accuracy in right.items()}, 100)
    for interval, least in ((found.accuracy(one), 0.0), (found.difference([(one, other)]), -1.0)):
        assert interval is not None
        assert (interval["low"], interval["high"]) == (least, 1.0)


@pytest.mark.parametrize("seeds", [2, 3])
def test_few_seeds_cover_the_truth_about_as_often_as_they_say(seeds):
    cell = Cell("vgg19", "on", "full")
    random = np.random.default_rng(0)
    hits = 0
    for number in range(60):
        trained = {
            (cell, seed): predictions(0.6 + random.normal(0, 0.02), 100 * number + seed) for seed in range(seeds)
        }
        found = results_of(trained, 100).accuracy(cell)
        assert found is not None
        hits += found["low"] <= 0.6 <= found["high"]
    assert hits >= 51  # of 60; 57 are expected, and resampling two or three seeds would give some 42


def test_trainings_judged_on_other_images_are_refused():
    pair = {(Cell("vgg19", "on", "full"), seed): predictions(0.5, 0, images=seed) for seed in (0, 1)}
    with pytest.raises(RunError, match="other images"):
        results_of(pair, 100)


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    cell = Cell("vgg19", "on", "full")
    hits = 0
    for number in range(60):
        found = results_of({(cell, 0): predictions(0.6, number, n=400, images=number)}, 200).accuracy(cell)
        assert found is not None
        hits += found["low"] <= 0.6 <= found["high"]
    assert hits >= 51  # of 60; 57 are expected


def test_the_table_stands_beside_the_originals_numbers(tmp_path, capsys):
    settings = ["data=folder", "data.root=faces", "models=[vgg19,resnet50]", "finetunings=[full]", "resamples=200"]
    recipes = '+recipes.resnet50=["optimizer.weight_decay=0.02"]'
    cfg = composed("founding", [*settings, recipes, f"output={tmp_path / 'founding'}"])
    cells = cells_of(cfg.models, cfg.augmentations, cfg.finetunings)
    records: dict[tuple[Cell, int], RunRecord | None] = {(cell, 0): None for cell in cells}
    for number, cell in enumerate(cells[:-1]):
        records[cell, 0] = made_run(tmp_path / "runs", 0.5 + number / 10, seed=number, model=cell.model)
    assert conclude(cfg, records) == 0
    rows = (tmp_path / "founding" / "table.csv").read_text().splitlines()
    assert len(rows) == 5
    assert rows[1].startswith("vgg19,on,full,1,0.")
    assert rows[1].endswith(",0.51")
    assert "not trained" in rows[4]
    assert "| VGG19 is better than ResNet50 | refuted |" in (tmp_path / "founding" / "claims.md").read_text()
    page = (tmp_path / "founding" / "index.html").read_text()
    assert "judged on 600 test images" in page
    assert "nothing else: resnet50 optimizer.weight_decay=0.02." in page
    assert "refuted" in capsys.readouterr().out


def test_a_table_that_cant_be_written_names_its_output(tmp_path):
    settings = ["data=folder", "data.root=faces", "models=[vgg19]", "augmentations=['on']", "finetunings=[full]"]
    cfg = composed("founding", [*settings, f"output={tmp_path / 'founding'}", "resamples=200"])
    record = made_run(tmp_path / "runs", 0.5, model="vgg19")
    (tmp_path / "founding" / "table.csv").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"output=.*founding can't be written"):
        conclude(cfg, {(Cell("vgg19", "on", "full"), 0): record})


@pytest.mark.parametrize(
    ("seeds", "told"), [("0", "another seed may turn a verdict"), ("0,1", "added as Student's interval")]
)
def test_the_page_says_what_its_intervals_hold(seeds, told):
    cfg = composed("founding", ["data=folder", "data.root=faces", "trainer.train_images=40", f"seeds=[{seeds}]"])
    page = " ".join(notes(cfg, 600, 4, []))
    assert told in page
    assert "40 of the training images, the classes in proportion, the same for every seed" in page


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("split=validation trainer.epochs=6", True),
        ("split=validation trainer.epochs=6 trainer.validate_every=6", False),
        ("split=test trainer.epochs=6", False),
    ],
)
def test_the_page_says_where_the_images_that_judge_chose_each_trainings_epoch(settings, told):
    cfg = composed("founding", ["data=folder", "data.root=faces", *settings.split()])
    assert told == ("trainer.validate_every=6 judges the last" in " ".join(notes(cfg, 600, 4, [])))


@pytest.mark.parametrize(("split", "evaluate"), [("test", True), ("validation", "validation")])
def test_every_training_is_evaluated_on_the_images_that_decide(split, evaluate):
    given = ["data=folder", "data.root=faces", "models=[vgg19]", f"split={split}"]
    cfg = composed("founding", given)
    keys = [(cell, 0) for cell in cells_of_settings(cfg)]
    jobs = jobs_of(cfg, for_training(given, "founding"), keys)
    assert [composed("train", job).evaluate for job in jobs] == [evaluate] * 4


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match="without resume"):
        check_command("founding", ["data=folder", "data.root=faces", "resume=last"])


def test_recipes_of_another_optimizer_are_the_commands_own_to_give():
    default = composed("founding", ["data=folder", "data.root=faces"])
    for given in (["optimizer=sgd"], ["experiment=fer2013_custom_cnn", "seed=1"]):
        key = given[0].partition("=")[0]
        with pytest.raises(ConfigError, match=f"{key}=... doesn't go with the default recipe of custom_cnn,"):
            refuse_default_recipes(default, given)
    for given in (["optimizer=sgd", "recipes=null"], ["optimizer=adamw"], ["optimizer.learning_rate=0.1"]):
        refuse_default_recipes(default, given)
    default.models = ["vgg19"]  # which has none
    refuse_default_recipes(default, ["optimizer=sgd"])
    given = ["data=folder", "data.root=faces", "models=[custom_cnn]", "optimizer=sgd", "recipes=null"]
    cfg = composed("founding", given)
    check_command("founding", given)
    (job, *_) = jobs_of(cfg, for_training(given, "founding"), [(cells_of_settings(cfg)[0], 0)])
    assert (
        composed("train", job).optimizer.learning_rate == composed("train", ["optimizer=sgd"]).optimizer.learning_rate
    )
    assert not any("Recipes" in note for note in notes(cfg, 10, 1, []))


@pytest.mark.parametrize(
    ("verb", "override", "told"),
    [
        ("founding", "seeds=[0,1,0]", r"seeds=\[0, 1, 0\]: 0 stands there 2 times, expected each once: leave out"),
        ("founding", "models=[vgg19,vgg19]", r"models=\['vgg19', 'vgg19'\]: vgg19 stands there 2 times"),
        ("founding", "augmentations=['on',on]", r"augmentations=\['on', 'on'\]: on stands there 2 times"),
        ("founding", "finetunings=[full,full]", "full stands there 2 times"),
        ("founding", "seeds=[]", "at least 1 item"),
        ("levers", "seeds=[0,0,0]", r"seeds=\[0, 0, 0\]: 0 stands there 3 times"),
        ("levers", "only=[SGD,wider,SGD]", "SGD stands there 2 times"),
        ("sweep", "search.objectives=[validation,validation]", "validation stands there 2 times"),
    ],
)
def test_what_is_varied_has_each_value_once(verb, override, told):
    with pytest.raises(ConfigError, match=told):
        check_command(verb, ["data=folder", "data.root=faces", override])


def test_one_command_trains_what_is_missing_and_judges_it(tmp_path: Path, demo_cache: str, monkeypatch) -> None:
    """Two real trainings on the demo faces: the only check that the experiment's parts fit together."""
    network = ",".join(f'"{one}"' for one in TINY if one.startswith("model."))
    chosen = ("models=[custom_cnn]", "finetunings=[full]", "resamples=100", f"recipes={{custom_cnn:[{network}]}}")
    own = [one for one in TINY if not one.startswith(("model", "data", "trainer.epochs"))]
    short = ("data=demo", demo_cache, "trainer.train_images=48", "trainer.epochs=1", "seeds=[3]")
    arguments = (*own, *short, *chosen)
    done = run("experiments.founding", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "augmentation helps" in done.stdout
    assert "2 trainings, 0 of them done" in done.stdout
    assert np.char.count((tmp_path / "founding" / "table.csv").read_text(), "custom_cnn") == 2
    table = (tmp_path / "founding" / "table.csv").read_text()
    again = run("experiments.founding", *reversed(arguments), "augmentations=[off,on]", cwd=tmp_path)
    assert sorted((tmp_path / "founding" / "table.csv").read_text().splitlines()) == sorted(table.splitlines())
    assert "2 trainings, 2 of them done" in again.stdout
    assert again.returncode == 0, again.stderr
    monkeypatch.chdir(tmp_path)
    with Plan.open(Path("founding/trainings/founding")).owned(), pytest.raises(ConfigError, match="another command is"):
        founding(composed("founding", arguments), arguments)
