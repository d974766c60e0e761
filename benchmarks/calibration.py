"""Ways to make confidences true, compared on runs that were evaluated: each fitted on a half, judged on the other.

    python benchmarks/calibration.py runs/*/*/report/predictions.npz

Near-duplicates stay on one side. Each half is judged by what was fitted on the other, so that a number is of all images
of a split; it is the mean over ten draws of the halves. Printed are the expected calibration error, what exactly true
confidences would show on so many images, the negative log-likelihood in nats, and the accuracy, which vector scaling
alone changes. `--fitted-on 100` fits on so many images of the half, as those with few photographs would have to.
`--on-test` fits on each file's validation images instead, and judges on its test images, as emolab does.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from emolab.evaluation.calibration import calibrated, fit_temperatures
from emolab.evaluation.metrics import (
    calibration_error_if_calibrated,
    expected_calibration_error,
    negative_log_likelihood,
)
from emolab.evaluation.predictions import Predictions, load_predictions

Fit = Callable[[Predictions], Callable[[Predictions], Predictions]]  # predictions -> what calibrates others
RIDGE = 1e-3  # on vector scaling's biases


def main() -> None:
    """Print a row for each way, the mean over all files and splits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", type=Path, nargs="+")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--fitted-on", type=int, help="images of the half; without it all")
    parser.add_argument("--on-test", action="store_true")
    arguments = parser.parse_args()
    files = [load_predictions(path) for path in arguments.predictions]
    judgings: list[Callable[[Fit], np.ndarray]]
    if arguments.on_test:
        judgings = [partial(judged_on_test, splits) for splits in files]
    else:
        sets = [one for splits in files for one in splits.values()]
        judgings = [partial(judged, one, draws=arguments.draws, fitted_on=arguments.fitted_on) for one in sets]
    print(f"{len(judgings)} sets of predictions{'' if arguments.on_test else f', {arguments.draws} draws'}\n")
    print("| | ECE | if exactly true | log-likelihood, nats | accuracy | lower ECE than one temperature |")
    print("| --- | --- | --- | --- | --- | --- |")
    by_way = {name: np.array([judging(fit) for judging in judgings]) for name, fit in WAYS.items()}
    for name, rows in by_way.items():
        ece, floor, nll, accuracy = rows.mean(axis=0)
        better = int((rows[:, 0] < by_way["one temperature"][:, 0]).sum())
        print(f"| {name} | {ece:.4f} | {floor:.4f} | {nll:.4f} | {accuracy:.4f} | {better} of {len(judgings)} |")


def judged(predictions: Predictions, fit: Fit, draws: int, fitted_on: int | None) -> np.ndarray:
    """Return calibration error, what exact confidences would show, loss and accuracy, each the mean over the draws."""
    found = []
    for seed in range(draws):
        first = halves(predictions.groups, seed)
        said = np.zeros(predictions.logits.shape)
        for part in (first, ~first):
            rows = np.random.default_rng(seed).permutation(np.flatnonzero(part))[:fitted_on]
            said[~part] = fit(predictions.subset(rows))(predictions.subset(~part)).logits
        found.append(numbers_of(replace(predictions, logits=said), draws=20))
    return np.mean(found, axis=0)


def judged_on_test(splits: Mapping[str, Predictions], fit: Fit) -> np.ndarray:
    """Return the same numbers of a file's test images, by what was fitted on its validation images."""
    return np.array(numbers_of(fit(splits["validation"])(splits["test"]), draws=200))


def numbers_of(predictions: Predictions, draws: int) -> list[float]:
    """Return calibration error, what exact confidences would show (the mean of so many draws), loss and accuracy."""
    probabilities = predictions.probabilities()
    return [
        expected_calibration_error(probabilities, predictions.targets),
        calibration_error_if_calibrated(probabilities, draws),
        negative_log_likelihood(probabilities, predictions.targets),
        float(predictions.right.mean()),
    ]


def halves(groups: np.ndarray, seed: int) -> np.ndarray:
    """Return which images are in the first half, bool (N,), each group whole."""
    known = np.unique(groups)
    chosen = np.random.default_rng(seed).permutation(known)[: len(known) // 2]
    return np.isin(groups, chosen)


def one_temperature(known: Predictions) -> Callable[[Predictions], Predictions]:
    """Guo et al. (2017)."""

    def scaled(others: Predictions, power: float) -> Predictions:
        return replace(others, logits=others.logits * np.exp(power))

    power = minimize_scalar(lambda power: loss(scaled(known, power)), bounds=(-3.0, 3.0), method="bounded").x
    return lambda others: scaled(others, power)


def by_name_given(known: Predictions) -> Callable[[Predictions], Predictions]:
    """A temperature for each class, of which a face has that of the most probable (Frenkel and Goldberger 2021)."""

    def scaled(others: Predictions, powers: np.ndarray) -> Predictions:
        return replace(others, logits=others.logits * np.exp(powers)[others.predicted][:, None])

    powers = minimize(lambda powers: loss(scaled(known, powers)), np.zeros(len(known.classes))).x
    return lambda others: scaled(others, powers)


def vector_scaling(known: Predictions) -> Callable[[Predictions], Predictions]:
    """A factor and a bias for each logit (Guo et al. 2017), which may change names."""
    classes = len(known.classes)

    def scaled(others: Predictions, fitted: np.ndarray) -> Predictions:
        return replace(others, logits=others.logits * np.exp(fitted[:classes]) + fitted[classes:])

    def weighed(fitted: np.ndarray) -> float:
        return loss(scaled(known, fitted)) + RIDGE * float((fitted[classes:] ** 2).sum())

    fitted = minimize(weighed, np.zeros(2 * classes)).x
    return lambda others: scaled(others, fitted)


def emolabs(known: Predictions) -> Callable[[Predictions], Predictions]:
    """What `emolab.evaluate` does."""
    temperatures = fit_temperatures(known)
    return lambda others: calibrated(others, temperatures)


def loss(predictions: Predictions) -> float:
    """Return the negative log-likelihood in nats."""
    return negative_log_likelihood(predictions.probabilities(), predictions.targets)


WAYS: dict[str, Fit] = {
    "as trained": lambda known: lambda others: others,
    "one temperature": one_temperature,
    "a temperature of the class that is named": by_name_given,
    "emolab's: the mean of the classes' temperatures": emolabs,
    "vector scaling": vector_scaling,
}

if __name__ == "__main__":
    main()
