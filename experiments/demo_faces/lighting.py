"""The light around a face as one picture of the whole sphere.

One emitter whose bright spots the renderer samples by their brightness is less noisy than several lamps.
"""

import numpy as np

from experiments.demo_faces.view import View

HEIGHT, WIDTH = 32, 64
SKY_SLOPE = 0.4  # how much brighter the light from above is than that from level, as a share
FILL_SHARE = 0.15  # of the key light's strength, from the other side and softer
FILL_CONCENTRATION = 4.0


def directions() -> np.ndarray:
    """Return the unit directions (HEIGHT, WIDTH, 3) that Mitsuba's `envmap` gives its pixels' middles."""
    polar = (np.arange(HEIGHT) + 0.5)[:, None] / HEIGHT * np.pi
    around = (np.arange(WIDTH) + 0.5)[None] / WIDTH * 2 * np.pi
    parts = np.sin(around) * np.sin(polar), np.cos(polar) + 0.0 * around, -np.cos(around) * np.sin(polar)
    return np.stack(parts, axis=-1)


def environment(view: View) -> np.ndarray:
    """Return the radiance (HEIGHT, WIDTH, 3) float32 of the sky, a key light and a fill light.

    A surface that faces the key light gets an irradiance of about pi, so that white paper has radiance 1.
    """
    away = directions()
    sky = view.ambient * (1.0 + SKY_SLOPE * away[..., 1])
    strength = 1.0 - view.ambient
    azimuth, elevation = view.light
    key = _lobe(away, azimuth, elevation, 1.0 / view.light_size**2) * strength
    fill = _lobe(away, -azimuth - 20.0, 10.0, FILL_CONCENTRATION) * strength * FILL_SHARE
    return ((sky + fill)[..., None] + key[..., None] * np.array(view.tint)).astype(np.float32)


def _lobe(away: np.ndarray, azimuth: float, elevation: float, concentration: float) -> np.ndarray:
    """Return a von Mises-Fisher lobe (HEIGHT, WIDTH) whose irradiance, face on, is about pi."""
    side, up = np.deg2rad([azimuth, elevation])
    towards = np.array([np.sin(side) * np.cos(up), np.sin(up), np.cos(side) * np.cos(up)])
    return concentration / 2.0 * np.exp(concentration * (away @ towards - 1.0))
