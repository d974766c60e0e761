"""Temperature scaling: one number that makes confidences mean what they say (Guo et al. 2017)."""

import math

from scipy.optimize import minimize_scalar

from emolab.evaluation.metrics import negative_log_likelihood
from emolab.evaluation.predictions import Predictions

LOWEST, HIGHEST = 0.05, 20.0  # a network that is always right would ask for 0, one that knows nothing for infinity


def fit_temperature(predictions: Predictions) -> float:
    """Return the temperature, 0.05 to 20, with the least negative log-likelihood of these predictions.

    Fit it on validation, never on test. The most probable class stays what it is.
    """
    found = minimize_scalar(
        lambda power: negative_log_likelihood(predictions.probabilities(math.exp(power)), predictions.targets),
        bounds=(math.log(LOWEST), math.log(HIGHEST)),
        method="bounded",
    )
    return float(math.exp(found.x))
