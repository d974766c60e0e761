"""The runs of a comparison: which they are, and all that is known of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from emolab.config.saved import settings_of
from emolab.engines.gates import fastest
from emolab.engines.manifest import problem_with_run
from emolab.engines.schema import JudgedEngine
from emolab.engines.selection import engines_of
from emolab.errors import RunError
from emolab.evaluation.bootstrap import intervals
from emolab.evaluation.calibration import calibrated
from emolab.evaluation.curve import curve
from emolab.evaluation.interval import Interval
from emolab.evaluation.metrics import (
    accuracy,
    calibration_error_if_calibrated,
    expected_calibration_error,
    macro_f1,
)
from emolab.evaluation.predictions import Predictions, averaged, load_predictions, same_images
from emolab.evaluation.report import MIRRORED, PREDICTIONS
from emolab.flat import flat, is_within
from emolab.runs import RunRecord, check_distinct, list_runs, resolve
from emolab.runs.layout import REPORT
from emolab.runs.sameness import changes_nothing
from emolab.runs.select import matching

_NAMES_AND_SWEEPS = ("name", "callbacks.supervised")  # which differ from run to run, and change nothing of it either


@dataclass(frozen=True)
class ComparedRun:
    """A run with its report.

    Attributes:
        record: the run.
        split: which images it is judged on.
        resamples: of the bootstrap.
        flip: it is judged by the average with the mirror images.
    """

    record: RunRecord
    split: str
    resamples: int
    flip: bool = False

    @cached_property
    def predictions(self) -> Predictions | None:
        """What it said about the split's images, calibrated; None where it wasn't evaluated.

        With `flip` it is the mean of that and of what it said about their mirror images.
        """
        plain = self._calibrated(PREDICTIONS)
        if plain is None or not self.flip:
            return plain
        mirrored = self._calibrated(MIRRORED)
        return None if mirrored is None else averaged([plain, mirrored])

    def _calibrated(self, file: str) -> Predictions | None:
        found = predictions_in(self.record, self.split, file)
        return None if found is None else calibrated(found, self.record.temperatures)

    @cached_property
    def quality(self) -> "Quality | None":
        """How good it is; None where it wasn't evaluated."""
        if self.predictions is None:
            return None
        return quality_of(self.predictions, self.resamples)

    @cached_property
    def choices(self) -> dict[str, str]:
        """Group -> choice, such as "aug" -> "on"."""
        return {group: choice for group, choice in self.record.facts.choices.items() if _is_setting(group)}

    @cached_property
    def settings(self) -> dict[str, str]:
        """Dotted key -> value as text, of all that can change a result."""
        known = {key: value for key, value in flat(settings_of(self.record)).items() if _is_setting(key)}
        return {key: "null" if value is None else str(value) for key, value in known.items() if value != {}}

    @cached_property
    def curve(self) -> list[tuple[int, float]]:
        """Epoch (from 1) and monitored value."""
        return curve(self.record.read_metrics(), self.record.facts.monitor.name)

    @cached_property
    def engine(self) -> JudgedEngine | None:
        """Its fastest engine that passed all gates and is of the run as it is, or None."""
        return fastest(facts for facts in engines_of(self.record) if problem_with_run(facts, self.record) is None)


def predictions_in(record: RunRecord, split: str, file: str = PREDICTIONS) -> Predictions | None:
    """Return what a run's report has of a split's images, or of their mirror images; None where it has nothing.

    Raises:
        RunError: if the file can't be read, or is of other classes than the run.
    """
    path = record.folder / REPORT / file
    found = load_predictions(path).get(split) if path.is_file() else None
    if found is not None and set(found.classes) != set(record.classes):
        said = ", ".join(found.classes)
        raise RunError(f"{path} has {said}, expected the run's classes, {', '.join(record.classes)}")
    return found


@dataclass(frozen=True)
class Quality:
    """How good predictions are.

    The calibration error has no interval: resampling adds to its bias each time, so that it might hold neither the
    truth nor the value.

    Attributes:
        accuracy: 0 to 1.
        macro_f1: 0 to 1.
        ece: expected calibration error, 0 to 1.
        ece_if_calibrated: what it would be on so many images if all confidences were exact.
    """

    accuracy: Interval
    macro_f1: Interval
    ece: float
    ece_if_calibrated: float


def quality_of(predictions: Predictions, resamples: int) -> Quality:
    """Return how good predictions are, which are calibrated already."""
    probabilities = predictions.probabilities()
    return Quality(
        **intervals(predictions, {"accuracy": accuracy, "macro_f1": macro_f1}, resamples),
        ece=expected_calibration_error(probabilities, predictions.targets),
        ece_if_calibrated=calibration_error_if_calibrated(probabilities),
    )


def ensemble_of(runs: Sequence[ComparedRun]) -> Predictions:
    """Return the mean of all runs' calibrated probabilities.

    Raises:
        RunError: if a run wasn't evaluated, or not on the same images as the others; the message names it.
    """
    judged = [run.predictions for run in runs if run.predictions is not None]
    for run in runs:
        if run.predictions is None or not same_images(judged[0], run.predictions):
            with_flip = ", with flip=true" if run.flip else ""
            raise RunError(
                f"{run.record.id} has no predictions of the {run.split} images that the others were judged on, and an "
                f"ensemble needs all evaluated on the same images{with_flip}: see runs, where and split"
            )
    return averaged(judged)


def chosen_runs(
    root: Path, runs: Sequence[str], where: Mapping[str, Any], since: str | None, until: str | None
) -> list[RunRecord]:
    """Return the runs to compare, oldest first.

    Args:
        root: folder of all runs.
        runs: ids or folders; where there are none, all finished runs that fit the rest.
        where: fields of `run.json`.
        since: first day, such as "2026-11-24".
        until: first day that no longer counts.

    Raises:
        RunError: if there are fewer than two, or two of `runs` mean the same one.
    """
    if runs:
        found = [resolve(run, root)[0] for run in runs]
        check_distinct("runs", runs, found)
    else:
        finished = [run for run in matching(list_runs(root), where) if run.status == "finished"]
        found = [run for run in finished if (since or "") <= run.facts.started < (until or "~")]
    if len(found) < 2:
        raise RunError(f"{len(found)} runs in {root} fit, a comparison needs two: see where, since, until and runs")
    return found


def _is_setting(key: str) -> bool:
    return not changes_nothing(key) and not is_within(key, _NAMES_AND_SWEEPS)
