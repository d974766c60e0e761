"""The steps of prepare, in one folder: read, convert, look for duplicates, split, write down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from emolab.data.convert import Outcome, convert
from emolab.data.duplicates import duplicate_clusters
from emolab.data.options import Options
from emolab.data.prepared import ACCOUNT, FORMAT, GROUP, IMAGES, INDEX, REPORT
from emolab.data.records import QUARANTINED, USABLE, Reader, Reading, Record
from emolab.data.report import write_report
from emolab.data.splits import assign_splits, groups_of
from emolab.data.storage import allocate, keep_rows
from emolab.data.table import add_targets, build_table, content_digest, summarise
from emolab.errors import DataError
from emolab.files import write_atomically, write_json
from emolab.progress import track


@dataclass(frozen=True, slots=True)
class Job:
    """What to prepare, and with what.

    Attributes:
        reader: Knows the layout of the data set.
        options: What to make of it.
        fingerprint: SHA-256 of everything that decides the content.
        workers: Processes that open photographs.
        stream: Where progress goes.
    """

    reader: Reader
    options: Options
    fingerprint: str
    workers: int
    stream: TextIO


def assemble(job: Job, folder: Path) -> None:
    """Write a whole prepared data set into the empty `folder`; `data.json` comes last.

    Rows follow the names of the photographs, so that the order of a listing changes nothing.

    Raises:
        DataError: if the data set as a whole, or every photograph of it, can't be used, or files that were there
            can't be read.
        OSError: if the folder can't be written.
    """
    reading = _read(job)
    records = [_checked(record, reading.classes) for record in sorted(reading.records, key=_place)]
    usable, outcomes, rest = _convert_all(records, folder / IMAGES, job)
    _refuse_if_none(usable, rest)
    images = np.load(folder / IMAGES, mmap_mode="r")
    table = add_targets(build_table(usable, outcomes, rest), reading, usable)
    hashes = np.array([(outcome.phash, outcome.mirrored_phash) for outcome in outcomes], np.uint64)
    table = _with_clusters_and_splits(table, images, hashes, usable, job.options)
    with write_atomically(folder / INDEX) as temporary:
        table.to_parquet(temporary, index=False)
    account = _account(job, reading, usable, table)
    write_report(folder / REPORT, account, table, images)
    write_json(folder / ACCOUNT, account)


def _read(job: Job) -> Reading:
    try:
        return job.reader.read()
    except OSError as error:
        raise DataError(f"the data set {job.options.name!r} can't be read: {error}") from error


def _place(record: Record) -> tuple[str, str]:
    return record.source, record.label


def _checked(record: Record, classes: Sequence[str]) -> Record:
    if record.status == USABLE and record.label not in classes:
        return replace(record, status=QUARANTINED, reason=f"label {record.label[:40]!r} isn't a class")
    return record


def _convert_all(records: Sequence[Record], images: Path, job: Job) -> tuple[list[Record], list[Outcome], list[Record]]:
    wanted = [record for record in records if record.status == USABLE]
    allocate(images, len(wanted), job.options.image_size)
    in_memory = all(record.pixels is not None for record in wanted)
    chunks = convert(wanted, images, job.options.limits, 1 if in_memory else job.workers)
    outcomes = list(track(chunks, len(wanted), f"preparing {job.options.name}", job.stream))
    _refuse_passing(wanted, outcomes)
    keep_rows(images, np.flatnonzero([not outcome.reason for outcome in outcomes]))
    pairs = list(zip(wanted, outcomes, strict=True))
    broken = [replace(record, status=QUARANTINED, reason=o.reason, pixels=None) for record, o in pairs if o.reason]
    rest = [record for record in records if record.status != USABLE] + broken
    good = [(record, outcome) for record, outcome in pairs if not outcome.reason]
    return [record for record, _ in good], [outcome for _, outcome in good], sorted(rest, key=_place)


def _refuse_passing(records: Sequence[Record], outcomes: Sequence[Outcome]) -> None:
    """What a drive, rights or memory brought about must not be kept as if the photographs were damaged."""
    failed = [f"{record.source}: {o.reason}" for record, o in zip(records, outcomes, strict=True) if o.passing]
    if failed:
        raise DataError(
            f"{len(failed)} of {len(records)} photographs are there and couldn't be read ({'; '.join(failed[:3])}). "
            "Is the drive still there, may you read them, is there enough memory? Then give the same command again"
        )


def _refuse_if_none(usable: Sequence[Record], rest: Sequence[Record]) -> None:
    """Tell what is wrong with the photographs, before what the labels rule out: an example of each reason."""
    if not usable:
        first = {record.reason: record.source for record in sorted(rest, key=_place, reverse=True)}
        reasons = Counter(record.reason for record in sorted(rest, key=lambda record: record.status != QUARANTINED))
        examples = [f"{count} x {reason}, such as {first[reason]}" for reason, count in reasons.items()]
        raise DataError(f"no photograph can be used: {'; '.join(examples[:3]) or 'there are none'}")


def _with_clusters_and_splits(
    table: pd.DataFrame, images: np.ndarray, hashes: np.ndarray, usable: Sequence[Record], options: Options
) -> pd.DataFrame:
    rows = table.iloc[: len(images)]
    digests, labels = rows["sha256"].to_numpy(object), rows["label"].to_numpy(object)
    clusters = duplicate_clusters(images, digests, hashes, options.near_duplicate_bits)
    fractions = {"validation": options.validation, "test": options.test}
    official = rows["split"].to_numpy(object)
    people = np.array([record.person for record in usable], object)
    groups = groups_of(clusters, people)
    splits = assign_splits(labels, clusters, groups, digests, official, fractions, options.split_seed)
    if any(people):
        table[GROUP] = -1
        table.loc[rows.index, GROUP] = groups
    table.loc[rows.index, "cluster"] = clusters
    table.loc[rows.index, "split"] = splits
    return table


def _account(job: Job, reading: Reading, usable: Sequence[Record], table: pd.DataFrame) -> dict[str, Any]:
    account = {
        "format": FORMAT,
        "name": job.options.name,
        "fingerprint": job.fingerprint,
        "classes": list(reading.classes),
        "image_size": job.options.image_size,
        "options": asdict(job.options),
        "official": sorted({record.split for record in usable} - {""}),
        "warnings": [*reading.warnings, *_parted(usable, table)],
        "notes": [*job.reader.notes(), *_flat(table)],
        **summarise(table, reading.classes),
    }
    return {**account, "content": content_digest(table, account)}


def _parted(usable: Sequence[Record], table: pd.DataFrame) -> list[str]:
    """Return a line, if the data's own splits part photographs of one person; those that are drawn never do."""
    people = pd.Series([record.person for record in usable], dtype=str)
    splits = table["split"].iloc[: len(usable)].groupby(people).nunique().drop("", errors="ignore")
    parted = list(splits.index[splits > 1])
    if not parted:
        return []
    told = f"{len(parted)} of {len(splits)} people are in more than one split, such as {', '.join(parted[:3])}"
    return [f"{told}: the data's own splits part them, and on people who are new to it a network may be worse"]


def _flat(table: pd.DataFrame) -> list[str]:
    """Return a line, if photographs show nothing: a perceptual hash of 0 says so."""
    sources = table.loc[(table["status"] == USABLE) & (table["phash"] == 0), "source"].tolist()
    told = "photographs of one colour, or nearly, show no face, and are used all the same until you remove them"
    return [f"{told}: {len(sources)}, such as {', '.join(sources[:3])}"] if sources else []
