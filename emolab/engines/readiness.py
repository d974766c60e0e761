"""What a run needs before its engines are built: data that can judge them, and a temperature."""

from collections.abc import Sequence

from emolab.data.prepared import PreparedData
from emolab.errors import DataError
from emolab.evaluation.calibration import fit_temperature
from emolab.runs import RunRecord
from emolab.runs.fits import check_fits
from emolab.runs.judge import Judge, classifier
from emolab.runs.network import load_network
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


def temperature_of(
    record: RunRecord,
    prepared: PreparedData,
    trusted_modules: Sequence[str] = (),
    batch_size: int = 128,
) -> float:
    """Return the run's temperature; a run that was never evaluated gets it now, from its own validation images.

    From other data's it is fitted for these engines alone: the run, its report and the viewer keep none.

    Args:
        record: the run.
        prepared: whose validation images it's fitted on.
        trusted_modules: modules of the user's own that the run may name.
        batch_size: images at a time.
    """
    known = record.fields["temperature"]
    if known is not None:
        return float(known)
    network = load_network(record, trusted_modules)
    judge = Judge(classifier(network), prepared, record.classes, batch_size)
    temperature = fit_temperature(judge.predict(judge.rows("validation")))
    if learned_from(record, prepared):
        record.update(temperature=temperature)
    else:
        print(f"note: the run has no temperature yet, and these engines get that of {prepared.name}: evaluate it first")
    return temperature
