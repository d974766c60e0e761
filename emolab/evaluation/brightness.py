"""Whether dark faces are named worse than bright ones: accuracy by thirds of brightness.

Brightness isn't skin tone, but what public data sets let everybody measure: light, exposure and skin together.
"""

from typing import Any

import numpy as np

from emolab.evaluation.bootstrap import intervals
from emolab.evaluation.metrics import accuracy
from emolab.evaluation.predictions import Predictions

THIRDS = ("dark", "medium", "bright")
_AT_ONCE = 4096


def brightness_of(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the mean of each image's middle, where the face is: float64 (n,), 0 to 255.

    Args:
        images: uint8 RGB (N, S, S, 3), possibly memory-mapped.
        rows: which of them, int64 (n,).
    """
    edge = images.shape[1] // 4
    middle = slice(edge, images.shape[1] - edge)
    chunks = [rows[at : at + _AT_ONCE] for at in range(0, len(rows), _AT_ONCE)]
    return np.concatenate([images[chunk][:, middle, middle].mean(axis=(1, 2, 3)) for chunk in chunks])


def accuracy_by_brightness(predictions: Predictions, brightness: np.ndarray, resamples: int) -> dict[str, Any]:
    """Return for each third of the images, from dark to bright, its range, size and accuracy with its interval.

    Args:
        predictions: of n images.
        brightness: of the same images, (n,), 0 to 255.
        resamples: of the bootstrap.
    """
    parts = np.array_split(np.argsort(brightness, kind="stable"), len(THIRDS))
    return {
        name: {
            "from": float(brightness[part].min()),
            "to": float(brightness[part].max()),
            "n": len(part),
            **intervals(predictions.subset(part), {"accuracy": accuracy}, resamples),
        }
        for name, part in zip(THIRDS, parts, strict=True)
        if len(part)
    }
