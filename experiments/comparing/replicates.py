"""The same trainings with several seeds, judged on the same images: how good, and how much better than others."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from scipy.stats import t

from emolab.errors import RunError
from emolab.evaluation.bootstrap import draws
from emolab.evaluation.interval import Interval, ends, interval_of
from emolab.evaluation.predictions import Predictions, groups_of_all, same_images
from emolab.runs import RunRecord
from experiments.comparing.runs import predictions_in

Key = TypeVar("Key", bound=Hashable)  # what was trained

INTERVAL = (
    "Images (in clusters of near-duplicates) are resampled; the spread of the seeds is added as Student's interval."
)


@dataclass(frozen=True)
class Results(Generic[Key]):
    """What every finished training of the experiment said about the same images.

    Attributes:
        right: (what was trained, seed) -> whether each image was named rightly, bool (n,).
        groups: int64 (n,): images that are resampled together.
        resamples: of the bootstrap.
    """

    right: Mapping[tuple[Key, int], np.ndarray]
    groups: np.ndarray
    resamples: int

    def accuracy(self, key: Key, seeds: Sequence[int] | None = None) -> Interval | None:
        """Return the accuracy averaged over these seeds, or all that `key` has; None where there are none."""
        counted = self.seeds([key]) if seeds is None else seeds
        return self._interval(np.array([self._shares[key, seed] for seed in counted]), 0.0) if counted else None

    def difference(self, pairs: Sequence[tuple[Key, Key]]) -> Interval | None:
        """Return how much better the first of each pair is, averaged over pairs and seeds.

        Only seeds count with which all of them were trained; None where there is none.
        """
        seeds = self.seeds([key for pair in pairs for key in pair])
        if not seeds or not pairs:
            return None
        gains = [
            np.mean([self._shares[one, seed] - self._shares[other, seed] for one, other in pairs], axis=0)
            for seed in seeds
        ]
        return self._interval(np.array(gains), -1.0)

    def seeds(self, keys: Iterable[Key]) -> list[int]:
        """Return the seeds with which each of these was trained."""
        having = [{seed for key, seed in self.right if key == wanted} for wanted in keys]
        return sorted(set.intersection(*having)) if having else []

    @cached_property
    def _shares(self) -> dict[tuple[Key, int], np.ndarray]:
        """What each training named rightly, as a share of all images and of each resample: (1 + resamples,)."""
        _, group, sizes = np.unique(self.groups, return_inverse=True, return_counts=True)
        columns = [np.bincount(group, right) for right in self.right.values()]
        sums = np.stack([*columns, sizes], axis=1).astype(np.float32)  # whole numbers, and so are their sums
        drawn = [times @ sums for times in draws(len(sizes), self.resamples, 0)]
        counts = np.concatenate([sums.sum(axis=0, keepdims=True), *drawn]).T.astype(float)
        return dict(zip(self.right, counts[:-1] / counts[-1], strict=True))

    def _interval(self, shares: np.ndarray, least: float) -> Interval:
        """Return the mean of `shares` (seeds, 1 + resamples), each `least` to 1, and how far off it may be.

        Groups of images are resampled. Seeds are too few for that: two resampled know three means. Theirs is
        Student's interval, wide for two or three, as if there were no ends; the two add up as independent errors do,
        and are cut off where no share lies.
        """
        whole, drawn = shares[:, 0], shares[:, 1:].mean(axis=0)
        value, by_seeds = float(whole.mean()), _student(whole)
        by_images = interval_of(value, drawn, len(np.unique(self.groups)), least)
        if (both := ends(by_images)) is None:
            return by_images
        low, high = both
        return {
            "value": value,
            "low": max(least, value - float(np.hypot(value - low, by_seeds))),
            "high": min(1.0, value + float(np.hypot(high - value, by_seeds))),
        }


def _student(means: np.ndarray) -> float:
    """Half of the 95 % interval of the mean of few values, 0 for a single one, which says nothing of their spread."""
    many = len(means)
    return float(t.ppf(0.975, many - 1) * means.std(ddof=1) / many**0.5) if many > 1 else 0.0


def results_of(predictions: Mapping[tuple[Key, int], Predictions], resamples: int) -> Results[Key]:
    """Return the results of trainings judged on the same images.

    Raises:
        RunError: if they weren't the same; the message names the first that differs.
    """
    several = list(predictions.values())
    for key, one in predictions.items():
        if not same_images(one, several[0]):
            raise RunError(
                f"{key} was judged on other images than the rest of its experiment: leave it out (for another "
                "data.image_size, splits that aren't official are drawn anew)"
            )
    return Results({key: one.right for key, one in predictions.items()}, groups_of_all(several), resamples)


def finished_trainings(records: Mapping[tuple[Key, int], RunRecord | None]) -> dict[tuple[Key, int], RunRecord]:
    """Return those runs that exist and were trained to the end."""
    return {key: record for key, record in records.items() if record is not None and record.status == "finished"}


def predictions_of(finished: Mapping[tuple[Key, int], RunRecord], split: str) -> dict[tuple[Key, int], Predictions]:
    """Return what each run said about the images of a split; runs without a report of it are left out."""
    read = {key: predictions_in(record, split) for key, record in finished.items()}
    return {key: one for key, one in read.items() if one is not None}
