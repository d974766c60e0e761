"""Tables that users give: the rows of a CSV file, or what is wrong with it."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, AnyStr

from emolab.errors import DataError

_LONGEST_LINE = 2**20  # characters; a row of ours has some hundred


def read_columns(path: Path, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the fields under `names` of each row of a CSV file, stripped; an absent field is empty.

    Capitals in the names of columns don't matter. Blank lines are no rows. The file is UTF-8, or UTF-16 that says so in
    its first bytes.

    Raises:
        DataError: if there is no such file, it can't be read, is no CSV, lacks a column or has another encoding.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected a CSV with the columns {', '.join(names)}")
    rows = read_rows(path)
    header = [name.strip().lower() for name in next(rows, [])]
    wanted = [name.lower() for name in names]
    if not set(wanted) <= set(header):
        raise DataError(f"{path}: expected the columns {', '.join(names)}; found {found_columns(header)}")
    columns = [header.index(name) for name in wanted]
    for row in rows:
        yield [row[column].strip() if column < len(row) else "" for column in columns]


def found_columns(header: Sequence[str]) -> str:
    """Return the names of a table's columns for a message, and what else than a comma separates them."""
    separator = next((mark for mark in ";\t" if len(header) == 1 and mark in header[0]), None)
    why = f", separated by {separator!r}: expected ','" if separator else ""
    return ", ".join(header)[:200] + why


def first_bytes(path: Path) -> bytes:
    """Return the first two bytes of a table, which tell how it's packed or encoded.

    Raises:
        DataError: if it's a ZIP archive.
        OSError: if it can't be read.
    """
    with path.open("rb") as handle:
        first = handle.read(4)
    if first == b"PK\x03\x04":
        raise DataError(f"{path} is a ZIP archive: unpack it first")
    return first[:2]


def bounded_lines(handle: IO[AnyStr], path: Path, longest: int, expected: str) -> Iterator[AnyStr]:
    """Yield the lines of a file; one without end would fill the memory.

    Args:
        handle: the open file.
        path: its name, for the message.
        longest: characters that a line may have.
        expected: what it isn't otherwise, for the message.

    Raises:
        DataError: if a line is longer.
    """
    while line := handle.readline(longest + 1):
        if len(line) > longest:
            raise DataError(f"{path} has a line of more than {longest:,} characters: it isn't {expected}")
        yield line


def read_rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a CSV file, its header the first of them; blank lines are none.

    Raises:
        DataError: if it can't be read, is no CSV, has a line without end, or another encoding than `read_columns`
            takes.
    """
    with _clear_errors(path), path.open(encoding=_encoding(path), newline="") as handle:
        lines = bounded_lines(handle, path, _LONGEST_LINE, "a CSV file of rows")
        yield from filter(None, csv.reader(lines, strict=True))


def _encoding(path: Path) -> str:
    return "utf-16" if first_bytes(path) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeError as error:
        raise DataError(f"{path} isn't UTF-8 ({error}); save it as 'CSV UTF-8'") from error
    except csv.Error as error:
        raise DataError(f"{path} can't be read as CSV ({error}): is there a quote that isn't closed?") from error
