"""Which image trains and which one judges."""

import hashlib
from collections.abc import Mapping

import numpy as np


def conflicting_clusters(labels: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Return for each row whether its cluster carries more than one label: bool (N,)."""
    seen: dict[int, str] = {}
    mixed = {c for c, label in zip(clusters.tolist(), labels, strict=True) if seen.setdefault(c, label) != label}
    return np.isin(clusters, np.fromiter(mixed, np.int64, len(mixed)))


def assign_splits(
    labels: np.ndarray,
    clusters: np.ndarray,
    digests: np.ndarray,
    official: np.ndarray,
    fractions: Mapping[str, float],
    seed: int,
) -> np.ndarray:
    """Return the split of each row, as an array of names (N,).

    Official splits stay. A split of `fractions` that the data set lacks is drawn from what isn't official
    validation or test: class by class, whole clusters only, never a cluster under two labels or one that
    reaches into an official split. What isn't drawn trains. The draw follows the digests of the pixels and
    `seed`, so that neither names nor the order of the rows change it.

    Args:
        labels: Class names (N,).
        clusters: Duplicate clusters, int64 (N,).
        digests: Digests of the pixels (N,).
        official: Official split of each row (N,), or empty.
        fractions: Share of each class, 0 to 1, for "validation" and "test".
        seed: Changes the draw.
    """
    splits = np.where(official == "", "train", official).astype(object)
    taken = np.unique(clusters[np.isin(official, ("validation", "test"))])
    free = ~np.isin(clusters, taken) & ~conflicting_clusters(labels, clusters)
    for label in np.unique(labels[free].astype(str)):
        rows = np.flatnonzero(free & (labels == label))
        groups = _shuffled_groups(rows, clusters, digests, seed)
        for split in ("test", "validation"):
            if split not in official:
                groups = _draw(groups, splits, split, _wanted(len(rows), len(groups), fractions.get(split, 0.0)))
    return splits


def _wanted(rows: int, groups: int, fraction: float) -> int:
    """At least one image of a class wherever that leaves one to train on."""
    return max(round(rows * fraction), int(fraction > 0 and groups > 1))


def _shuffled_groups(rows: np.ndarray, clusters: np.ndarray, digests: np.ndarray, seed: int) -> list[np.ndarray]:
    order = rows[np.argsort(clusters[rows], kind="stable")]
    groups = np.split(order, np.flatnonzero(np.diff(clusters[order])) + 1)

    def lot(group: np.ndarray) -> str:
        return hashlib.sha256(f"{seed} {min(digests[group])}".encode()).hexdigest()

    return sorted(groups, key=lot)


def _draw(groups: list[np.ndarray], splits: np.ndarray, split: str, wanted: int) -> list[np.ndarray]:
    left = []
    for group in groups:
        if len(group) <= wanted:
            splits[group] = split
            wanted -= len(group)
        else:
            left.append(group)
    return left
