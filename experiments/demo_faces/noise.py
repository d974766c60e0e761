"""Smooth random fields over space, made of random cosines, and soft steps."""

import numpy as np


def random_field(generator: np.random.Generator, points: np.ndarray, size: float, terms: int = 24) -> np.ndarray:
    """Return (N,) values of mean 0 and variance about 1 at `points` (N, 3), varying over lengths of about `size`.

    Random Fourier features: Rahimi and Recht, "Random features for large-scale kernel machines" (2007).
    """
    waves = generator.normal(0.0, 1.0 / size, (points.shape[1], terms))
    phases = generator.uniform(0.0, 2 * np.pi, terms)
    return np.cos(points @ waves + phases).sum(axis=1) * np.sqrt(2.0 / terms)


def step(values: np.ndarray, edge: float | np.ndarray, softness: float) -> np.ndarray:
    """Return 0 well below `edge` and 1 well above it, with a smooth passage about `softness` wide."""
    return 1.0 / (1.0 + np.exp(-np.clip((values - edge) / softness, -40.0, 40.0)))


def bump(values: np.ndarray, centre: float | np.ndarray, width: float | np.ndarray) -> np.ndarray:
    """Return a Gaussian of height 1 around `centre`."""
    return np.exp(-(((values - centre) / width) ** 2))


def blend(base: np.ndarray, colour: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Mix `colour` (3,) or (N, 3) into `base` (N, 3) by `amount` (N,), clipped to 0 to 1."""
    share = np.clip(amount, 0.0, 1.0)[:, None]
    return base * (1.0 - share) + colour * share
