from pathlib import Path

import numpy as np
import pytest
from commands import TINY, run
from made_runs import made_run, predictions

from emolab.config.command import check_command, composed
from emolab.errors import ConfigError, RunError
from emolab.jobs import Plan
from emolab.runs import RunRecord
from experiments.comparing.levers import effects_of, levers_figure, table_of
from experiments.comparing.replicates import results_of
from experiments.founding import founding
from experiments.label_noise import label_noise
from experiments.levers import conclude, jobs_of, levers, wanted_of
from experiments.output import trainings_of

ACCURACIES = {"baseline": 0.60, "good": 0.68, "bad": 0.52, "idle": 0.605}
LEVERS = ("good", "bad", "idle")


def test_a_lever_helps_hurts_or_is_undecided_and_the_best_comes_first():
    made = {
        (lever, seed): predictions(accuracy, 10 * number + seed, n=3000)
        for number, (lever, accuracy) in enumerate(ACCURACIES.items())
        for seed in ((0, 1, 2) if lever in ("baseline", "good") else (0,))
    }
    minutes = {key: 2.0 + key[1] for key in made}
    found = effects_of(results_of(made, 500), minutes, "baseline", LEVERS)
    assert [(effect.lever, effect.verdict) for effect in found] == [
        ("baseline", ""),
        ("good", "helps"),
        ("idle", "undecided"),
        ("bad", "hurts"),
    ]
    assert [list(effect.seeds) for effect in found] == [[0, 1, 2], [0, 1, 2], [0], [0]]
    assert found[1].minutes == pytest.approx(3.0)
    assert found[1].gain is not None
    assert found[1].gain["value"] == pytest.approx(0.08, abs=0.02)
    (axes,) = levers_figure(found).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bad", "idle", "good"]  # from below


def test_a_lever_that_few_images_judged_is_undecided_and_drawn_without_an_interval():
    made = {("baseline", 0): predictions(0.0, 0, n=19), ("good", 0): predictions(1.0, 0, n=19)}
    found = effects_of(results_of(made, 100), dict.fromkeys(made, 1.0), "baseline", ["good"])
    assert found[1].verdict == "undecided"
    assert table_of(found, {}).rows[1][3:6] == ["1.000 (no interval)", "+100.0 (no interval)", "undecided"]
    (axes,) = levers_figure(found).axes
    assert len(axes.lines) == 2  # the lever and the line of zero


def test_the_table_is_of_validation_images_and_says_what_each_lever_sets(tmp_path, capsys):
    settings = ["data=folder", "data.root=faces", "trainer.train_images=40", f"output={tmp_path / 'out'}"]
    cfg = composed("levers", [*settings, "resamples=200"])
    chosen = list(cfg.levers)[:2]
    records: dict[tuple[str, int], RunRecord | None] = {(name, 0): None for name in cfg.levers}
    records["baseline", 0] = made_run(tmp_path / "runs", 0.5, seed=1)
    records[chosen[0], 0] = made_run(tmp_path / "runs", 0.9, seed=2)
    assert conclude(cfg, records) == 0
    rows = (tmp_path / "out" / "table.csv").read_text().splitlines()
    assert len(rows) == 3
    assert rows[1].startswith("baseline,")
    assert rows[2].startswith(f"{chosen[0]},{' '.join(cfg.levers[chosen[0]])}")
    assert rows[2].endswith(",helps,2.0")
    assert (tmp_path / "out" / "levers.png").stat().st_size > 5_000
    page = (tmp_path / "out" / "index.html").read_text()
    assert "judged on 600 validation images" in page
    assert "40 of the training images, the same for every seed" in page
    assert f"trainer.validate_every={cfg.trainer.epochs} judges the last" in page
    assert "are resampled; the spread of the seeds is added as Student" in page
    told = capsys.readouterr().out
    assert "helps" in told
    assert f"not trained: {chosen[1]}, " in told


def test_a_table_that_cant_be_written_names_its_output(tmp_path):
    cfg = composed("levers", ["data=folder", "data.root=faces", f"output={tmp_path / 'out'}", "resamples=200"])
    (tmp_path / "out" / "table.csv").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"output=.*out can't be written"):
        conclude(cfg, {("baseline", 0): made_run(tmp_path / "runs", 0.5)})


def test_without_a_baseline_there_is_no_table(tmp_path, capsys):
    cfg = composed("levers", ["data=folder", "data.root=faces", f"output={tmp_path / 'out'}"])
    assert conclude(cfg, {("baseline", 0): None}) == 2
    assert "no training of the baseline" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_levers_are_trained_in_the_order_in_which_they_are_given() -> None:
    some = composed("levers", ["data=folder", "data.root=faces", "only=[wider,SGD]", "seeds=[0,1]"])
    assert wanted_of(some) == [(lever, seed) for seed in (0, 1) for lever in ("baseline", "wider", "SGD")]
    whole = composed("levers", ["data=folder", "data.root=faces"])
    assert wanted_of(whole) == list(jobs_of(whole, []))


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match="without resume"):
        check_command("levers", ["data=folder", "data.root=faces", "resume=last"])
    with pytest.raises(ConfigError, match="no levers: widest"):
        check_command("levers", ["data=folder", "data.root=faces", "only=[widest]"])
    with pytest.raises(ConfigError, match="call the lever something else"):
        check_command("levers", ["data=folder", "data.root=faces", '+levers.baseline=["seed=1"]'])
    with pytest.raises(ConfigError, match="name="):
        check_command("levers", ["data=folder", "data.root=faces", "name=../other"])


@pytest.mark.parametrize(
    ("verb", "override", "told"),
    [
        (levers, "seed=4", r"Give seeds=\[4\]"),
        (founding, "model=vgg19", r"Give models=\[vgg19\]"),
        (founding, "seed=4", r"Give seeds=\[4\]"),
        (levers, "evaluate=true", "Leave it out"),
        (founding, "evaluate=false", "Leave it out"),
        (label_noise, "evaluate=true", "Leave it out"),
    ],
)
def test_what_each_training_has_of_its_own_is_not_given_for_all(tmp_path, monkeypatch, verb, override, told):
    monkeypatch.chdir(tmp_path)
    given = ["data=demo", override]
    with pytest.raises(ConfigError, match=told):
        verb(composed(verb.__name__, given), given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["founding", "levers", "label_noise"])
def test_two_names_have_two_outputs(verb):
    assert trainings_of(composed(verb, ["data=demo", "name=mine"])) == Path("mine/trainings/mine")


def test_every_lever_fits_the_recipe_that_the_documents_give_it():
    recipe, path = "experiment=fer2013_custom_cnn", "data.path=faces.csv"
    on_fer2013 = jobs_of(composed("levers", [recipe, path]), [recipe, path])
    given = [recipe, "data=folder", "data.root=photographs"]
    on_photographs = jobs_of(composed("levers", given), given)
    assert len(on_fer2013) == 1 + len(composed("levers", ["data=demo"]).levers)
    for job in (*on_fer2013.values(), on_photographs["baseline", 0]):
        check_command("train", job)
        assert job[-1] == "evaluate=validation"


def test_without_a_seed_in_common_nothing_is_compared():
    found = results_of({("baseline", 0): predictions(0.6, 0), ("good", 1): predictions(0.9, 1)}, 100)
    (_, effect) = effects_of(found, {("baseline", 0): 1.0, ("good", 1): 2.0}, "baseline", ["good"])
    assert (effect.verdict, effect.accuracy, effect.gain) == ("no seed in common", None, None)


def test_a_lever_that_was_judged_on_other_images_is_named() -> None:
    other = {("baseline", 0): predictions(0.6, 0), ("larger", 0): predictions(0.6, 0, images=1)}
    with pytest.raises(RunError, match=r"\('larger', 0\) was judged on other images .*leave it out .*data\.image_size"):
        results_of(other, 100)


def test_one_command_trains_what_is_missing_and_leaves_the_test_images_unopened(
    tmp_path: Path, demo_cache: str, monkeypatch
) -> None:
    """Real trainings on the demo faces; the second command adds a lever, and trains that alone."""
    own = [one for one in TINY if not one.startswith(("data", "trainer.epochs"))]
    tiny = (*own, "data=demo", demo_cache, "aug=off", "trainer.train_images=48", "trainer.epochs=1", "resamples=100")
    own_levers = ('+levers.hot=["optimizer.learning_rate=0.1"]', '+levers.cold=["optimizer.learning_rate=0.0001"]')
    given = (*tiny, *own_levers, "only=[hot]")
    first = run("experiments.levers", *given, cwd=tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "2 trainings, 0 of them done" in first.stdout
    both = run("experiments.levers", *tiny, *own_levers, "only=[cold,hot]", cwd=tmp_path)
    assert both.returncode == 0, both.stdout + both.stderr
    assert "3 trainings, 2 of them done" in both.stdout
    reports = list((tmp_path / "runs" / "levers").glob("*/report/predictions.npz"))
    assert len(reports) == 3
    for report in reports:
        assert {name.partition("_")[0] for name in np.load(report).files} == {"classes", "validation"}
    monkeypatch.chdir(tmp_path)
    with Plan.open(Path("levers/trainings/levers")).owned(), pytest.raises(ConfigError, match="another command is"):
        levers(composed("levers", given), given)
