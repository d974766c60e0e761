"""The same trainings with several seeds, judged on the same images: how good, and how much better than others."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from emolab.errors import RunError
from emolab.evaluation.bootstrap import draws
from emolab.evaluation.predictions import Predictions
from emolab.runs import RunRecord
from experiments.comparing.intervals import Interval
from experiments.comparing.pairs import same_images
from experiments.comparing.runs import ComparedRun

Key = TypeVar("Key", bound=Hashable)  # what was trained


@dataclass(frozen=True)
class Results(Generic[Key]):
    """What every finished training of the experiment said about the same images.

    Attributes:
        right: (what was trained, seed) -> whether each image was named rightly, bool (n,).
        clusters: int64 (n,): images that are resampled together.
        resamples: of the bootstrap.
    """

    right: Mapping[tuple[Key, int], np.ndarray]
    clusters: np.ndarray
    resamples: int

    def accuracy(self, key: Key, seeds: Sequence[int] | None = None) -> Interval | None:
        """Return the accuracy averaged over these seeds, or all that `key` has; None where there are none."""
        counted = self.seeds([key]) if seeds is None else seeds
        return self._interval(np.array([self.right[key, seed] for seed in counted], np.float32)) if counted else None

    def difference(self, pairs: Sequence[tuple[Key, Key]]) -> Interval | None:
        """Return how much better the first of each pair is, averaged over pairs and seeds.

        Only seeds count with which all of them were trained; None where there is none.
        """
        seeds = self.seeds([key for pair in pairs for key in pair])
        if not seeds or not pairs:
            return None
        gains = [
            np.mean(
                [self.right[one, seed].astype(np.float32) - self.right[other, seed] for one, other in pairs], axis=0
            )
            for seed in seeds
        ]
        return self._interval(np.array(gains))

    def seeds(self, keys: Iterable[Key]) -> list[int]:
        """Return the seeds with which each of these was trained."""
        having = [{seed for key, seed in self.right if key == wanted} for wanted in keys]
        return sorted(set.intersection(*having)) if having else []

    def _interval(self, values: np.ndarray) -> Interval:
        """Bootstrap the mean of values (seeds, n): clusters of images are resampled, and seeds where there are several.

        Resampling both is Owen's "pigeonhole" bootstrap (2007), which errs on the side of too wide an interval.
        """
        _, cluster = np.unique(self.clusters, return_inverse=True)
        sums = np.zeros((cluster.max() + 1, len(values)), np.float32)
        np.add.at(sums, cluster, values.T)
        images, trainings = draws(len(sums), self.resamples, 0), draws(len(values), self.resamples, 1)
        means = (images @ sums) / (images @ np.bincount(cluster).astype(np.float32))[:, None]
        low, high = np.quantile((means * trainings).sum(axis=1) / len(values), [0.025, 0.975])
        return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def results_of(predictions: Mapping[tuple[Key, int], Predictions], resamples: int) -> Results[Key]:
    """Return the results of trainings judged on the same images.

    Raises:
        RunError: if they weren't the same; the message names the first that differs.
    """
    several = list(predictions.values())
    for key, one in predictions.items():
        if not same_images(one, several[0]):
            raise RunError(f"{key} was judged on other images than the rest of its experiment: leave it out")
    return Results({key: one.right for key, one in predictions.items()}, several[0].clusters, resamples)


def finished_trainings(records: Mapping[tuple[Key, int], RunRecord | None]) -> dict[tuple[Key, int], RunRecord]:
    """Return those runs that exist and were trained to the end."""
    return {key: record for key, record in records.items() if record is not None and record.status == "finished"}


def predictions_of(finished: Mapping[tuple[Key, int], RunRecord], split: str) -> dict[tuple[Key, int], Predictions]:
    """Return what each run said about the images of a split; runs without a report of it are left out."""
    read = {key: ComparedRun(record, split, resamples=0).predictions for key, record in finished.items()}
    return {key: one for key, one in read.items() if one is not None}
