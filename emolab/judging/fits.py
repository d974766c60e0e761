"""Whether a run can be judged on a data set: their classes, and the size of the faces."""

from collections.abc import Iterable

from emolab.data.prepared import PreparedData
from emolab.errors import DataError
from emolab.runs.record import RunRecord


def shared_with(record: RunRecord, prepared: PreparedData) -> tuple[str, ...]:
    """Return the classes that the run and the data both have, sorted by code point, as the data's are."""
    return tuple(name for name in prepared.classes if name in record.classes)


def check_fits(record: RunRecord, prepared: PreparedData, shared_classes: bool = False) -> None:
    """Refuse data whose classes or size the run can't be judged on.

    Args:
        record: the run.
        prepared: the data.
        shared_classes: two classes that both have are enough; else all must be the same.

    Raises:
        DataError: naming the classes that both have, and those that only one of them has.
    """
    shared = shared_with(record, prepared)
    fits = len(shared) >= 2 if shared_classes else set(record.classes) == set(prepared.classes)
    if not fits:
        raise DataError(
            f"the classes differ. Both have: {_listed(shared)}; only the run {record.id}: "
            f"{_listed(name for name in record.classes if name not in shared)}; only {prepared.name}: "
            f"{_listed(name for name in prepared.classes if name not in shared)}. "
            "shared_classes=true judges those that both have, where there are two or more"
        )
    check_size(record, prepared.image_size, str(prepared.folder))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def check_size(record: RunRecord, image_size: int, data: str) -> None:
    """Refuse faces of another size than the run's.

    Args:
        record: the run.
        image_size: side of the data's faces in pixels.
        data: what the message calls the data.

    Raises:
        DataError: naming the key to set.
    """
    size = record.facts.image_size
    if size != image_size:
        raise DataError(
            f"the run {record.id} takes faces of {size} pixels, {data} has {image_size}: set data.image_size={size}"
        )
