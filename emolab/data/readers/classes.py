"""Which classes the labels of photographs in folders mean: one for each emotion that there are photographs of."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from emolab.data.image import is_photograph
from emolab.data.records import QUARANTINED, USABLE, Reading, Record

NO_PHOTOGRAPH = "its class has no photograph that can be used"


def classify(records: Sequence[Record], classes: Collection[str] | None = None) -> Reading:
    """Return the classes that the records' labels mean, and the records under them.

    Labels that differ only by capitals are one class, in its commonest spelling among the training photographs. A class
    without a photograph is none, and its records are quarantined; unless that goes for all of them. Both is warned of.

    Args:
        records: the photographs.
        classes: the labels that may be classes; `None`: all.
    """
    records, warnings = _joined(records)
    known = None if classes is None else {name.casefold() for name in classes}
    labels = {record.label for record in records if record.label}
    wanted = {label for label in labels if known is None or label.casefold() in known}
    empty = _without_photograph(records, wanted)
    if empty and empty != wanted:
        warnings += [_no_class(name, records) for name in sorted(empty)]
        records = [_set_aside(record) if record.label in empty else record for record in records]
        wanted -= empty
    return Reading(tuple(sorted(wanted)), records, tuple(warnings))


def _joined(records: Sequence[Record]) -> tuple[Sequence[Record], list[str]]:
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        if record.label:
            trains = record.split in ("", "train")
            spellings[record.label.casefold()][record.label] += len(records) if trains else 1  # these decide first
    several = [counts for counts in spellings.values() if len(counts) > 1]
    chosen = {name: min(counts, key=lambda name: (-counts[name], name)) for counts in several for name in counts}
    warnings = [
        f"{', '.join(sorted(counts))} differ only by capitals: they are one class, {chosen[min(counts)]}"
        for counts in several
    ]
    if not chosen:
        return records, []
    return [replace(record, label=chosen.get(record.label, record.label)) for record in records], sorted(warnings)


def _without_photograph(records: Sequence[Record], wanted: Collection[str]) -> set[str]:
    """The classes of which no file looks like a photograph; few are opened, as most classes begin with one."""
    empty = set(wanted)
    for record in records:
        if record.label in empty and record.status == USABLE and record.path is not None and is_photograph(record.path):
            empty.discard(record.label)
    return empty


def _no_class(name: str, records: Sequence[Record]) -> str:
    sources = [record.source for record in records if record.label == name]
    return f"{name} is no class: none of its files ({len(sources)}) is a photograph, such as {sources[0]}"


def _set_aside(record: Record) -> Record:
    return replace(record, status=QUARANTINED, reason=NO_PHOTOGRAPH) if record.status == USABLE else record
