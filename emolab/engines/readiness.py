"""What a run needs before its engines are built: data that can judge them, and temperatures."""

from typing import Any

from emolab.data.prepared import PreparedData
from emolab.errors import DataError
from emolab.evaluation.calibration import Temperatures
from emolab.judging.calibration import calibration_of, keep_calibration
from emolab.judging.fits import check_fits
from emolab.judging.judge import Judge, classifier
from emolab.runs import RunRecord
from emolab.runs.sameness import learned_from


def check_judges(record: RunRecord, prepared: PreparedData) -> None:
    """Refuse data that can't judge the run's engines, and say where others than the run's own do.

    Args:
        record: the run.
        prepared: the data.

    Raises:
        DataError: if classes or size aren't the run's, or there are no validation images.
    """
    check_fits(record, prepared)
    if not len(prepared.rows("validation")):
        raise DataError(
            f"{prepared.folder} has no validation images, and engines are judged on these: set data.split.validation"
        )
    if not learned_from(record, prepared):
        print(f"note: the engines are judged on {prepared.name}, not on the data that the run was trained on")


def temperatures_of(record: RunRecord, prepared: PreparedData, network: Any, batch_size: int = 128) -> Temperatures:
    """Return the run's temperatures; a run that was never evaluated gets them now, from its own validation images.

    From other data's they are fitted for these engines alone: the run, its report and the viewer keep none.

    Args:
        record: the run.
        prepared: whose validation images they are fitted on.
        network: the run's.
        batch_size: images at a time.
    """
    if record.facts.temperatures is not None:
        return record.temperatures
    judge = Judge(classifier(network), prepared, record.classes, batch_size)
    fitted = calibration_of(record, prepared, {"validation": judge.predict(judge.rows("validation"))})
    keep_calibration(record, prepared, fitted.temperatures, fitted.uncertain_below)
    if not learned_from(record, prepared):
        print(
            f"note: the run has no temperatures yet, and these engines get those of {prepared.name}: evaluate it first"
        )
    return fitted.temperatures
