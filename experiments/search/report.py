"""What a sweep found, as one page: pictures of importance, history and slices, and a table of its trials."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from emolab import files, tables
from emolab.evaluation.plots import png
from experiments.page import Section, TableOf, render
from experiments.search import pictures
from experiments.search.study import ERROR, SURPLUS, counted

PAGE, TABLE = "index.html", "trials.csv"
_INTERRUPTED = "interrupted; the same command runs it again, at most as often as retries says"


def write_page(study: optuna.Study, folder: Path, objectives: Sequence[str]) -> Path:
    """Write `index.html` and `trials.csv`; return the page's path."""
    table = trials_table(study, objectives)
    sections = [
        Section("Overview", "", lines=overview(study)),
        *_pictures(study, objectives),
        Section("Trials", "Every trial of the study, in the order in which they began.", table),
        *_failures(study),
    ]
    files.write_text(folder / TABLE, tables.csv_text(table.headings, table.rows))
    files.write_text(folder / PAGE, render(f"Sweep {study.study_name}", sections))
    return folder / PAGE


def overview(study: optuna.Study) -> list[str]:
    """Return sentences that account for every trial, and for the epochs spent."""
    trials = counted(study)
    states = {state: sum(trial.state == state for trial in trials) for state in TrialState}
    told = ", ".join(f"{number} {state.name.lower()}" for state, number in states.items() if number)
    surplus = sum(SURPLUS in trial.user_attrs for trial in study.trials)
    again = len(study.trials) - len(trials) - surplus
    epochs = sum(trial.user_attrs.get("epochs", 0) for trial in trials)
    others = [
        *([f"{_number_of(again, 'interrupted attempt')}, taken up by others"] if again else []),
        *([f"{_number_of(surplus, 'trial')} that several machines began at once, not trained"] if surplus else []),
    ]
    return [
        f"{_number_of(len(trials), 'trial')}{f': {told}' if told else ''}.",
        *([f"The study has besides: {'; '.join(others)}."] if others else []),
        f"{_number_of(epochs, 'epoch')} trained.",
    ]


def _number_of(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


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
    failed = [trial for trial in counted(study) if trial.state == TrialState.FAIL]
    lines = [f"trial {trial.number}: {trial.user_attrs.get(ERROR, _INTERRUPTED)}" for trial in failed]
    return [Section("Failures", "The last lines of each failed trial's log.", lines=lines)] if failed else []


def _pictures(study: optuna.Study, objectives: Sequence[str]) -> list[Section]:
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len(complete) < 2:
        return []
    return [
        *(_front(study, objectives, other) for other in range(1, len(objectives))),
        *(part for number, name in enumerate(objectives) for part in _of_objective(study, complete, number, name)),
        *_curves(study, objectives),
    ]


def _front(study: optuna.Study, objectives: Sequence[str], other: int) -> Section:
    heading = f"Pareto front: {objectives[0]} and {objectives[other]}"
    picture = png(pictures.pareto_figure(study, objectives, other))
    return Section(heading, "No other trial beats these in every objective.", png=picture)


def _of_objective(study: optuna.Study, complete: Sequence[FrozenTrial], number: int, name: str) -> list[Section]:
    of = f" of {name}" if len(study.directions) > 1 else ""
    history, slices = pictures.history_figure(study, name, number), pictures.slices_figure(study, name, number)
    return [
        Section(f"History{of}", "Each trial, and the best so far.", png=png(history)),
        *_importance(study, complete, number, of),
        Section(f"Slices{of}", "Finished trials against each parameter.", png=png(slices)),
    ]


def _curves(study: optuna.Study, objectives: Sequence[str]) -> list[Section]:
    """Only of validations is there more than one number a training, and only where there is one objective."""
    if list(objectives) != ["validation"]:
        return []
    name = objectives[0]
    return [Section("Learning curves", "Pruned trials end early.", png=png(pictures.curves_figure(study, name)))]


def _importance(study: optuna.Study, complete: Sequence[FrozenTrial], number: int, of: str) -> list[Section]:
    """Importance is only defined where values differ."""
    if len({trial.values[number] for trial in complete}) < 2:
        return []
    sign = -1 if study.directions[number] == StudyDirection.MAXIMIZE else 1  # for PED-ANOVA less is better
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few trials say little, as anybody sees on the page
        importances = optuna.importance.get_param_importances(study, target=lambda trial: sign * trial.values[number])
    text = "How much each parameter matters for being among the best trials (PED-ANOVA, Watanabe et al. 2023)."
    return [Section(f"Importance{of}", text, png=png(pictures.importance_figure(importances)))]
