"""Small pictures for the report: a few of each class, and duplicates that deserve a look."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from emolab.data.crop import crop_and_resize
from emolab.data.splits import mixed_rows
from emolab.pages import address_of

SIDE = 64  # pixels of one picture on the page
IN_A_STRIP = 10
STRIPS = 12  # clusters shown of each kind


class Strip(NamedTuple):
    """A row of pictures: what it shows, the picture as a data address, and a line of text below it."""

    title: str
    address: str
    caption: str


def sample_strips(usable: pd.DataFrame, images: np.ndarray, classes: Sequence[str]) -> list[Strip]:
    """Return for each class ten of its images, evenly spaced through its rows."""
    strips = []
    for name in classes:
        rows = np.flatnonzero((usable["label"] == name).to_numpy())
        if len(rows):
            chosen = rows[np.linspace(0, len(rows) - 1, min(IN_A_STRIP, len(rows))).astype(int)]
            strips.append(Strip(name, _address(images, chosen), f"{len(rows)} images"))
    return strips


def cluster_strips(usable: pd.DataFrame, images: np.ndarray) -> dict[str, list[Strip]]:
    """Return the largest clusters of duplicates under two labels, in two splits, and within one class."""
    clusters = usable["cluster"].to_numpy(np.int64)
    sizes = np.bincount(clusters, minlength=1)
    several = sizes[clusters] > 1
    conflict = mixed_rows(usable["label"].to_numpy(object), clusters)
    parted = mixed_rows(usable["split"].to_numpy(object), clusters)
    kinds = {
        "Under two labels": conflict,
        "In two splits": parted,
        "Within a class and a split": several & ~conflict & ~parted,
    }
    return {title: _largest(usable, images, clusters, sizes, kind) for title, kind in kinds.items()}


def _largest(
    usable: pd.DataFrame, images: np.ndarray, clusters: np.ndarray, sizes: np.ndarray, kind: np.ndarray
) -> list[Strip]:
    chosen = sorted(set(clusters[kind].tolist()), key=lambda cluster: (-sizes[cluster], cluster))[:STRIPS]
    return [_cluster_strip(usable, images, np.flatnonzero(clusters == cluster)) for cluster in chosen]


def _cluster_strip(usable: pd.DataFrame, images: np.ndarray, rows: np.ndarray) -> Strip:
    members = usable.iloc[rows]
    pairs = pd.Series(members["label"] + ", " + members["split"]).value_counts()
    caption = "; ".join(f"{count} x {pair}" for pair, count in sorted(pairs.items()))
    return Strip(str(members["source"].iloc[0]), _address(images, rows[:IN_A_STRIP]), caption)


def _address(images: np.ndarray, rows: Iterable[int]) -> str:
    pictures = [crop_and_resize(np.asarray(images[row]), None, SIDE) for row in rows]
    strip = cv2.cvtColor(np.hstack(pictures), cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", strip, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    return address_of(data, "jpeg")
