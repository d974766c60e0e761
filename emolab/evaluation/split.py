"""What is known of the predictions of one split, as numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from emolab.evaluation.bootstrap import intervals
from emolab.evaluation.brightness import accuracy_by_brightness
from emolab.evaluation.coverage import coverage_curve
from emolab.evaluation.interval import LEAST_GROUPS
from emolab.evaluation.metrics import MATRIX_METRICS, accuracy, confusion_matrix, evaluators, f1, precision, recall
from emolab.evaluation.predictions import Predictions, averaged

Metrics = dict[str, Any]


def evaluate_split(
    predictions: Predictions,
    calibrated: Predictions,
    twins: np.ndarray | None = None,
    mirrored: Predictions | None = None,
    brightness: np.ndarray | None = None,
    resamples: int = 2000,
) -> Metrics:
    """Return the metrics of one split, as `report/metrics.json` holds them.

    Args:
        predictions: of the split.
        calibrated: the same after temperature scaling, fitted on validation.
        twins: bool (N,): whether an image has a near-duplicate in training; None where that makes no sense.
        mirrored: calibrated predictions of the mirror images, to be averaged with, if they were made.
        brightness: of each face (N,), 0 to 255, where it is known.
        resamples: of the bootstrap behind the intervals.
    """
    matrix = confusion_matrix(predictions.targets, predictions.predicted, len(predictions.classes))
    both = None if mirrored is None else averaged([calibrated, mirrored])
    return {
        "n": len(predictions.targets),
        "groups": len(np.unique(predictions.groups)),
        **intervals(predictions, MATRIX_METRICS, resamples),
        **dict(evaluators(predictions, calibrated)),
        "per_class": _per_class(matrix, predictions.classes),
        "confusion_matrix": matrix.tolist(),
        "without_twins": _without_twins(predictions, twins, resamples),
        "flip_averaged": None if both is None else _accuracy(both, resamples),
        "coverage": coverage_curve(calibrated),
        "by_brightness": None if brightness is None else accuracy_by_brightness(predictions, brightness, resamples),
    }


def without_images(splits: Mapping[str, Metrics]) -> list[str]:
    """Return a sentence a split that names the classes of which it has no image, so that nothing is known of them."""
    return [
        f"no {split} image shows {', '.join(missing)}: of {'it' if len(missing) == 1 else 'them'} nothing is known here"
        for split, metrics in splits.items()
        if (missing := [name for name, found in metrics["per_class"].items() if not found["n"]])
    ]


def without_intervals(splits: Mapping[str, Metrics]) -> list[str]:
    """Return a sentence that says where there are too few images for intervals, and why, if there is such a place."""
    few = [f"{split} ({metrics['groups']})" for split, metrics in splits.items() if metrics["groups"] < LEAST_GROUPS]
    thirds = [
        f"{split} by brightness"
        for split, metrics in splits.items()
        if metrics["groups"] >= LEAST_GROUPS
        and any(part["accuracy"]["low"] is None for part in (metrics["by_brightness"] or {}).values())
    ]
    why = f"they need {LEAST_GROUPS} images independent of each other; near-duplicates, and photographs of one person, "
    return [f"no intervals for {', '.join([*few, *thirds])}: {why}count as one"] if few or thirds else []


def _per_class(matrix: np.ndarray, classes: Sequence[str]) -> dict[str, dict[str, float | int | None]]:
    columns = zip(precision(matrix), recall(matrix), f1(matrix), matrix.sum(axis=1), strict=True)
    return {
        name: {"precision": _number(p), "recall": _number(r), "f1": _number(f), "n": int(n)}
        for name, (p, r, f, n) in zip(classes, columns, strict=True)
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _accuracy(predictions: Predictions, resamples: int) -> Metrics:
    return {"n": len(predictions.targets), **intervals(predictions, {"accuracy": accuracy}, resamples)}


def _without_twins(predictions: Predictions, twins: np.ndarray | None, resamples: int) -> Metrics | None:
    if twins is None or twins.all():
        return None
    return _accuracy(predictions.subset(~twins), resamples)
