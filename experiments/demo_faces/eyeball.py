"""An eyeball: a sphere of rings around the gaze, so that pupil, iris and white meet at sharp edges."""

from functools import cache

import numpy as np

PUPIL, IRIS = 0.21, 0.52  # angles from the gaze, radians
SEGMENTS = 32
WHITE = np.array([0.40, 0.37, 0.35])
RINGS = (
    0.0,
    0.1,
    PUPIL - 0.01,
    PUPIL,
    0.35,
    IRIS - 0.08,
    IRIS - 0.07,
    IRIS,
    IRIS + 0.02,
    0.7,
    0.9,
    1.2,
    1.6,
    2.2,
    3.14,
)


@cache
def unit_eyeball() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the vertices (N, 3) of a unit sphere that looks along z, triangles (M, 3), and angles (N,) from z."""
    angle, turn = np.meshgrid(RINGS, np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS, indexing="ij")
    vertices = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)], axis=-1)
    ring, segment = np.meshgrid(np.arange(len(RINGS) - 1), np.arange(SEGMENTS), indexing="ij")
    first, after = ring * SEGMENTS + segment, ring * SEGMENTS + (segment + 1) % SEGMENTS
    halves = [[first, first + SEGMENTS, after], [after, first + SEGMENTS, after + SEGMENTS]]
    triangles = np.concatenate([np.stack(half, axis=-1).reshape(-1, 3) for half in halves])
    return vertices.reshape(-1, 3), triangles, angle.ravel()


def eyeball_colours(iris: np.ndarray) -> np.ndarray:
    """Return linear RGB (N, 3) for `unit_eyeball`'s vertices: black pupil, `iris` (3,) with a dark rim, white."""
    angle = unit_eyeball()[2]
    colours = np.tile(WHITE, (len(angle), 1))
    colours[angle <= IRIS] = iris * 0.35
    colours[angle < IRIS - 0.071] = iris
    colours[angle < PUPIL - 0.001] = 0.004
    return colours


def place_eyeball(middle: np.ndarray, radius: float, gaze: tuple[float, float]) -> np.ndarray:
    """Return the vertices (N, 3) of an eyeball of `radius` at `middle`, looking `gaze` degrees to its left and up."""
    left, up = np.deg2rad(gaze)
    tilt = np.array([[1, 0, 0], [0, np.cos(up), np.sin(up)], [0, -np.sin(up), np.cos(up)]])
    turn = np.array([[np.cos(left), 0, np.sin(left)], [0, 1, 0], [-np.sin(left), 0, np.cos(left)]])
    return middle + radius * unit_eyeball()[0] @ (turn @ tilt).T
