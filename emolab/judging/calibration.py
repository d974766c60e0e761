"""What makes a run's confidences true: fitted on its own validation images, and kept in its `run.json`."""

from collections.abc import Mapping
from dataclasses import dataclass

from emolab.data.prepared import PreparedData
from emolab.errors import RunError
from emolab.evaluation.calibration import HIGHEST, LOWEST, Temperatures, calibrated, fit_temperatures
from emolab.evaluation.coverage import uncertain_below
from emolab.evaluation.predictions import Predictions
from emolab.runs.record import RunRecord
from emolab.runs.sameness import learned_from


@dataclass(frozen=True)
class Calibration:
    """How a run's confidences are read.

    Attributes:
        temperatures: of each class (`emolab.evaluation.calibration`).
        uncertain_below: calibrated confidence below which a face is better left unnamed, 0 to 1.
        fitted_on: what both were fitted on, such as "the validation images of fer2013".
        doubts: what a reader must know of that; most often nothing.
    """

    temperatures: Temperatures
    uncertain_below: float
    fitted_on: str
    doubts: tuple[str, ...] = ()


def calibration_of(record: RunRecord, prepared: PreparedData, plain: Mapping[str, Predictions]) -> Calibration:
    """Return what the run has, to judge other data with; else what fits its predictions here.

    Args:
        record: the run.
        prepared: the data that it is judged on.
        plain: its predictions of each split of them, validation first, where there is one: that is what is fitted on.
    """
    facts, own = record.facts, learned_from(record, prepared)
    if not (own or facts.temperatures is None or facts.uncertain_below is None):
        return Calibration(record.temperatures, facts.uncertain_below, f"the run's own data, {facts.data.name}")
    split, predictions = next(iter(plain.items()))
    temperatures = fit_temperatures(predictions)
    fitted_on = f"the {split} images of {prepared.name}"
    return Calibration(
        temperatures,
        uncertain_below(calibrated(predictions, temperatures)),
        fitted_on,
        (*_doubts(own, split, fitted_on), *_at_an_end(temperatures)),
    )


def check_free(record: RunRecord, prepared: PreparedData) -> None:
    """Refuse a run on its own data while another process writes it: `keep_calibration` would fail after minutes.

    Raises:
        RunError: saying so, or that its folder can't be written.
    """
    if not learned_from(record, prepared):
        return
    try:
        record.update()
    except RunError as error:
        raise RunError(
            f"{record.id} can't be evaluated on its own data now, which fits its temperatures: {error}"
        ) from error


def keep_calibration(
    record: RunRecord, prepared: PreparedData, temperatures: Temperatures, uncertain_below: float
) -> None:
    """Keep what was fitted on the run's own data in its `run.json`, where viewer and engines take it from.

    Args:
        record: the run.
        prepared: the data that both were fitted on; of others nothing is kept.
        temperatures: of each class (`emolab.evaluation.calibration`).
        uncertain_below: calibrated confidence below which a face is better left unnamed, 0 to 1.

    Raises:
        RunError: if another process is training the run, or its folder can't be written.
    """
    if learned_from(record, prepared) and set(temperatures) == set(record.classes):  # and not of shared classes alone
        record.calibrate(temperatures, uncertain_below)


def _doubts(own: bool, split: str, fitted_on: str) -> tuple[str, ...]:
    fitted = f"the temperatures were fitted on {fitted_on}"
    if not own:
        return (f"{fitted}: evaluate the run on its own data first, or the ECE here flatters it",)
    if split != "validation":
        return (f"{fitted}, for want of validation images: the ECE flatters the run",)
    return ()


def _at_an_end(temperatures: Temperatures) -> tuple[str, ...]:
    ends = [name for name, found in temperatures.items() if not LOWEST * 1.01 < found < HIGHEST / 1.01]
    if not ends:
        return ()
    found = temperatures[ends[0]]
    why = "hardly an image is named wrong" if found < 1 else "its confidences say nothing of what is right"
    told = f"the temperature of {ends[0]}, {found:.3g}, is at an end of what is searched, {LOWEST:g} to {HIGHEST:g}"
    return (f"{told}: {why}",)
