"""The cells of the founding table: which network, how it was trained, and which images it named rightly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from emolab.evaluation.bootstrap import draws
from emolab.evaluation.predictions import Predictions

Interval = dict[str, float]  # "value", "low", "high"


@dataclass(frozen=True, order=True)
class Cell:
    """One row of the table."""

    model: str
    augmentation: str
    finetuning: str

    def overrides(self, recipes: dict[str, list[str]]) -> list[str]:
        """Return what a training of this cell sets."""
        chosen = [f"model={self.model}", f"aug={self.augmentation}", f"finetune={self.finetuning}"]
        return [*chosen, *recipes.get(self.model, [])]


@dataclass(frozen=True)
class Results:
    """What every finished training of the experiment said about the same images.

    Attributes:
        right: (cell, seed) -> whether each image was named rightly, bool (n,).
        clusters: int64 (n,): images that are resampled together.
        resamples: of the bootstrap.
    """

    right: dict[tuple[Cell, int], np.ndarray]
    clusters: np.ndarray
    resamples: int

    def accuracy(self, cell: Cell) -> Interval | None:
        """Return the accuracy of a cell, averaged over its seeds; None where it has no training."""
        seeds = self.seeds([cell])
        return self._interval(np.array([self.right[cell, seed] for seed in seeds], np.float32)) if seeds else None

    def difference(self, pairs: Sequence[tuple[Cell, Cell]]) -> Interval | None:
        """Return how much better the first of each pair is, averaged over pairs and seeds.

        Only seeds count with which every cell was trained; None where there is none.
        """
        seeds = self.seeds([cell for pair in pairs for cell in pair])
        if not seeds or not pairs:
            return None
        gains = [
            np.mean(
                [self.right[one, seed].astype(np.float32) - self.right[other, seed] for one, other in pairs], axis=0
            )
            for seed in seeds
        ]
        return self._interval(np.array(gains))

    def seeds(self, cells: Iterable[Cell]) -> list[int]:
        """Return the seeds with which each of these cells was trained."""
        having = [{seed for cell, seed in self.right if cell == wanted} for wanted in cells]
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


def cells_of(models: Sequence[str], augmentations: Sequence[str], finetunings: Sequence[str]) -> list[Cell]:
    """Return every combination."""
    return [Cell(*chosen) for chosen in product(models, augmentations, finetunings)]


def results_of(predictions: dict[tuple[Cell, int], Predictions], resamples: int) -> Results:
    """Return the results of trainings judged on the same images.

    Raises:
        ValueError: if they weren't the same.
    """
    several: list[Any] = list(predictions.values())
    for one in several[1:]:
        if not np.array_equal(one.targets, several[0].targets):
            raise ValueError("the trainings of a founding experiment have to be judged on the same images")
    return Results({key: one.right for key, one in predictions.items()}, several[0].clusters, resamples)
