"""Metrics as pure functions; a class without images is left out of the mean recall, and of the mean F1 unless named.

Those of the confusion matrix take it with any number of leading axes, so that thousands of resamples are one
computation.
"""

from collections.abc import Callable, Iterator

import numpy as np

from emolab.evaluation.predictions import Predictions

BINS = 15  # of confidence, of equal width


def confusion_matrix(targets: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return counts (C, C): a row a true class, a column a predicted one."""
    return np.bincount(targets * classes + predicted, minlength=classes**2).reshape(classes, classes)


def accuracy(matrix: np.ndarray) -> np.ndarray:
    """Share of the images named rightly, 0 to 1, of confusion matrices (..., C, C)."""
    return np.trace(matrix, axis1=-2, axis2=-1) / matrix.sum((-2, -1))


def recall(matrix: np.ndarray) -> np.ndarray:
    """Share of each class named rightly (..., C); NaN for a class without images."""
    return _divided(_diagonal(matrix), matrix.sum(-1), np.nan)


def precision(matrix: np.ndarray) -> np.ndarray:
    """Share of each name that was right (..., C); 0 for a class never named."""
    return _divided(_diagonal(matrix), matrix.sum(-2), 0.0)


def f1(matrix: np.ndarray) -> np.ndarray:
    """Harmonic mean of precision and recall (..., C); NaN for a class neither there nor named."""
    return _divided(2.0 * _diagonal(matrix), matrix.sum(-1) + matrix.sum(-2), np.nan)


def balanced_accuracy(matrix: np.ndarray) -> np.ndarray:
    """Mean recall over the classes that are there."""
    return np.nanmean(recall(matrix), axis=-1)


def macro_f1(matrix: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that are there or were named."""
    return np.nanmean(f1(matrix), axis=-1)


MATRIX_METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
}

METRIC_LABELS = {  # what report and model card call each of these and of `evaluators`, in their order
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "top_2": "true class among the two most probable",
    "nll": "negative log-likelihood, nats",
    "nll_calibrated": "negative log-likelihood, calibrated",
    "ece": "expected calibration error",
    "ece_calibrated": "expected calibration error, calibrated",
    "ece_if_calibrated": "what exactly true confidences would show on so few images",
    "majority_baseline": "accuracy of always naming the largest class",
}


def top_k(probabilities: np.ndarray, targets: np.ndarray, k: int = 2) -> float:
    """Share of the images whose true class is among the k most probable."""
    own = probabilities[np.arange(len(targets)), targets]
    above = (probabilities > own[:, None]).sum(axis=1)
    return float((above < k).mean())


def negative_log_likelihood(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean of -log p(true class), in nats."""
    own = probabilities[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(own, 1e-30)).mean())


def expected_calibration_error(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean distance of confidence from accuracy over equal-width bins (Guo et al. 2017), 0 to 1."""
    counts, confidence, hit_rate = reliability(probabilities, targets)
    return float((counts * np.abs(confidence - hit_rate)).sum() / counts.sum())


def calibration_error_if_calibrated(probabilities: np.ndarray, draws: int = 200) -> float:
    """Mean calibration error, 0 to 1, that confidences which are exactly true show on so few images.

    Each image is named rightly with the probability that its confidence says, in each of `draws` draws. The error of
    few images can't be expected to be smaller (Roelofs et al. 2022 call it the bias of the estimate).
    """
    confidence = probabilities.max(axis=1)
    generator = np.random.default_rng(0)
    place = bins_of(confidence)
    errors = []
    for _ in range(draws):
        off = confidence - (generator.random(len(confidence)) < confidence)
        errors.append(np.abs(np.bincount(place, off, minlength=BINS)).sum() / len(confidence))
    return float(np.mean(errors))


def reliability(probabilities: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each bin of confidence: images, their mean confidence, their accuracy; 0 for an empty bin."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    place = bins_of(confidence)
    counts = np.bincount(place, minlength=BINS)
    sums = (np.bincount(place, values, minlength=BINS) for values in (confidence, right.astype(float)))
    mean, hit_rate = (_divided(total, counts, 0.0) for total in sums)
    return counts, mean, hit_rate


def majority_baseline(targets: np.ndarray, classes: int) -> float:
    """Accuracy of always naming the largest class of these images."""
    return float(np.bincount(targets, minlength=classes).max() / len(targets))


def evaluators(predictions: Predictions, calibrated: Predictions) -> Iterator[tuple[str, float]]:
    """Yield name and value of each metric of the probabilities, as trained and after temperature scaling."""
    raw, scaled, targets = predictions.probabilities(), calibrated.probabilities(), predictions.targets
    yield "top_2", top_k(raw, targets, 2)
    yield "nll", negative_log_likelihood(raw, targets)
    yield "nll_calibrated", negative_log_likelihood(scaled, targets)
    yield "ece", expected_calibration_error(raw, targets)
    yield "ece_calibrated", expected_calibration_error(scaled, targets)
    yield "ece_if_calibrated", calibration_error_if_calibrated(scaled)
    yield "majority_baseline", majority_baseline(targets, len(predictions.classes))


def bins_of(confidence: np.ndarray) -> np.ndarray:
    """Return the bin of each confidence (N,), from 0; a bin holds its upper edge."""
    return np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)


def _diagonal(matrix: np.ndarray) -> np.ndarray:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _divided(numerator: np.ndarray, denominator: np.ndarray, otherwise: float) -> np.ndarray:
    result = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), otherwise, dtype=np.float64)
    return np.divide(numerator, denominator, out=result, where=denominator > 0)
