"""Folds of the skin: lines on the face that deepen with the action units that make them, and with age.

Which unit makes which fold is FACS's own description of its appearance changes (Ekman and Friesen, 1978).
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from experiments.demo_faces.actions import Intensities
from experiments.demo_faces.noise import step

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Fold:
    """A line on the skin.

    Attributes:
        line: its points (|x|, y) at rest, decimetres; it runs on both sides.
        width: of its groove, decimetres.
        drivers: action unit -> depth at full intensity, 1 being the deepest.
        age: depth that old age alone gives it.
    """

    line: Points
    width: float
    drivers: Mapping[int, float]
    age: float


FOLDS: tuple[Fold, ...] = (
    *(Fold(((0.0, y), (0.2, y + 0.02), (0.42, y - 0.03)), 0.022, {1: 0.35, 2: 0.55}, 0.35) for y in (7.66, 7.75, 7.85)),
    Fold(((0.06, 7.42), (0.055, 7.53)), 0.020, {4: 0.75, 9: 0.3}, 0.25),
    Fold(((0.0, 7.37), (0.07, 7.365)), 0.018, {4: 0.4, 9: 1.0}, 0.15),
    Fold(((0.05, 7.28), (0.12, 7.20), (0.14, 7.12)), 0.018, {9: 1.0}, 0.0),
    Fold(((0.165, 6.93), (0.24, 6.84), (0.30, 6.72), (0.31, 6.64)), 0.026, {9: 0.8, 10: 0.9, 12: 0.9, 6: 0.3}, 0.5),
    Fold(((0.20, 7.14), (0.30, 7.10), (0.42, 7.14)), 0.020, {6: 0.8, 7: 0.5, 9: 0.5}, 0.5),
    *(Fold(((0.51, 7.28), (0.62, y)), 0.014, {6: 0.9, 7: 0.25}, 0.4) for y in (7.34, 7.27, 7.20)),
    Fold(((0.27, 6.62), (0.30, 6.54), (0.29, 6.46)), 0.024, {15: 0.9, 17: 0.3, 20: 0.4}, 0.4),
    Fold(((0.0, 6.50), (0.10, 6.51)), 0.030, {17: 0.9, 15: 0.3}, 0.1),
    Fold(((0.33, 6.72), (0.345, 6.66)), 0.022, {14: 1.0, 12: 0.25}, 0.0),
)
FRONT = 0.75  # dm: z at rest behind which there is no face


def fold_depth(rest: np.ndarray, intensities: Intensities, age: float) -> np.ndarray:
    """Return (N,) how deep the folds are at each rest position (N, 3): 0 none, 1 the deepest.

    Args:
        rest: positions on the base mesh.
        intensities: of the action units, left and right.
        age: years.
    """
    old = float(np.clip((age - 30.0) / 50.0, 0.0, 1.0))
    left = step(rest[:, 0], 0.0, 0.03)
    depth = np.zeros(len(rest))
    for fold in FOLDS:
        drive = [sum(fold.drivers[unit] * intensities[unit][side] for unit in fold.drivers if unit in intensities)
                 for side in (0, 1)]  # fmt: skip
        strength = np.clip(drive[0] * left + drive[1] * (1.0 - left) + old * fold.age, 0.0, 1.0)
        depth = np.maximum(depth, strength * np.exp(-((_distance(rest, fold.line) / fold.width) ** 2)))
    return depth * (rest[:, 2] > FRONT)


def _distance(rest: np.ndarray, line: Points) -> np.ndarray:
    """Return (N,) distances, seen from the front and folded at the midline, to the polyline `line`."""
    points = np.stack([np.abs(rest[:, 0]), rest[:, 1]], axis=1)
    ends = np.array(line)
    distances = [_to_segment(points, start, end) for start, end in itertools.pairwise(ends)]
    return np.min(distances, axis=0)


def _to_segment(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = np.clip((points - start) @ (end - start) / ((end - start) @ (end - start)), 0.0, 1.0)
    return np.linalg.norm(points - start - along[:, None] * (end - start), axis=1)
