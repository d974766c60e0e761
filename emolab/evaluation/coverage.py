"""Saying less and being right more often: accuracy against coverage, and the confidence below which to say nothing.

Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks" (2017), with the calibrated probability of
the most probable class as confidence.
"""

import numpy as np

from emolab.evaluation.predictions import Predictions

NAMED = 0.8  # share of validation faces that keep their name at least; below, a viewer shows "not sure"
LIKELY = 0.5  # a calibrated confidence above this is right more often than wrong, and always keeps its name
COVERAGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.4, 0.3)


def coverage_curve(calibrated: Predictions) -> list[dict[str, float]]:
    """Return for each of `COVERAGES` its threshold, the share really named, and the accuracy on these images.

    Args:
        calibrated: predictions of one split, after temperature scaling.

    Returns:
        {"threshold", "coverage", "accuracy"}, each 0 to 1.
    """
    confidence = calibrated.probabilities().max(axis=1)
    thresholds = [float(np.quantile(confidence, 1.0 - coverage, method="lower")) for coverage in COVERAGES]
    return [_point(calibrated, confidence, threshold) for threshold in thresholds]


def named_from(calibrated: Predictions, threshold: float) -> dict[str, float] | None:
    """Return the point of `coverage_curve` at a threshold, 0 to 1; None where no face reaches it."""
    confidence = calibrated.probabilities().max(axis=1)
    return _point(calibrated, confidence, threshold) if (confidence >= threshold).any() else None


def uncertain_below(calibrated: Predictions, named: float = NAMED) -> float:
    """Return the confidence below which a face is better left unnamed, 0 to 0.5. Choose it on validation.

    It's what a share `named` of these images reaches, but never asks for more than being right in half of the cases.
    """
    confidence = calibrated.probabilities().max(axis=1)
    return min(LIKELY, float(np.quantile(confidence, 1.0 - named, method="lower")))


def _point(calibrated: Predictions, confidence: np.ndarray, threshold: float) -> dict[str, float]:
    named = confidence >= threshold
    return {
        "threshold": threshold,
        "coverage": float(named.mean()),
        "accuracy": float(calibrated.right[named].mean()),
    }
