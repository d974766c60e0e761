"""Prepare: a data set on disk into arrays that open at once, made once and shared by all who ask."""

import glob
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from filelock import FileLock, Timeout

from emolab.data.assemble import Job, assemble
from emolab.data.crop import CROP_VERSION
from emolab.data.duplicates import DUPLICATES_VERSION
from emolab.data.image import READING_VERSION
from emolab.data.options import Options
from emolab.data.prepared import ACCOUNT, FORMAT, REPORT, PreparedData, folder_name
from emolab.data.records import Reader
from emolab.data.report import reminder, summary_text
from emolab.errors import DataError, printable
from emolab.files import UNFINISHED, clear_write_errors, make_folder, mark, write_folder
from emolab.processor import usable_cores


def prepare(
    reader: Reader, options: Options, cache: Path, workers: int | None = None, stream: TextIO | None = None
) -> PreparedData:
    """Return the prepared data set, building it the first time.

    Several processes may ask for the same one at once: one builds, the others wait. A build that was
    interrupted leaves nothing that looks whole, and the next one starts clean.

    Args:
        reader: Knows the layout of the data set.
        options: What to make of it.
        cache: Folder of the prepared data sets; made if missing.
        workers: Processes that open photographs; `None` means one a core.
        stream: Where progress, summary and, of data that were prepared before, its warnings go; `None` means
            standard error.

    Raises:
        DataError: if the data set as a whole can't be used, no photograph can, or the cache can't be written.
    """
    fingerprint = fingerprint_of(reader, options)
    folder = Path(cache) / folder_name(options.name, fingerprint)
    stream = stream or sys.stderr
    if (folder / ACCOUNT).is_file():
        prepared = PreparedData.open(folder)
        _remind(prepared, reader, stream)
        return prepared
    with clear_write_errors(f"paths.cache={cache}", "name another folder", DataError):
        assembled = _assemble_once(Job(reader, options, fingerprint, workers or usable_cores(), stream), folder)
    prepared = PreparedData.open(folder)
    if assembled:
        print(summary_text(prepared.account), file=stream, flush=True)
    return prepared


def fingerprint_of(reader: Reader, options: Options) -> str:
    """Return the SHA-256 of everything that decides the content: versions, data, options.

    Raises:
        DataError: if the data set can't be read.
    """
    versions = {
        "format": FORMAT,
        "reading": READING_VERSION,
        "crop": CROP_VERSION,
        "duplicates": DUPLICATES_VERSION,
    }
    try:
        parts = {**versions, "reader": reader.identity(), "options": asdict(options)}
    except OSError as error:
        raise DataError(f"the data set {options.name!r} can't be read: {error}") from error
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _remind(prepared: PreparedData, reader: Reader, stream: TextIO) -> None:
    """Repeat what a user should know who sees the data taken from the cache."""
    warned = reminder(prepared.account, prepared.folder / REPORT)
    for line in [*(f"note: {note}" for note in reader.notes()), *([warned] if warned else [])]:
        print(printable(line), file=stream, flush=True)


def _assemble_once(job: Job, folder: Path) -> bool:
    """Assemble the data, unless another process has done it by then; return whether this one did."""
    make_folder(folder.parent)
    with _locked(folder, job.stream):
        if (folder / ACCOUNT).is_file():
            return False
        for left in folder.parent.glob(f"{UNFINISHED}*-{glob.escape(folder.name)}"):
            shutil.rmtree(left, ignore_errors=True)  # of a build that was killed
        try:
            with write_folder(folder) as part:
                mark(part)  # the cache may be a folder of the user's own
                assemble(job, part)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("nothing is prepared yet; the same command begins again") from None
    return True


@contextmanager
def _locked(folder: Path, stream: TextIO) -> Iterator[None]:
    lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"waiting for another process that prepares {folder}", file=stream, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
