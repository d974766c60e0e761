"""Parts of the training images, each of which one training leaves out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from emolab import files
from emolab.data import PreparedData
from emolab.data.left_out import COLUMN


def folds_of(prepared: PreparedData, count: int) -> list[np.ndarray]:
    """Return `count` parts of the training rows, int64 each: every row is in one, every class shared out evenly.

    Near-duplicates, and all photographs of a person, stay together: a network that has seen an image's twin knows
    its label by heart. The same data give the same parts.
    """
    rows = prepared.rows("train")
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    return [rows[part] for _, part in splitter.split(rows, prepared.codes[rows], prepared.groups(rows))]


def write_folds(folder: Path, prepared: PreparedData, folds: Sequence[np.ndarray]) -> list[Path]:
    """Write a list of images for `trainer.leave_out` for each part; return the files."""
    paths = [folder / f"{number}.csv" for number in range(len(folds))]
    for path, fold in zip(paths, folds, strict=True):
        names = pd.DataFrame({COLUMN: prepared.index["source"].to_numpy()[fold]})
        files.write_text(path, names.to_csv(index=False, lineterminator="\n"))
    return paths
