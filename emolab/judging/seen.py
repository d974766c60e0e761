"""Photographs among those judged that a run has learned from."""

from collections.abc import Mapping

import numpy as np

from emolab.data.prepared import PreparedData
from emolab.errors import DataError
from emolab.evaluation.interval import interval_text
from emolab.evaluation.split import Metrics
from emolab.judging.own_data import own_data, typed_data
from emolab.runs.record import RunRecord
from emolab.runs.sameness import learned_from


def seen_in_training(record: RunRecord, prepared: PreparedData) -> np.ndarray | None:
    """Return for each usable image whether it, or a near-duplicate, is in the run's training: bool (N,).

    Of other data than the run's own that is told by the digests of the pixels, and by the clusters of both; None where
    the run's data aren't in the same cache, or can't be read.
    """
    if learned_from(record, prepared):
        return prepared.twin_in_train(np.arange(len(prepared.index)))
    try:
        own = own_data(record, prepared.folder.parent)
    except DataError:  # damaged, which is no reason not to judge others
        return None
    if own is None:
        return None
    trained = own.index["cluster"].isin(own.clusters(own.rows("train")))
    clusters = prepared.index["cluster"]
    same = prepared.index["sha256"].isin(own.index["sha256"][trained])
    return clusters.isin(clusters[same]).to_numpy(bool)


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


def _seen(split: str, metrics: Metrics) -> str:
    unseen = metrics["without_twins"]
    if unseen is None:
        return f"all {metrics['n']} {split} images"
    if unseen["n"] == metrics["n"]:
        return ""
    without = f"without which its accuracy is {interval_text(unseen['accuracy'])}"
    return f"{metrics['n'] - unseen['n']} of the {metrics['n']} {split} images, {without}"
