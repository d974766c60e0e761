"""Prepare: a data set on disk into arrays that open at once."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock

from emolab.data.convert import Outcome, convert
from emolab.data.crop import CROP_VERSION
from emolab.data.duplicates import duplicate_clusters
from emolab.data.image import Limits
from emolab.data.prepared import ACCOUNT, FORMAT, IMAGES, INDEX, PreparedData
from emolab.data.progress import track
from emolab.data.records import QUARANTINED, USABLE, Reader, Reading, Record
from emolab.data.splits import assign_splits
from emolab.data.storage import allocate, keep_rows
from emolab.data.table import add_targets, build_table, content_digest, summarise
from emolab.errors import DataError
from emolab.files import write_json


@dataclass(frozen=True, slots=True)
class Options:
    """What decides the content of a prepared data set, besides the data itself.

    Attributes:
        name: Name of the data set; the prepared folder begins with it.
        image_size: Side of the prepared squares in pixels.
        limits: What a single file may cost.
        validation: Share of each class, 0 to 1, drawn for validation where there is no official one.
        test: Share of each class, 0 to 1, drawn for test where there is no official one.
        split_seed: Changes that draw.
        near_duplicate_bits: Hamming distance of perceptual hashes up to which images are compared as
            duplicates; `None` looks for exact ones only.
    """

    name: str
    image_size: int = 48
    limits: Limits = field(default_factory=Limits)
    validation: float = 0.1
    test: float = 0.1
    split_seed: int = 0
    near_duplicate_bits: int | None = 4


def prepare(reader: Reader, options: Options, cache: Path, workers: int | None = None) -> PreparedData:
    """Return the prepared data set, building it the first time.

    Several processes may ask for the same one at once: one builds, the others wait. A build that was
    interrupted leaves nothing that looks whole, and the next one starts clean.

    Args:
        reader: Knows the layout of the data set.
        options: What to make of it.
        cache: Folder of the prepared data sets; made if missing.
        workers: Processes that open photographs; `None` means one a core.

    Raises:
        DataError: if the data set as a whole can't be used, no photograph can, or the cache can't be written.
    """
    fingerprint = _fingerprint(reader, options)
    folder = Path(cache) / f"{options.name}-{fingerprint[:16]}"
    if not (folder / ACCOUNT).is_file():
        try:
            _build_once(reader, options, folder, fingerprint, workers or _cores())
        except OSError as error:
            raise DataError(
                f"paths.cache={cache}: can't be written ({error}); free space or name another"
            ) from error
    return PreparedData.open(folder)


def _fingerprint(reader: Reader, options: Options) -> str:
    parts = {"format": FORMAT, "crop": CROP_VERSION, "reader": reader.identity(), "options": asdict(options)}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _build_once(reader: Reader, options: Options, folder: Path, fingerprint: str, workers: int) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if (folder / ACCOUNT).is_file():
            return
        with _workplace(folder) as part:
            _build(reader, options, part, fingerprint, workers)


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `folder` when all went well; needs the lock of `folder`."""
    for leftover in folder.parent.glob(f".{folder.name}.part-*"):
        shutil.rmtree(leftover)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
    try:
        yield part
        part.chmod(0o755)
        os.rename(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _build(reader: Reader, options: Options, part: Path, fingerprint: str, workers: int) -> None:
    reading = reader.read()
    records = [
        _checked(r, reading.classes) for r in sorted(reading.records, key=lambda r: (r.source, r.label))
    ]
    usable, outcomes, rest = _convert_all(records, part / IMAGES, options, workers)
    _refuse_if_none(usable, rest)
    table = _table(reading, usable, outcomes, rest, part / IMAGES, options)
    table.to_parquet(part / INDEX, index=False)
    account = {
        "format": FORMAT,
        "name": options.name,
        "fingerprint": fingerprint,
        "classes": list(reading.classes),
        "image_size": options.image_size,
        "options": asdict(options),
        **summarise(table, reading.classes),
    }
    write_json(part / ACCOUNT, {**account, "content": content_digest(table, account)})


def _checked(record: Record, classes: Sequence[str]) -> Record:
    if record.status == USABLE and record.label not in classes:
        return replace(record, status=QUARANTINED, reason=f"label {record.label[:40]!r} isn't a class")
    return record


def _convert_all(
    records: Sequence[Record], images: Path, options: Options, workers: int
) -> tuple[list[Record], list[Outcome], list[Record]]:
    wanted = [record for record in records if record.status == USABLE]
    allocate(images, len(wanted), options.image_size)
    in_memory = all(record.pixels is not None for record in wanted)
    chunks = convert(wanted, images, options.limits, 1 if in_memory else workers)
    outcomes = list(track(chunks, len(wanted), f"preparing {options.name}"))
    keep_rows(images, np.flatnonzero([not outcome.reason for outcome in outcomes]))
    pairs = list(zip(wanted, outcomes, strict=True))
    broken = [replace(r, status=QUARANTINED, reason=o.reason, pixels=None) for r, o in pairs if o.reason]
    rest = [record for record in records if record.status != USABLE] + broken
    good = [(record, outcome) for record, outcome in pairs if not outcome.reason]
    return [r for r, _ in good], [o for _, o in good], sorted(rest, key=lambda r: (r.source, r.label))


def _refuse_if_none(usable: Sequence[Record], rest: Sequence[Record]) -> None:
    if not usable:
        examples = "; ".join(f"{record.source}: {record.reason}" for record in rest[:3])
        raise DataError(f"none of {len(rest)} photographs can be used ({examples or 'there are none'})")


def _table(
    reading: Reading,
    usable: Sequence[Record],
    outcomes: Sequence[Outcome],
    rest: Sequence[Record],
    images: Path,
    options: Options,
) -> pd.DataFrame:
    table = add_targets(build_table(usable, outcomes, rest), reading, usable)
    rows = table.iloc[: len(usable)]
    digests, labels = rows["sha256"].to_numpy(object), rows["label"].to_numpy(object)
    array = np.load(images, mmap_mode="r")
    clusters = duplicate_clusters(array, digests, rows["phash"].to_numpy(), options.near_duplicate_bits)
    fractions = {"validation": options.validation, "test": options.test}
    splits = assign_splits(
        labels, clusters, digests, rows["split"].to_numpy(object), fractions, options.split_seed
    )
    table.loc[rows.index, "cluster"] = clusters
    table.loc[rows.index, "split"] = splits
    return table
