"""Photographs among those judged that a run, or one through which it knows images, has learned from."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from emolab.data.duplicates import hamming
from emolab.data.prepared import PreparedData
from emolab.errors import DataError
from emolab.evaluation.interval import interval_text
from emolab.evaluation.split import Metrics
from emolab.judging.own_data import own_data, typed_data
from emolab.runs.record import RunRecord
from emolab.runs.schema import Ancestor, Data

SAME = 8  # bits of 64 in which a photograph's hashes differ at most from size to size; FER2013's at 32 to 224 pixels: 4


def seen_in_training(record: RunRecord, prepared: PreparedData) -> np.ndarray | None:
    """Return for each usable image whether it, or a near-duplicate, is in the run's training: bool (N,).

    Of other data than the run's own that is told by the digests of the pixels, by names and perceptual hashes, and by
    the clusters of both; None where the run's data aren't in the same cache, or can't be read. What its ancestors have
    learned from counts, too, where their data can be read (`notes_on_ancestors`).
    """
    own = _seen_by(record.facts.data, prepared)
    if own is None:
        return None
    theirs = (_seen_by(ancestor.data, prepared) for ancestor in record.facts.ancestors)
    return np.any([own, *(seen for seen in theirs if seen is not None)], axis=0)


def notes_on_seen(record: RunRecord, splits: Mapping[str, Metrics], known: bool) -> list[str]:
    """Return what a reader must know of photographs among those judged that the run has learned from.

    Args:
        record: the run.
        splits: their metrics, on other data than the run's own.
        known: whether `seen_in_training` knew.
    """
    if not known:
        return [
            f"whether the run has learned from some of these images isn't known: its own data, {typed_data(record)}, "
            "aren't in the cache, or are damaged"
        ]
    told = [text for split, metrics in splits.items() if (text := _seen(split, metrics))]
    if not told:
        return []
    return [
        f"SEEN IN TRAINING: {'; '.join(told)}. The run has learned from these or from near-duplicates, which flatters "
        f"it. Its own validation and test images are judged without data=, or with {typed_data(record)}"
    ]


def notes_on_ancestors(record: RunRecord, prepared: PreparedData, splits: Iterable[str]) -> list[str]:
    """Return what a reader must know of images of these splits that the run's ancestors have learned from.

    Splits that emolab draws are others for another image size or seed: what was test for one run may have trained the
    one that this one began from. Those that learned from the run's own data have seen what it has, and aren't told.
    """
    others = [one for one in record.facts.ancestors if one.data.content != record.facts.data.content]
    own = _seen_by(record.facts.data, prepared) if others else None
    return [text for one in others if (text := _ancestor(one, own, prepared, splits))]


def _ancestor(ancestor: Ancestor, own: np.ndarray | None, prepared: PreparedData, splits: Iterable[str]) -> str:
    """A sentence on one of them, empty where it has seen none beyond those that the run itself has, `own`."""
    through = f"the run {ancestor.run}, whose weights or lessons this one began with"
    if (seen := _seen_by(ancestor.data, prepared)) is None:
        return (
            f"whether {through}, has learned from some of these images isn't known: its data, {ancestor.data.name}, "
            "aren't in the cache, or are damaged"
        )
    more = seen if own is None else seen & ~own
    rows = {split: prepared.rows(split) for split in splits}
    told = [
        f"{more[found].sum()} of the {len(found)} {split} images" for split, found in rows.items() if any(more[found])
    ]
    if not told:
        return ""
    return (
        f"SEEN IN TRAINING: {' and '.join(told)}. {through[0].upper()}{through[1:]}, has learned from these or from "
        "near-duplicates, which flatters this one; its accuracy without twins in training leaves them out"
    )


def _seen_by(learned: Data, prepared: PreparedData) -> np.ndarray | None:
    """Which usable images, bool (N,), or their near-duplicates, were training images of what a run learned from."""
    if learned.content == prepared.content:
        return prepared.twin_in_train(np.arange(len(prepared.index)))
    try:
        own = own_data(learned, prepared.folder.parent)
    except DataError:  # damaged, which is no reason not to judge others
        return None
    if own is None:
        return None
    trained = own.index[own.index["cluster"].isin(own.clusters(own.rows("train")))]
    clusters = prepared.index["cluster"]
    same = prepared.index["sha256"].isin(trained["sha256"]) | _resized(prepared.index, trained)
    return clusters.isin(clusters[same]).to_numpy(bool)


def _resized(judged: pd.DataFrame, trained: pd.DataFrame) -> np.ndarray:
    """Which of the judged rows, bool (N,), are trained ones in another size: by name, and nearly the same hash."""
    known = trained.drop_duplicates("source")
    found = judged["source"].isin(known["source"]).to_numpy(bool, copy=True)
    at = pd.Index(known["source"]).get_indexer(judged["source"][found])
    hashes = judged["phash"].to_numpy(np.uint64)[found], known["phash"].to_numpy(np.uint64)[at]
    found[found] = hamming(*hashes) <= SAME
    return found


def _seen(split: str, metrics: Metrics) -> str:
    unseen = metrics["without_twins"]
    if unseen is None:
        return f"all {metrics['n']} {split} images"
    if unseen["n"] == metrics["n"]:
        return ""
    without = f"without which its accuracy is {interval_text(unseen['accuracy'])}"
    return f"{metrics['n'] - unseen['n']} of the {metrics['n']} {split} images, {without}"
