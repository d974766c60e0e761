"""How a picture is taken: camera, gaze, light, background and the photograph's faults.

None of it is drawn from, or depends on, the expression: the crop follows the identity's neutral face.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class View:
    """Everything about a picture but its face.

    Attributes:
        yaw, pitch, roll: of the camera around the face, degrees.
        distance: from the eyes, decimetres.
        half_width: of the crop, in distances between the eyes.
        shift: of the crop's middle to the right and up, in distances between the eyes.
        gaze: of the eyes to the person's left and up, degrees, apart from the head.
        light: azimuth and elevation of the key light, degrees.
        light_size: angular radius of the key light, radians.
        ambient: share of the light that comes from everywhere.
        tint: linear RGB (3,) of the key light, mean 1.
        exposure: brightness factor after correcting for the skin's.
        blur: standard deviation in thousandths of the picture's width.
        noise: standard deviation of the sensor's noise at white, 0 to 1.
        jpeg_quality: Pillow's.
        background_seed: what stands behind.
    """

    yaw: float
    pitch: float
    roll: float
    distance: float
    half_width: float
    shift: tuple[float, float]
    gaze: tuple[float, float]
    light: tuple[float, float]
    light_size: float
    ambient: float
    tint: tuple[float, float, float]
    exposure: float
    blur: float
    noise: float
    jpeg_quality: int
    background_seed: int


def sample_view(generator: np.random.Generator) -> View:
    """Draw a picture such as a face detector cuts out of ordinary photographs: mostly frontal, a little off."""
    warm = generator.normal(0.0, 0.06)
    return View(
        yaw=_bounded(generator, 12.0, 32.0),
        pitch=_bounded(generator, 6.0, 16.0),
        roll=_bounded(generator, 5.0, 14.0),
        distance=float(generator.uniform(7.0, 20.0)),
        half_width=float(generator.uniform(1.15, 1.45)),
        shift=(_bounded(generator, 0.06, 0.15), _bounded(generator, 0.06, 0.15)),
        gaze=(_bounded(generator, 6.0, 15.0), _bounded(generator, 4.0, 9.0)),
        light=(_bounded(generator, 38.0, 80.0), float(generator.uniform(5.0, 60.0))),
        light_size=float(generator.uniform(0.2, 0.6)),
        ambient=float(generator.uniform(0.2, 0.5)),
        tint=(1.0 + warm, 1.0, 1.0 - warm),
        exposure=float(generator.uniform(0.85, 1.35)),
        blur=float(generator.uniform(0.0, 8.0)) if generator.random() < 0.7 else 0.0,
        noise=float(generator.uniform(0.0, 0.025)),
        jpeg_quality=int(generator.integers(82, 94)),
        background_seed=int(generator.integers(2**31)),
    )


def _bounded(generator: np.random.Generator, deviation: float, limit: float) -> float:
    return float(np.clip(generator.normal(0.0, deviation), -limit, limit))
