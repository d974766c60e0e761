"""Which image trains and which one judges."""

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from emolab.partitions import components


def mixed_rows(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return for each row whether its group holds more than one value, such as two labels: bool (N,)."""
    return (pd.Series(values).groupby(groups).transform("nunique") > 1).to_numpy(bool)


def groups_of(clusters: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Return the group of each row, int64 (N,): its duplicates, and all photographs of the same person.

    Args:
        clusters: Duplicate clusters, int64 (N,).
        people: Who is in each photograph (N,); empty: unknown, which joins nothing.
    """
    _, person = np.unique(people.astype(str), return_inverse=True)
    known = np.flatnonzero(people.astype(str) != "")
    nodes = int(clusters.max(initial=-1)) + 1
    size = nodes + int(person.max(initial=-1)) + 1
    links = np.stack([clusters[known], nodes + person[known]], axis=1)
    return components(size, links)[clusters].astype(np.int64)


def assign_splits(
    labels: np.ndarray,
    clusters: np.ndarray,
    groups: np.ndarray,
    digests: np.ndarray,
    official: np.ndarray,
    fractions: Mapping[str, float],
    seed: int,
) -> np.ndarray:
    """Return the split of each row, as an array of names (N,).

    Official splits stay. A split of `fractions` that the data set lacks is drawn from what isn't official
    validation or test: whole groups only, never one that reaches into an official split or holds a cluster
    under two labels, unless all is to be drawn. First come the groups that show several classes (a person with
    many faces), then the others class by class. What isn't drawn trains. Where all groups are larger than the share,
    so that a split would stay empty, it gets the smallest of each part. The draw follows the digests of the
    pixels and `seed`, so that neither names nor the order of the rows change it.

    Args:
        labels: Class names (N,).
        clusters: Duplicate clusters, int64 (N,).
        groups: What must not be parted, int64 (N,): clusters, or clusters joined by person (`groups_of`).
        digests: Digests of the pixels (N,).
        official: Official split of each row (N,), or empty.
        fractions: Share of each class, 0 to 1, for "validation" and "test".
        seed: Changes the draw.
    """
    splits = np.where(official == "", "train", official).astype(object)
    contradictory = mixed_rows(labels, clusters) & (max(fractions.values(), default=0.0) < 1.0)
    bound = np.isin(official, ("validation", "test")) | contradictory
    free = ~np.isin(groups, groups[bound])
    mixed = free & mixed_rows(labels, groups)
    drawn = [split for split in ("test", "validation") if split not in official]
    undrawn = []
    for part in (mixed, *(free & ~mixed & (labels == label) for label in np.unique(labels[free].astype(str)))):
        rows = np.flatnonzero(part)
        left = _shuffled_groups(rows, groups, digests, seed)
        for split in drawn:
            left = _draw(left, splits, split, _wanted(len(rows), len(left), fractions.get(split, 0.0)))
        undrawn.append(left)
    for split in reversed(drawn):  # validation first: no training goes without
        if fractions.get(split, 0.0) > 0 and split not in splits:
            undrawn = [_draw_smallest(left, splits, split) for left in undrawn]
    return splits


def _wanted(rows: int, groups: int, fraction: float) -> int:
    """How many images are drawn at most: one at least, wherever that may leave one to train on."""
    return max(round(rows * fraction), int(fraction > 0 and groups > 1))


def _shuffled_groups(rows: np.ndarray, group: np.ndarray, digests: np.ndarray, seed: int) -> list[np.ndarray]:
    order = rows[np.argsort(group[rows], kind="stable")]
    groups = np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(rows) else []

    def lot(members: np.ndarray) -> str:
        return hashlib.sha256(f"{seed} {min(digests[members])}".encode()).hexdigest()

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


def _draw_smallest(groups: list[np.ndarray], splits: np.ndarray, split: str) -> list[np.ndarray]:
    """Draw the smallest group, wherever that leaves one to train on."""
    if len(groups) < 2:
        return groups
    smallest = min(range(len(groups)), key=lambda at: len(groups[at]))
    splits[groups[smallest]] = split
    return groups[:smallest] + groups[smallest + 1 :]
