import shlex
from pathlib import Path

import optuna
import pytest
from matplotlib.axes import Axes
from omegaconf import OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from emolab.config.command import check_command, composed, options_and_overrides
from emolab.config.overrides import search_path
from emolab.errors import ConfigError
from experiments.search import pictures
from experiments.search.best import as_experiment, best_trial, check_name, write_best
from experiments.search.report import overview, write_page
from experiments.search.study import ERROR, OVERRIDES, SURPLUS

GIVEN = ("experiment=fer2013_custom_cnn", "data.path=faces.csv", "aug=off", "trainer.epochs=7", "model.weights=null")
SEARCHED = ("optimizer=sgd", "optimizer.learning_rate=0.0123", "model.backbone.widths=[8,16]", "aug=blend")


def trial(
    value: float | None, x: float = 0.5, state: TrialState = TrialState.COMPLETE, **attributes
) -> optuna.trial.FrozenTrial:
    values = {} if value is None else {"value": value}
    parameters = {"params": {"x": x}, "distributions": {"x": FloatDistribution(0, 1)}}
    return create_trial(
        state=state, user_attrs=attributes, intermediate_values={0: 0.1, 1: 0.2}, **values, **parameters
    )


def study_of(*trials, directions=("maximize",), name="s") -> optuna.Study:
    study = optuna.create_study(directions=list(directions), study_name=name)
    study.add_trials(trials)
    return study


@pytest.mark.parametrize("name", ["sweep", "a,b", "lr=0.1 [1]", "O'Neil's"])
def test_the_winner_is_an_experiment_that_means_the_same_training(tmp_path, name):
    folder, mine = tmp_path / "sweeps" / name, tmp_path / "mine, too"
    mine.mkdir()
    found = {"epochs": 7, "run": "20261124-100000-aaaa", OVERRIDES: SEARCHED}
    study = study_of(trial(0.4), trial(0.6, **found))
    fixed = [*GIVEN, "name=s", "evaluate=false", "paths.runs=elsewhere", search_path([mine])]
    path, command = write_best(best_trial(study), study, folder, fixed)
    _, given = options_and_overrides(shlex.split(command)[3:])
    written = composed("train", given)
    asked = composed("train", [*GIVEN[:2], *GIVEN[3:], *SEARCHED, "name=s_best"])
    assert composed("train", given, hydra_too=True).hydra.searchpath == [f"file://{place}" for place in (folder, mine)]
    assert OmegaConf.to_container(written) == OmegaConf.to_container(asked)
    text = path.read_text()
    assert "trial 1 of 2" in text
    assert "less than 0.6000 of run 20261124-100000-aaaa" in text
    assert f"# Command: {command}" in text


@pytest.mark.parametrize(
    "given",
    [
        ("data=demo", "aug=on", "~aug.layers.flip"),
        ("data=demo", "callbacks=early_stopping", "~callbacks.early_stopping"),
        ("experiment=[distill,fer2013_custom_cnn]", "data.path=faces.csv", "teacher=one"),
        ("experiment=null", "data=demo"),
        ("debug=smoke", "data=demo", "trainer.train_images=48"),
        ("debug=overfit", "data=demo"),
        ("debug=overfit", "data=demo", "aug=on", "experiment=distill", "teacher=one"),
        ("debug=null", "data=demo"),
    ],
)
def test_the_winner_keeps_what_the_command_took_out_and_all_its_experiments(tmp_path, given):
    study = study_of(trial(0.4, **{OVERRIDES: ["model=custom_cnn"]}))
    _, command = write_best(best_trial(study), study, tmp_path, [*given, "name=s"])
    _, typed = options_and_overrides(shlex.split(command)[3:])
    check_command("train", typed)
    written, asked = composed("train", typed), composed("train", [*given, "model=custom_cnn", "name=s_best"])
    assert OmegaConf.to_container(written) == OmegaConf.to_container(asked)


def test_a_sweep_around_the_winner_of_another_has_a_winner_of_its_own(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    found = study_of(trial(0.4, **{OVERRIDES: ["model=custom_cnn"]}), name="first")
    write_best(best_trial(found), found, first, ["data=demo", "trainer.epochs=7"])
    around = ["experiment=first_best", search_path([first])]
    check_name("second", around)
    better = study_of(trial(0.5, **{OVERRIDES: ["optimizer=sgd"]}), name="second")
    _, command = write_best(best_trial(better), better, second, around)
    _, typed = options_and_overrides(shlex.split(command)[3:])
    meant = ["model=custom_cnn", "data=demo", "trainer.epochs=7", "optimizer=sgd", "name=second_best"]
    assert OmegaConf.to_container(composed("train", typed)) == OmegaConf.to_container(composed("train", meant))
    with pytest.raises(ConfigError, match=r"name=first: .* experiment=first_best, and there is one"):
        check_name("first", ["experiment=[distill,first_best]"])


def test_values_keep_their_types():
    text = as_experiment(["+a.b=1e-5", "c=true", "d=null", "e='1'"])
    assert OmegaConf.to_container(OmegaConf.create(text)) == {
        "defaults": [], "a": {"b": 1e-5}, "c": True, "d": None, "e": "1",
    }  # fmt: skip


@pytest.mark.parametrize(("direction", "number"), [("maximize", 2), ("minimize", 1)])
def test_the_best_is_the_first_with_the_best_value_among_the_finished(direction, number):
    trials = [
        trial(None, state=TrialState.FAIL),
        trial(0.1),
        trial(0.5),
        trial(0.5),
        trial(0.9, state=TrialState.PRUNED),
    ]
    best = best_trial(study_of(*trials, directions=[direction]))
    assert best is not None
    assert best.number == number


def test_without_a_finished_trial_there_is_no_best():
    assert best_trial(study_of(trial(None, state=TrialState.FAIL))) is None


def test_the_page_shows_pictures_every_trial_and_why_trials_failed(tmp_path):
    trials = [trial(value, x, epochs=3) for value, x in ((0.4, 0.1), (0.6, 0.5), (0.5, 0.9))]
    study = study_of(*trials, trial(None, state=TrialState.FAIL, **{ERROR: "exit code 2\n<out of memory>"}))
    page = write_page(study, tmp_path, ["validation"]).read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "&lt;out of memory&gt;" in page
    assert overview(study) == ["4 trials: 3 complete, 1 fail.", "9 epochs trained."]
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert lines[0] == "trial,state,validation,epochs,run,x"
    assert lines[2] == "1,complete,0.6000,3,,0.5"
    assert len(lines) == 5


def test_the_page_says_why_a_trial_failed_that_was_interrupted_each_time(tmp_path):
    page = write_page(study_of(trial(None, state=TrialState.FAIL)), tmp_path, ["validation"]).read_text()
    assert "trial 0: interrupted; the same command runs it again, at most as often as retries says" in page


def test_a_trial_too_many_is_no_interrupted_attempt():
    study = study_of(trial(0.5, epochs=1), trial(None, state=TrialState.FAIL, **{SURPLUS: True}))
    assert overview(study) == [
        "1 trial: 1 complete.",
        "The study has besides: 1 trial that several machines began at once, not trained.",
        "1 epoch trained.",
    ]


def test_attempts_that_others_took_up_are_counted_apart():
    interrupted, again = trial(None, state=TrialState.FAIL), trial(0.5, epochs=2)
    again.system_attrs = {"failed_trial": 0, "retry_history": [0]}
    told = ["1 trial: 1 complete.", "The study has besides: 1 interrupted attempt, taken up by others."]
    assert overview(study_of(interrupted, again))[:2] == told


SEARCHED_RANGES = {
    "wide": FloatDistribution(1e-5, 1, log=True),
    "narrow": FloatDistribution(0.003, 0.004, log=True),
    "batch": IntDistribution(16, 1024, log=True),
    "layers": IntDistribution(1, 3),
    "nesterov": CategoricalDistribution([True, False]),
}


def numbers_of(axes: Axes) -> list[str]:
    axes.get_figure(root=True).draw_without_rendering()
    low, high = axes.get_xlim()
    ticks = [*axes.xaxis.get_major_ticks(), *axes.xaxis.get_minor_ticks()]
    return [text for tick in ticks if low <= tick.get_loc() <= high and (text := tick.label1.get_text())]


def test_logarithmic_axes_have_numbers_however_narrow_they_are_and_nothing_is_counted_in_fractions():
    values = [(1e-4, 0.0031, 20, 1, True), (1e-3, 0.0039, 900, 2, False)]
    made = [
        create_trial(
            value=0.1 * number,
            params=dict(zip(SEARCHED_RANGES, one, strict=True)),
            distributions=SEARCHED_RANGES,
            intermediate_values={0: 0.1, 1: 0.2},
        )
        for number, one in enumerate(values)
    ]
    study = study_of(*made)
    shown = {axes.get_title(): numbers_of(axes) for axes in pictures.slices_figure(study, "validation").axes[:5]}
    assert shown == {
        "wide": ["1e-05", "0.0032", "1"],
        "narrow": ["0.003", "0.0035", "0.004"],
        "batch": ["16", "128", "1024"],
        "layers": ["1", "2"],
        "nesterov": ["True", "False"],
    }
    assert numbers_of(pictures.history_figure(study, "validation").axes[0]) == ["0", "1"]
    assert numbers_of(pictures.curves_figure(study, "validation").axes[0]) == ["1", "2"]


def test_several_objectives_are_shown_as_a_pareto_front(tmp_path):
    values = ([0.5, 3.0, 9.0], [0.6, 5.0, 8.0], [0.4, 4.0, 7.0], [0.4, 4.0, 9.0])
    for number in (2, 3):
        front = [_with_a_parameter(at, one[:number]) for at, one in enumerate(values)]
        study = study_of(*front, directions=("maximize", "minimize", "minimize")[:number])
        objectives = ["validation", "latency_ms", "parameters"][:number]
        page = write_page(study, tmp_path, objectives).read_text()
        assert all(f">Pareto front: validation and {name}</h2>" in page for name in objectives[1:])
        for name in objectives:
            assert all(f"{what} of {name}" in page for what in ("History", "Importance", "Slices"))
        assert page.count("data:image/png;base64,") == number - 1 + 3 * number


def test_the_best_so_far_of_an_objective_that_is_to_be_small_falls() -> None:
    trials = [_with_a_parameter(at, [0.5, latency]) for at, latency in enumerate((4.0, 5.0, 3.0))]
    figure = pictures.history_figure(study_of(*trials, directions=("maximize", "minimize")), "latency_ms", 1)
    (line,) = figure.axes[0].lines
    assert line.get_ydata().tolist() == [4.0, 4.0, 3.0]


def _with_a_parameter(at: int, values: list[float]) -> FrozenTrial:
    return create_trial(values=values, params={"x": at / 10}, distributions={"x": FloatDistribution(0.0, 1.0)})


def test_trainings_that_were_judged_once_have_no_learning_curves(tmp_path):
    page = write_page(study_of(trial(3.0), trial(4.0), directions=("minimize",)), tmp_path, ["latency_ms"]).read_text()
    assert "Slices" in page
    assert "Learning curves" not in page


def test_a_study_of_nothing_has_a_page_too(tmp_path: Path):
    assert "0 trials" in write_page(study_of(), tmp_path, ["validation"]).read_text()
