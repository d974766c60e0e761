"""What a sweep found, as one page: pictures of importance, history and slices, and a table of its trials."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization import matplotlib as pictures

from emolab import files
from emolab.evaluation.plots import png
from experiments.page import Section, TableOf, comma_separated, render
from experiments.search.study import counted
from experiments.search.worker import ERROR

PAGE, TABLE = "index.html", "trials.csv"


def write_page(study: optuna.Study, folder: Path, objectives: Sequence[str]) -> Path:
    """Write `index.html` and `trials.csv`; return the page's path."""
    table = trials_table(study, objectives)
    sections = [
        Section("Overview", "", lines=overview(study)),
        *_pictures(study, objectives),
        Section("Trials", "Every trial of the study, in the order in which they began.", table),
        *_failures(study),
    ]
    files.write_text(folder / TABLE, comma_separated(table))
    files.write_text(folder / PAGE, render(f"Sweep {study.study_name}", sections))
    return folder / PAGE


def overview(study: optuna.Study) -> list[str]:
    """Return sentences that account for every trial, and for the epochs spent."""
    trials = counted(study)
    states = {state: sum(trial.state == state for trial in trials) for state in TrialState}
    told = ", ".join(f"{number} {state.name.lower()}" for state, number in states.items() if number)
    again = len(study.trials) - len(trials)
    epochs = sum(trial.user_attrs.get("epochs", 0) for trial in trials)
    return [
        f"{len(trials)} trials: {told}. {again} more entries are interrupted attempts, taken up by others.",
        f"{epochs} epochs were trained.",
    ]


def trials_table(study: optuna.Study, objectives: Sequence[str]) -> TableOf:
    """Return a row a trial: number, state, objectives, epochs, parameters, run."""
    trials = study.get_trials(deepcopy=False)
    names = sorted({name for trial in trials for name in trial.params})
    headings = ["trial", "state", *objectives, "epochs", "run", *names]
    return TableOf(headings, [_row(trial, len(objectives), names) for trial in trials])


def _row(trial: FrozenTrial, objectives: int, names: Sequence[str]) -> list[str]:
    values = [f"{value:.4f}" for value in trial.values or ()] or [""] * objectives
    parameters = [_short(trial.params.get(name, "")) for name in names]
    attributes = [str(trial.user_attrs.get(name, "")) for name in ("epochs", "run")]
    return [str(trial.number), trial.state.name.lower(), *values, *attributes, *parameters]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _failures(study: optuna.Study) -> list[Section]:
    failed = [trial for trial in counted(study) if ERROR in trial.user_attrs]
    lines = [f"trial {trial.number}: {trial.user_attrs[ERROR]}" for trial in failed]
    return [Section("Failures", "The last lines of each failed trial's log.", lines=lines)] if failed else []


def _pictures(study: optuna.Study, objectives: Sequence[str]) -> list[Section]:
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len(complete) < 2:
        return []
    with warnings.catch_warnings():  # "experimental" since 2020; and few trials make poor pictures, as anybody sees
        warnings.simplefilter("ignore")
        mpl.use("agg")
        if len(objectives) > 1:
            front = "Trials that no other one beats in every objective are drawn apart."
            return [
                _drawn("Pareto front", front, lambda: pictures.plot_pareto_front(study, target_names=list(objectives)))
            ]
        name = objectives[0]
        return [
            _drawn(
                "History",
                f"{name} of each trial, and the best so far.",
                lambda: pictures.plot_optimization_history(study),
            ),
            *_importance(study),
            _drawn("Slices", f"{name} against each parameter.", lambda: pictures.plot_slice(study)),
            _drawn(
                "Learning curves",
                "Every validation; pruned trials end early.",
                lambda: pictures.plot_intermediate_values(study),
            ),
        ]


def _importance(study: optuna.Study) -> list[Section]:
    """Importance is only defined where values differ."""
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len({trial.values[0] for trial in complete}) < 2:
        return []
    text = "How much of the differences each parameter explains (PED-ANOVA, Watanabe et al. 2023)."
    return [_drawn("Importance", text, lambda: pictures.plot_param_importances(study))]


def _drawn(heading: str, text: str, draw: Callable[[], Any]) -> Section:
    from matplotlib import pyplot

    figure = np.ravel(draw())[0].get_figure()
    pyplot.close(figure)  # Optuna draws with pyplot, which would keep every figure
    return Section(heading, text, png=png(figure))
