"""A prepared data set: arrays on disk, opened without reading them."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolab.data.records import SPLITS, USABLE
from emolab.errors import DataError
from emolab.files import read_json

FORMAT = 1  # of the folder; a folder of another format is prepared anew
IMAGES, INDEX, ACCOUNT, REPORT = "images.npy", "index.parquet", "data.json", "report/index.html"
TARGET_PREFIX = "target:"
GROUP = "group"  # a column where the data set says who is in the photographs
LOOKED_AT = 500  # images that tell whether a data set is grey
COLOURLESS = 8  # levels between the channels that JPEG alone brings about


def folder_name(name: str, fingerprint: str) -> str:
    """Return the name of the folder of a prepared data set, in the cache and wherever something is kept of it."""
    return f"{name}-{fingerprint[:16]}"


def twins_in_train(clusters: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """Return for each row whether another row of its cluster is in training: bool (N,).

    Args:
        clusters: Duplicate clusters, int64 (N,).
        splits: Split of each row, by name (N,).
    """
    training = splits == "train"
    counts = np.bincount(clusters[training], minlength=clusters.max(initial=0) + 1)
    return counts[clusters] - training > 0


class PreparedData:
    """What `prepare` leaves behind: `images.npy`, `index.parquet` and `data.json` in one folder.

    Attributes:
        folder: The folder.
        name: Name of the data set, such as "fer2013".
        fingerprint: SHA-256 of everything that decided the content.
        content: SHA-256 of the content itself: classes, images, labels, splits, clusters.
        classes: Class names, sorted by code point.
        image_size: Side of the images in pixels.
        images: uint8 RGB (N, S, S, 3), memory-mapped, usable rows only.
        records: One row a record of the data set: first the usable ones, aligned with `images`, then the
            excluded and the quarantined.
        account: `data.json`.

    Example:
        `data = PreparedData.open(folder); data.images[data.rows("test")]`
    """

    def __init__(self, folder: Path, account: dict[str, Any], images: np.ndarray, records: pd.DataFrame) -> None:
        self.folder = folder
        self.account = account
        self.name: str = account["name"]
        self.fingerprint: str = account["fingerprint"]
        self.content: str = account["content"]
        self.classes: tuple[str, ...] = tuple(account["classes"])
        self.image_size: int = account["image_size"]
        self.images = images
        self.records = records

    @classmethod
    def open(cls, folder: Path) -> "PreparedData":
        """Open a prepared folder.

        Raises:
            DataError: if the folder isn't a whole prepared data set of this version.
        """
        folder = Path(folder)
        try:
            account = read_json(folder / ACCOUNT)
            images = np.load(folder / IMAGES, mmap_mode="r", allow_pickle=False)
            records = pd.read_parquet(folder / INDEX)
        except (OSError, EOFError, ValueError) as error:
            raise DataError(
                f"{folder} isn't a whole prepared data set ({error}); remove it and prepare again"
            ) from error
        if account.get("format") != FORMAT or len(images) != (records["status"] == USABLE).sum():
            raise DataError(f"{folder}: its parts don't belong together; remove it and prepare again")
        return cls(folder, account, images, records)

    @cached_property
    def index(self) -> pd.DataFrame:
        """The usable rows, aligned with `images`."""
        return self.records.iloc[: len(self.images)]

    @cached_property
    def codes(self) -> np.ndarray:
        """Class number of each usable row: int64 (N,)."""
        return np.searchsorted(np.array(self.classes), self.index["label"].to_numpy(dtype=str))

    @cached_property
    def grey(self) -> bool:
        """Whether the training images have no colour; some of them, spread evenly, are looked at."""
        rows = self.rows("train")
        looked_at = self.images[rows[:: max(1, len(rows) // LOOKED_AT)]]
        return bool(len(rows)) and bool((looked_at.max(axis=-1) - looked_at.min(axis=-1) <= COLOURLESS).all())

    @cached_property
    def soft(self) -> bool:
        """Whether the labels are distributions over the classes."""
        return any(str(column).startswith(TARGET_PREFIX) for column in self.records.columns)

    @cached_property
    def _soft_targets(self) -> np.ndarray:
        return self.index[[TARGET_PREFIX + name for name in self.classes]].to_numpy(np.float32)

    def rows(self, split: str) -> np.ndarray:
        """Return the row numbers of "train", "validation" or "test": int64 (n,).

        Raises:
            DataError: if there is no such split.
        """
        if split not in SPLITS:
            raise DataError(f"split {split!r}: expected one of {', '.join(SPLITS)}")
        return np.flatnonzero((self.index["split"] == split).to_numpy())

    def targets(self, rows: np.ndarray) -> np.ndarray:
        """Return float32 (n, C); each row sums to 1: one-hot, or the raters' distribution for soft labels."""
        if self.soft:
            return self._soft_targets[rows]
        return np.eye(len(self.classes), dtype=np.float32)[self.codes[rows]]

    def clusters(self, rows: np.ndarray) -> np.ndarray:
        """Return the duplicate cluster of each row: int64 (n,)."""
        return self.index["cluster"].to_numpy(np.int64)[rows]

    def groups(self, rows: np.ndarray) -> np.ndarray:
        """Return what each row isn't independent of, int64 (n,): its cluster, or all photographs of its person."""
        return self.index[GROUP].to_numpy(np.int64)[rows] if GROUP in self.index else self.clusters(rows)

    def identities(self, rows: np.ndarray) -> np.ndarray:
        """Return a number of each row that follows from its file's name or its line in a CSV alone: uint64 (n,)."""
        return pd.util.hash_array(self.index["source"].to_numpy(object)[rows], categorize=False)

    def twin_in_train(self, rows: np.ndarray) -> np.ndarray:
        """Return for each row whether another image of its cluster is in training: bool (n,)."""
        clusters = self.index["cluster"].to_numpy(np.int64)
        return twins_in_train(clusters, self.index["split"].to_numpy(object))[rows]
