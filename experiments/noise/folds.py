"""Parts of the training images, each of which one training leaves out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from emolab import files
from emolab.data.left_out import COLUMN
from emolab.data.prepared import PreparedData
from emolab.errors import DataError


def folds_of(prepared: PreparedData, count: int) -> list[np.ndarray]:
    """Return `count` parts of the training rows, int64 each: every row is in one, every class shared out evenly.

    Near-duplicates, and all photographs of a person, stay together: a network that has seen an image's twin knows
    its label by heart. The same data give the same parts.

    Raises:
        DataError: if a class lies in too few groups for that: no other part could teach it.
    """
    rows = prepared.rows("train")
    groups, codes = prepared.groups(rows), prepared.codes[rows]
    for code, name in enumerate(prepared.classes):
        found = len(np.unique(groups[codes == code]))
        if 0 < found < count:
            raise DataError(
                f"folds={count}: the training images of {name} are {found} groups of near-duplicates or people, which "
                "stay together; give fewer folds, or leave the class out"
            )
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    return [rows[part] for _, part in splitter.split(rows, codes, groups)]


def write_folds(paths: Sequence[Path], prepared: PreparedData, folds: Sequence[np.ndarray]) -> None:
    """Write a list of images for `trainer.leave_out` for each part."""
    for path, fold in zip(paths, folds, strict=True):
        names = pd.DataFrame({COLUMN: prepared.index["source"].to_numpy()[fold]})
        files.write_text(path, names.to_csv(index=False, lineterminator="\n"))
