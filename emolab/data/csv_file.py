"""Tables that users give: the rows of a CSV file, or what is wrong with it."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from emolab.errors import DataError


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
        raise DataError(f"{path}: expected the columns {', '.join(names)}; found {', '.join(header)[:200]}")
    columns = [header.index(name) for name in wanted]
    for row in rows:
        yield [row[column].strip() if column < len(row) else "" for column in columns]


def read_rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a CSV file, its header the first of them; blank lines are none.

    Raises:
        DataError: if it can't be read, is no CSV, or in another encoding than `read_columns` takes.
    """
    with _clear_errors(path), path.open(encoding=_encoding(path), newline="") as handle:
        yield from filter(None, csv.reader(handle, strict=True))


def _encoding(path: Path) -> str:
    with path.open("rb") as handle:
        return "utf-16" if handle.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


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
