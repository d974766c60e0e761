"""Training images that a list says not to learn from, such as those whose label is suspected to be wrong."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emolab.data.prepared import PreparedData
from emolab.errors import DataError

COLUMN = "image"  # of the CSV: the image's name in its data set, `source` in `index.parquet`


@dataclass(frozen=True)
class LeftOut:
    """A list that was read.

    Attributes:
        file: where it came from.
        rows: rows of the prepared data, int64 (n,), ascending; training images all of them. A photograph that the
            data set lists twice has two.
        digest: SHA-256 of the names, so that a run can tell another list by the same file name.
    """

    file: Path
    rows: np.ndarray
    digest: str


def listed_names(file: Path) -> list[str]:
    """Return the names in the column `image` of a CSV, sorted, each once; further columns are ignored.

    Raises:
        DataError: if it can't be read or has no such column.
    """
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"trainer.leave_out={file}: {error}; expected a CSV with the column {COLUMN}") from error
    names = sorted({row.get(COLUMN) or "" for row in rows})
    if "" in names:
        raise DataError(f"trainer.leave_out={file}: no column {COLUMN}, or a row without it; give each image's name")
    return names


def read_left_out(file: Path, prepared: PreparedData) -> LeftOut:
    """Read a list of images for the data that they're in.

    Raises:
        DataError: if it can't be read, has no column `image`, or names what is no training image.
    """
    names = listed_names(file)
    training = prepared.rows("train")
    sources = prepared.index["source"].to_numpy(str)[training]
    known = set(sources.tolist())
    unknown = [name for name in names if name not in known]
    if unknown:
        raise DataError(
            f"trainer.leave_out={file}: {len(unknown)} of {len(names)} names are no training images of "
            f"{prepared.name}, such as {unknown[0]!r}; a name looks like {sources[0] if known else 'nothing'!r}"
        )
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()
    return LeftOut(Path(file), training[np.isin(sources, names)], digest)
