"""From rendered light to a photograph: background, exposure, blur, noise, eight bits."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from experiments.demo_faces.view import View

GAMMA = 2.2


def develop(light: np.ndarray, view: View, exposure: float, generator: np.random.Generator) -> np.ndarray:
    """Turn rendered light into a photograph.

    Args:
        light: (H, W, 4) float, linear RGB premultiplied by its alpha.
        view: where the background, blur and noise come from.
        exposure: factor on the face's light; the background isn't touched by it.
        generator: draws the sensor's noise.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    height, width = light.shape[:2]
    coverage = np.clip(light[..., 3:], 0.0, 1.0)
    scene = light[..., :3] * exposure + background(view.background_seed, height, width) * (1.0 - coverage)
    if view.blur > 0.0:
        scene = gaussian_filter(scene, (view.blur * width / 1000.0,) * 2 + (0.0,))
    scene = scene + generator.normal(0.0, 1.0, scene.shape) * view.noise * np.sqrt(np.clip(scene, 0.02, 1.0))
    return np.round(255.0 * soft_clip(scene) ** (1.0 / GAMMA)).astype(np.uint8)


def soft_clip(light: np.ndarray) -> np.ndarray:
    """Bring light of any strength into 0 to 1, bending only above 0.7, as film and cameras do."""
    light = np.maximum(light, 0.0)
    knee = 0.7
    return np.where(light < knee, light, knee + (1 - knee) * (1.0 - np.exp(-(light - knee) / (1 - knee))))


def background(seed: int, height: int, width: int) -> np.ndarray:
    """Return (height, width, 3) linear light: a wall with a gradient, and out-of-focus shapes on it."""
    generator = np.random.default_rng([seed, 2])
    wall = generator.uniform(0.02, 0.8) * (1.0 + 0.12 * generator.normal(0.0, 1.0, 3))
    rows, columns = np.mgrid[0:height, 0:width] / float(max(height, width))
    direction = generator.uniform(0.0, 2 * np.pi)
    slope = generator.uniform(0.0, 0.7) * (np.cos(direction) * (columns - 0.5) + np.sin(direction) * (rows - 0.5))
    scene = wall * (1.0 + slope[..., None])
    for _ in range(generator.integers(0, 7)):
        scene = _shape(generator, scene, rows, columns)
    return np.clip(gaussian_filter(scene, (generator.uniform(0.01, 0.05) * width,) * 2 + (0.0,)), 0.0, 1.0)


def _shape(generator: np.random.Generator, scene: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    middle, size = generator.uniform(0.0, 1.0, 2), generator.uniform(0.05, 0.35, 2)
    off = np.stack([(rows - middle[0]) / size[0], (columns - middle[1]) / size[1]])
    inside = np.abs(off).max(axis=0) < 1.0 if generator.random() < 0.6 else (off**2).sum(axis=0) < 1.0
    colour = generator.uniform(0.02, 0.9) * (1.0 + 0.2 * generator.normal(0.0, 1.0, 3))
    return np.where(inside[..., None], np.clip(colour, 0.0, 1.0), scene)


def encode_jpeg(path: Path, picture: np.ndarray, quality: int) -> None:
    """Write (H, W, 3) uint8 as a JPEG with chroma at half resolution, as cameras do."""
    Image.fromarray(picture).save(path, format="JPEG", quality=quality, subsampling=2, optimize=True)
