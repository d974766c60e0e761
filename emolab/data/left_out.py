"""Training images that a list says not to learn from, such as those whose label is suspected to be wrong."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emolab.data.csv_file import read_columns
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
        DataError: if it can't be read, has no such column or a row without a name.
    """
    try:
        names = sorted({name for (name,) in read_columns(Path(file), [COLUMN])})
    except DataError as error:
        raise DataError(f"trainer.leave_out={error}") from error
    if "" in names:
        raise DataError(f"trainer.leave_out={file}: a row has nothing in the column {COLUMN}; give each image's name")
    return names


def read_left_out(file: Path, prepared: PreparedData) -> LeftOut:
    """Read a list of images for the data that they're in.

    Raises:
        DataError: if it can't be read, has no column `image`, or names what is no training image.
    """
    names = listed_names(file)
    training = prepared.rows("train")
    sources = prepared.index["source"].str.strip().to_numpy(str)[training]  # as the fields of a list are
    known = sources.tolist()
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise DataError(
            f"trainer.leave_out={file}: {len(unknown)} of {len(names)} names are no training images of "
            f"{prepared.name}, such as {unknown[0]!r}; a name looks like {known[0] if known else 'nothing'!r}"
        )
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()
    return LeftOut(Path(file), training[np.isin(sources, names)], digest)
