"""What makes a run's confidences true: fitted on its own validation images, and kept in its `run.json`."""

from collections.abc import Mapping
from dataclasses import dataclass

from emolab.data.prepared import PreparedData
from emolab.errors import RunError
from emolab.evaluation.calibration import HIGHEST, LOWEST, fit_temperature
from emolab.evaluation.coverage import uncertain_below
from emolab.evaluation.predictions import Predictions
from emolab.runs.record import RunRecord
from emolab.runs.sameness import learned_from


@dataclass(frozen=True)
class Calibration:
    """How a run's confidences are read.

    Attributes:
        temperature: what the logits are divided by.
        uncertain_below: calibrated confidence below which a face is better left unnamed, 0 to 1.
        fitted_on: what both were fitted on, such as "the validation images of fer2013".
        doubts: what a reader must know of that; most often nothing.
    """

    temperature: float
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
    fields, own = record.fields, learned_from(record, prepared)
    known, threshold = fields["temperature"], fields["uncertain_below"]
    if not (own or known is None or threshold is None):
        return Calibration(float(known), float(threshold), f"the run's own data, {fields['data']['name']}")
    split, predictions = next(iter(plain.items()))
    temperature = fit_temperature(predictions)
    fitted_on = f"the {split} images of {prepared.name}"
    return Calibration(
        temperature,
        uncertain_below(predictions, temperature),
        fitted_on,
        (*_doubts(own, split, fitted_on), *_at_an_end(temperature)),
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
            f"{record.id} can't be evaluated on its own data now, which fits its temperature: {error}"
        ) from error


def keep_calibration(record: RunRecord, prepared: PreparedData, temperature: float, uncertain_below: float) -> None:
    """Keep what was fitted on the run's own data in its `run.json`, where viewer and engines take it from.

    Args:
        record: the run.
        prepared: the data that both were fitted on; of others nothing is kept.
        temperature: what the logits are divided by.
        uncertain_below: calibrated confidence below which a face is better left unnamed, 0 to 1.

    Raises:
        RunError: if another process is training the run, or its folder can't be written.
    """
    if learned_from(record, prepared):
        record.update(temperature=temperature, uncertain_below=uncertain_below)


def _doubts(own: bool, split: str, fitted_on: str) -> tuple[str, ...]:
    fitted = f"the temperature was fitted on {fitted_on}"
    if not own:
        return (f"{fitted}: evaluate the run on its own data first, or the ECE here flatters it",)
    if split != "validation":
        return (f"{fitted}, for want of validation images: the ECE flatters the run",)
    return ()


def _at_an_end(temperature: float) -> tuple[str, ...]:
    if LOWEST * 1.01 < temperature < HIGHEST / 1.01:
        return ()
    why = "hardly an image is named wrong" if temperature < 1 else "its confidences say nothing of what is right"
    return (f"the temperature, {temperature:.3g}, is at an end of what is searched, {LOWEST:g} to {HIGHEST:g}: {why}",)
