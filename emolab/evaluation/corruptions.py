"""What befalls a face on its way to the network: a detector's loose box, other light, a poor camera, a hand.

The kinds follow Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and
perturbations" (2019), with the geometry of a face crop in place of their weather. Each is a pure function of the
images, the level and a generator; the levels go from mild to severe, in units that a user can compare with a camera
or a detector.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

Apply = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
GREY = 127  # what covers a face, as in conf/aug


@dataclass(frozen=True)
class Corruption:
    """One kind of damage.

    Attributes:
        unit: what a level means, for the axis of a plot.
        levels: from left to right on that axis.
        intact: the level that changes nothing; it may lie between the others.
        apply: (image uint8 (S, S, 3), level, generator) -> uint8 (S, S, 3).
    """

    unit: str
    levels: tuple[float, ...]
    intact: float
    apply: Apply


def corrupted(images: np.ndarray, rows: np.ndarray, corruption: Corruption, level: float, seed: int) -> np.ndarray:
    """Return uint8 (N, S, S, 3): each image damaged with its own draw, a pure function of its row and the seed.

    Args:
        images: uint8 RGB (N, S, S, 3).
        rows: where each stands in the data set, int64 (N,), at least 0.
        corruption: the kind of damage.
        level: how much of it; the kind's `intact` level gives the images back.
        seed: of what is drawn.
    """
    if level == corruption.intact:
        return images
    draws = (np.random.default_rng([seed, row]) for row in rows)
    return np.stack([corruption.apply(image, level, draw) for image, draw in zip(images, draws, strict=True)])


def shift(image: np.ndarray, level: float, generator: np.random.Generator) -> np.ndarray:
    """Move the crop by `level` of the side in any direction; the edge's pixels are repeated."""
    angle = generator.uniform(0.0, 2.0 * np.pi)
    side = image.shape[0]
    return _warped(image, np.eye(2), level * side * np.array([np.cos(angle), np.sin(angle)]))


def scale(image: np.ndarray, level: float, _: np.random.Generator) -> np.ndarray:
    """Cut the crop `level` times as wide: above 1 the face is smaller, and the edge's pixels are repeated."""
    return _warped(image, np.eye(2) / level, np.zeros(2))


def rotate(image: np.ndarray, level: float, generator: np.random.Generator) -> np.ndarray:
    """Tilt the head by `level` degrees, to either side."""
    angle = np.deg2rad(level) * generator.choice((-1.0, 1.0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _warped(image, turn, np.zeros(2))


def brightness(image: np.ndarray, level: float, _: np.random.Generator) -> np.ndarray:
    """Multiply every pixel by `level`."""
    return _pixels(image * np.float32(level))


def contrast(image: np.ndarray, level: float, _: np.random.Generator) -> np.ndarray:
    """Multiply every pixel's difference from the image's mean by `level`."""
    mean = np.float32(image.mean())
    return _pixels(mean + (image - mean) * np.float32(level))


def blur(image: np.ndarray, level: float, _: np.random.Generator) -> np.ndarray:
    """Blur with a Gaussian whose standard deviation is `level` of the side."""
    return cv2.GaussianBlur(image, (0, 0), level * image.shape[0], borderType=cv2.BORDER_REPLICATE)


def noise(image: np.ndarray, level: float, generator: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise with a standard deviation of `level` grey levels, the same in all colours."""
    return _pixels(image + generator.normal(0.0, level, (*image.shape[:2], 1)))


def jpeg(image: np.ndarray, level: float, _: np.random.Generator) -> np.ndarray:
    """Encode as a JPEG of quality `level` (1 to 100) and decode again."""
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=int(level))
    return np.asarray(Image.open(buffer))


def cover_eyes(image: np.ndarray, level: float, _: np.random.Generator) -> np.ndarray:
    """Lay a grey bar of `level` of the side over the eyes."""
    return _barred(image, 0.4, level)


def cover_mouth(image: np.ndarray, level: float, _: np.random.Generator) -> np.ndarray:
    """Lay a grey bar of `level` of the side over the mouth."""
    return _barred(image, 0.77, level)


CORRUPTIONS: Mapping[str, Corruption] = {
    "shift": Corruption("share of the side", (0.0, 0.05, 0.1, 0.15, 0.2, 0.3), 0.0, shift),
    "scale": Corruption("width of the crop, times", (0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.8), 1.0, scale),
    "rotation": Corruption("degrees", (0.0, 5.0, 10.0, 20.0, 30.0, 45.0), 0.0, rotate),
    "brightness": Corruption("times as bright", (0.25, 0.5, 0.75, 1.0, 1.5, 2.0), 1.0, brightness),
    "contrast": Corruption("times the contrast", (0.25, 0.5, 0.75, 1.0, 1.5, 2.0), 1.0, contrast),
    "blur": Corruption("share of the side", (0.0, 0.01, 0.02, 0.03, 0.05), 0.0, blur),
    "noise": Corruption("grey levels", (0.0, 5.0, 10.0, 20.0, 40.0), 0.0, noise),
    "JPEG": Corruption("quality", (5.0, 10.0, 20.0, 40.0, 80.0, 100.0), 100.0, jpeg),
    "eyes covered": Corruption("share of the side", (0.0, 0.1, 0.2, 0.3), 0.0, cover_eyes),
    "mouth covered": Corruption("share of the side", (0.0, 0.1, 0.2, 0.3), 0.0, cover_mouth),
}


def _warped(image: np.ndarray, turn: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Map the image by `turn` (2, 2) about its middle and `move` (2,) in pixels (x, y)."""
    middle = (np.array(image.shape[1::-1]) - 1) / 2.0
    matrix = np.hstack([turn, (middle - turn @ middle + move)[:, None]])
    size = image.shape[1::-1]
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _barred(image: np.ndarray, middle: float, level: float) -> np.ndarray:
    side = image.shape[0]
    covered = image.copy()
    covered[round((middle - level / 2) * side) : round((middle + level / 2) * side)] = GREY
    return covered
