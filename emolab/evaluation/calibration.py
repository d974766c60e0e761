"""Temperature scaling: numbers that make confidences mean what they say, and change no name.

One temperature for all classes (Guo et al. 2017) leaves classes unequally sure. So each class has its own, and a face
is read at the mean of them, weighted by the probabilities that the network gives the classes. That is class-based
temperature scaling (Frenkel and Goldberger 2021) without its jump where another class becomes the most probable one.
`results/calibration` holds what it gains.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from emolab.evaluation.metrics import negative_log_likelihood
from emolab.evaluation.predictions import Predictions

Temperatures = Mapping[str, float]  # of each class
LOWEST, HIGHEST = 0.05, 20.0  # a network that is always right would ask for 0, one that knows nothing for infinity
_SPREAD = 0.3  # of the classes' 1 / temperature, as a share of the common one's, before any image is seen


def calibrated(predictions: Predictions, temperatures: Temperatures) -> Predictions:
    """Return the predictions with each image's logits divided by its temperature: names stay, confidences change.

    An image's temperature is the harmonic mean of the classes', weighted by the probabilities before.

    Args:
        predictions: of any images.
        temperatures: of each of their classes, as `fit_temperatures` finds them.
    """
    sharpness = np.array([1.0 / temperatures[name] for name in predictions.classes])
    own = predictions.probabilities() @ sharpness
    return replace(predictions, logits=predictions.logits.astype(np.float64) * own[:, None])


def fit_temperatures(predictions: Predictions) -> dict[str, float]:
    """Return the temperature of each class, 0.05 to 20, with the least negative log-likelihood of these predictions.

    Fit them on validation, never on test. A class of which there are few images stays near the temperature that all
    have in common: the likelihood is weighed against a normal prior, which makes this the most probable answer. The
    problem is convex in 1 / temperature, so that there's one answer.
    """
    common = 1.0 / _common_temperature(predictions)
    logits, before = predictions.logits.astype(np.float64), predictions.probabilities()
    count, classes = logits.shape
    rows, targets = np.arange(count), predictions.targets

    def loss(sharpness: np.ndarray) -> tuple[float, np.ndarray]:
        """The mean negative log-likelihood and the prior's share of it, and both their slopes."""
        scaled = logits * (before @ sharpness)[:, None]
        scaled -= scaled.max(axis=1, keepdims=True)
        exponent = np.exp(scaled)
        total = exponent.sum(axis=1)
        expected = (exponent * logits).sum(axis=1) / total  # of the logits, by the probabilities after
        off = (sharpness / common - 1.0) / _SPREAD
        value = (np.log(total) - scaled[rows, targets]).mean() + (off**2).sum() / (2 * count)
        slope = before.T @ (expected - logits[rows, targets]) / count + off / (_SPREAD * common * count)
        return float(value), slope

    bounds = [(1.0 / HIGHEST, 1.0 / LOWEST)] * classes
    found = minimize(loss, np.full(classes, common), jac=True, method="L-BFGS-B", bounds=bounds)
    return {name: float(1.0 / value) for name, value in zip(predictions.classes, found.x, strict=True)}


def spread_text(temperatures: Temperatures) -> str:
    """Return the lowest and the highest of some temperatures, such as "0.70 (happy) to 0.98 (disgust)"."""
    low, high = (choose(temperatures, key=temperatures.__getitem__) for choose in (min, max))
    ends = [f"{temperatures[name]:.2f} ({name})" for name in (low, high)]
    return " to ".join(ends) if temperatures[low] < temperatures[high] else f"{temperatures[low]:.2f}"


def _common_temperature(predictions: Predictions) -> float:
    logits = predictions.logits.astype(np.float64)

    def loss(power: float) -> float:
        scaled = replace(predictions, logits=logits / math.exp(power))
        return negative_log_likelihood(scaled.probabilities(), predictions.targets)

    ends = math.log(LOWEST), math.log(HIGHEST)
    found = minimize_scalar(loss, bounds=ends, method="bounded")
    return LOWEST if loss(ends[0]) <= found.fun else float(math.exp(found.x))  # nothing is wrong at either
