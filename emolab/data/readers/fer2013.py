"""FER2013 in its published form: one CSV of 48x48 grey faces (Goodfellow et al. 2013, arXiv:1307.0414)."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from emolab.data.csv_file import bounded_lines, first_bytes, found_columns
from emolab.data.records import QUARANTINED, Reading, Record
from emolab.errors import DataError
from emolab.files import sha256_of

SIDE = 48
LONGEST_ROW = 64 * 2**10  # characters; a face has at most 9,300. Compressed, endless lines and rows would fit in little
MOST_ROWS = 1_000_000
# The published code of each class, named as in the Kaggle competition, so that data sets share classes.
LABELS = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGE_SPLIT = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
_BYTE = {str(value).encode(): value for value in range(256)}  # a look-up parses and checks in one go


class Fer2013Reader:
    """Reads `emotion,pixels,Usage`, or `emotion,Usage,pixels` as in the competition's second release.

    Training, PublicTest and PrivateTest are the official train, validation and test splits. A row that can't
    be used is quarantined with its number and reason.

    Args:
        path: The CSV, plain or compressed with gzip.

    Example:
        `Fer2013Reader(Path("fer2013.csv.gz")).read().records[0].label`
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def identity(self) -> str:
        """Return the digest of the CSV."""
        _require_file(self.path)
        return f"fer2013 {sha256_of(self.path)}"

    def notes(self) -> tuple[str, ...]:
        """Return nothing: in a table nothing is passed over."""
        return ()

    def read(self) -> Reading:
        """Return the seven classes and one record a row; blank lines are none.

        Raises:
            DataError: if the file is missing, cut short, an archive, or has no such columns.
        """
        _require_file(self.path)
        try:
            with _open(self.path) as handle:
                lines = bounded_lines(handle, self.path, LONGEST_ROW, "FER2013's CSV")
                return Reading(tuple(sorted(LABELS)), list(_records(lines, self.path)))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{self.path} is cut short or damaged ({error}); fetch it again") from error


def _require_file(path: Path) -> None:
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise DataError(
            f"data.path={path}: {found}; give the FER2013 CSV (fer2013.csv, fer2013.csv.gz or icml_face_data.csv)"
        )


def _open(path: Path) -> BinaryIO:
    compressed = first_bytes(path) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if compressed else path.open("rb")


def _records(lines: Iterable[bytes], path: Path) -> Iterator[Record]:
    rows = iter(lines)
    header = [name.decode("utf-8", "replace").strip(' "\ufeff').lower() for name in _fields(next(rows, b""))]
    if not {"emotion", "pixels", "usage"} <= set(header):
        raise DataError(
            f"{path}: expected the columns emotion, pixels, Usage; found {found_columns(header)}. "
            "Usage says which split a row is of: fer2013.csv and icml_face_data.csv have it, train.csv hasn't"
        )
    columns = [header.index(name) for name in ("emotion", "pixels", "usage")]
    for number, line in enumerate(rows):
        if number == MOST_ROWS:
            raise DataError(f"{path} has more than {MOST_ROWS:,} rows: it isn't FER2013's CSV, which has 35,887")
        if line.strip():
            yield _record(number, _fields(line), columns)


def _fields(line: bytes) -> list[bytes]:
    return [field.strip(b' "\r\n') for field in line.split(b",")]


def _record(number: int, fields: list[bytes], columns: list[int]) -> Record:
    source = f"row {number:07d}"
    if len(fields) <= max(columns):
        return Record(source, status=QUARANTINED, reason="malformed row: too few columns")
    emotion, usage = (fields[column].decode("ascii", "replace") for column in (columns[0], columns[2]))
    if not (emotion.isdecimal() and len(emotion) < 3 and int(emotion) < len(LABELS)):
        return Record(source, status=QUARANTINED, reason=f"label {emotion[:20]!r} isn't a class (0 to 6)")
    label = LABELS[int(emotion)]
    if usage not in USAGE_SPLIT:
        return Record(source, label, status=QUARANTINED, reason=f"unknown Usage {usage[:20]!r}")
    image = _parse_pixels(fields[columns[1]])
    if image is None:
        reason = f"malformed row: not {SIDE * SIDE} pixels of 0 to 255"
        return Record(source, label, USAGE_SPLIT[usage], status=QUARANTINED, reason=reason)
    return Record(source, label, USAGE_SPLIT[usage], pixels=image)


def _parse_pixels(field: bytes) -> np.ndarray | None:
    try:
        values = bytes(map(_BYTE.__getitem__, field.split()))
    except KeyError:
        return None
    return np.frombuffer(values, np.uint8).reshape(SIDE, SIDE) if len(values) == SIDE * SIDE else None
