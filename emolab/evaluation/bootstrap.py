"""How sure a number is: intervals by resampling, and whether one recogniser is better than another.

Whole groups of images that aren't independent are resampled, not images: two copies of a photograph are one
observation, and so are two photographs of one person.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array, hstack

from emolab.evaluation.interval import Interval, interval_of
from emolab.evaluation.metrics import accuracy
from emolab.evaluation.predictions import Predictions, groups_of_all, same_images

Metric = Callable[[np.ndarray], np.ndarray]

_AT_ONCE = 200  # resamples computed together: (200, groups) counts


def intervals(
    predictions: Predictions,
    metrics: dict[str, Metric],
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return each metric of the confusion matrix with its interval: percentile bootstrap, as `interval_of` says.

    Args:
        predictions: of one split.
        metrics: map confusion matrices (..., C, C) to values (...).
        resamples: number of bootstrap resamples.
        seed: of the resampling.
    """
    cells, size = _cells_by_group(predictions, predictions.groups)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    for drawn_groups in draws(cells.shape[0], resamples, seed):
        matrices = (drawn_groups @ cells).reshape(-1, size, size)
        for name, metric in metrics.items():
            drawn[name].append(metric(matrices))
    whole = cells.sum(axis=0, dtype=np.float64).reshape(size, size)
    result = {}
    for name, metric in metrics.items():
        value = float(metric(whole))
        least = 0.0 if metric is accuracy else None
        result[name] = interval_of(value, np.concatenate(drawn[name]), cells.shape[0], least)
    return result


def paired_difference(
    one: Predictions,
    other: Predictions,
    metric: Metric,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return metric(one) - metric(other) on the same images, resampled together, with its interval.

    Raises:
        ValueError: if the two aren't about the same images.
    """
    groups = _groups_of_both(one, other)
    first, size = _cells_by_group(one, groups)
    second, _ = _cells_by_group(other, groups)
    both = hstack([first, second], format="csr")
    differences = []
    for drawn in draws(both.shape[0], resamples, seed):
        matrices = (drawn @ both).reshape(-1, 2, size, size)
        differences.append(metric(matrices[:, 0]) - metric(matrices[:, 1]))
    totals = both.sum(axis=0, dtype=np.float64).reshape(2, size, size)
    value = float(metric(totals[0]) - metric(totals[1]))
    return interval_of(value, np.concatenate(differences), both.shape[0], -1.0 if metric is accuracy else None)


def draws(groups: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each group is drawn in some of the resamples: float32 (some, groups), rows sum to `groups`."""
    for start in range(0, resamples, _AT_ONCE):
        many = min(_AT_ONCE, resamples - start)
        drawn = np.random.default_rng([seed, start]).integers(0, groups, (many, groups))
        drawn += np.arange(many)[:, None] * groups
        yield np.bincount(drawn.ravel(), minlength=many * groups).reshape(many, groups).astype(np.float32)


def mcnemar(one: Predictions, other: Predictions) -> float:
    """Return the p-value of the exact McNemar test (McNemar 1947) that both err equally often, 0 to 1.

    Where groups hold several images, the two are swapped by whole groups instead, in every possible way.

    Raises:
        ValueError: if the two aren't about the same images.
    """
    from scipy.stats import binom  # takes a training's start half a second that it doesn't need

    _, group = np.unique(_groups_of_both(one, other), return_inverse=True)
    ahead = np.bincount(group, one.right.astype(float) - other.right).astype(int)  # images of each that only one has
    sizes, many = np.unique(np.abs(ahead[ahead != 0]), return_counts=True)
    chances = np.ones(1)  # that so many images of these groups are for one, from 0 on
    for size, groups in zip(sizes, many, strict=True):
        of_these = np.zeros(size * groups + 1)
        of_these[::size] = binom.pmf(np.arange(groups + 1), groups, 0.5)
        chances = np.convolve(chances, of_these)
    as_far = np.abs(2 * np.arange(len(chances)) - (len(chances) - 1)) >= abs(ahead.sum())
    return min(float(chances[as_far].sum()), 1.0)


def holm(p_values: Sequence[float], tests: int) -> list[float]:
    """Return p-values corrected for `tests` tests (Holm 1979), each at most 1.

    Where these are only some of the tests, picked by what was found, they are corrected a little more than needed.
    """
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(np.asarray(p_values, float)[order] * (tests - np.arange(len(order))))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected.tolist()


def _groups_of_both(one: Predictions, other: Predictions) -> np.ndarray:
    if not same_images(one, other):
        raise ValueError("a paired comparison needs predictions of the same images in the same order")
    return groups_of_all([one, other])


def _cells_by_group(predictions: Predictions, groups: np.ndarray) -> tuple[csr_array, int]:
    """Counts float32 (groups, C * C) of the cells of the confusion matrix: few of a group's aren't 0."""
    size = len(predictions.classes)
    _, group = np.unique(groups, return_inverse=True)
    cell = predictions.targets * size + predictions.predicted
    counts = csr_array((np.ones(len(cell), np.float32), (group, cell)), shape=(group.max() + 1, size * size))
    return counts, size
