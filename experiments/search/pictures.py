"""The pictures of a study, drawn as those of a run's report are: nothing global is touched."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from emolab.evaluation.plots import BLUE, GREY, ORANGE

_COLUMNS = 4


def history_figure(study: optuna.Study, name: str, number: int = 0) -> Figure:
    """Draw the value of each finished trial, that of pruned ones in grey, and the best so far.

    Args:
        study: the study.
        name: of the objective, as the axis says it.
        number: of the objective, from 0.
    """
    figure = Figure(figsize=(9.0, 3.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.values]
    for state, colour in ((TrialState.PRUNED, GREY), (TrialState.COMPLETE, BLUE)):
        points = [(trial.number, trial.values[number]) for trial in trials if trial.state == state]
        if points:
            axes.scatter(
                [one[0] for one in points], [one[1] for one in points], s=18, color=colour, label=state.name.lower()
            )
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    better = np.maximum if study.directions[number] == StudyDirection.MAXIMIZE else np.minimum
    best = better.accumulate(np.array([trial.values[number] for trial in complete]))
    axes.step([trial.number for trial in complete], best, where="post", color=ORANGE, label="best so far")
    axes.set(xlabel="trial", ylabel=name)
    _whole_numbers(axes)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return figure


def importance_figure(importances: Mapping[str, float]) -> Figure:
    """Draw how much each parameter matters for being among the best trials, 0 to 1, the most important on top."""
    figure = Figure(figsize=(9.0, 0.8 + 0.32 * len(importances)), dpi=110, layout="constrained")
    axes = figure.subplots()
    names = sorted(importances, key=lambda name: importances[name])
    bars = axes.barh(names, [importances[name] for name in names], color=BLUE)
    axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    axes.set(xlim=(0, 1), xlabel="importance")
    return figure


def slices_figure(study: optuna.Study, name: str, number: int = 0) -> Figure:
    """Draw the value of each finished trial against each of its parameters; logarithmic where the range is.

    Arguments are those of `history_figure`.
    """
    trials = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    parameters = sorted({parameter for trial in trials for parameter in trial.params})
    rows = -(-len(parameters) // _COLUMNS)
    figure = Figure(figsize=(11.0, 2.6 * rows), dpi=110, layout="constrained")
    grid = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True)
    for axes in grid.ravel()[len(parameters) :]:
        axes.axis("off")
    for axes, parameter in zip(grid.ravel(), parameters, strict=False):
        _slice(axes, parameter, [trial for trial in trials if parameter in trial.params], number)
    for axes in grid[:, 0]:
        axes.set_ylabel(name)
    return figure


def curves_figure(study: optuna.Study, name: str) -> Figure:
    """Draw every validation of every trial; finished ones in blue, pruned ones in grey, the best one on top."""
    figure = Figure(figsize=(9.0, 3.8), dpi=110, layout="constrained")
    axes = figure.subplots()
    colours = {TrialState.COMPLETE: BLUE, TrialState.PRUNED: GREY}
    for trial in study.get_trials(deepcopy=False, states=list(colours)):
        _curve(axes, trial, colours[trial.state], alpha=0.5)
    _curve(axes, study.best_trial, ORANGE, linewidth=2.0, label=f"best: trial {study.best_trial.number}")
    axes.set(xlabel="epoch", ylabel=name)
    _whole_numbers(axes)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return figure


def pareto_figure(study: optuna.Study, objectives: Sequence[str], other: int = 1) -> Figure:
    """Draw the first objective of each trial and the one numbered `other`, the front that no trial beats in all.

    It is joined where there are no further objectives: of three it's a surface, and no line.
    """
    figure = Figure(figsize=(8.0, 4.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    trials = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    axes.scatter(
        [one.values[0] for one in trials], [one.values[other] for one in trials], s=18, color=GREY, label="trials"
    )
    front = sorted((trial.values[0], trial.values[other], trial.number) for trial in study.best_trials)
    line = "o-" if len(objectives) == 2 else "o"
    axes.plot([one[0] for one in front], [one[1] for one in front], line, color=ORANGE, label="Pareto front")
    for first, second, number in front:
        axes.annotate(str(number), (first, second), xytext=(4, 4), textcoords="offset points", fontsize=8)
    axes.set(xlabel=objectives[0], ylabel=objectives[other])
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return figure


def _slice(axes: Axes, parameter: str, trials: Sequence[FrozenTrial], number: int) -> None:
    values: list[Any] = [trial.params[parameter] for trial in trials]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    shown = values if numbers else [str(value) for value in values]
    axes.scatter(shown, [trial.values[number] for trial in trials], s=14, color=BLUE)
    searched: Any = trials[0].distributions[parameter]
    if getattr(searched, "log", False):
        _logarithmic(axes, searched.low, searched.high)
    elif isinstance(searched, IntDistribution):
        _whole_numbers(axes)
    axes.set_title(parameter, fontsize=9)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(alpha=0.3)


def _logarithmic(axes: Axes, low: float, high: float) -> None:
    """Show the whole range with three numbers: powers of ten are too few in a narrow one, too many in a wide one."""
    ticks = np.geomspace(low, high, 3)
    axes.set_xscale("log")
    axes.set_xlim(low * (low / high) ** 0.05, high * (high / low) ** 0.05)
    axes.set_xticks(ticks, [f"{tick:.0f}" if tick >= 100 else f"{tick:.2g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _whole_numbers(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _curve(axes: Axes, trial: FrozenTrial, colour: str, **style: Any) -> None:
    points = [(epoch + 1, value) for epoch, value in sorted(trial.intermediate_values.items())]
    if points:
        axes.plot(*zip(*points, strict=True), ".-", color=colour, **style)
