"""Made frames, for trying out and testing without a camera."""

import numpy as np

from realtime.sources.source import SourceEnded


class Synthetic:
    """A square whose grey wanders over a still gradient; the same frames each time.

    Args:
        width: pixels.
        height: pixels.
        rate: frames a second.
        frames: after which it ends; None: never.
    """

    live = False
    faces_user = False
    patience = None
    file = ""
    description = "synthetic frames"

    def __init__(self, width: int = 640, height: int = 480, rate: float = 30.0, frames: int | None = None) -> None:
        self.rate: float | None = rate
        self._seconds = 1.0 / rate
        self._frames = frames
        ramp = np.linspace(40, 200, width, dtype=np.uint8)
        self._background = np.repeat(np.broadcast_to(ramp, (height, width))[:, :, None], 3, axis=2)
        self._given = 0

    def open(self) -> None:
        """Begin again."""
        self._given = 0

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next frame and its time; see `Source`."""
        if self._frames is not None and self._given >= self._frames:
            raise SourceEnded
        image = self._background.copy()
        height, width = image.shape[:2]
        side = min(height, width) // 4
        left = self._given * 4 % max(1, width - side)
        image[height // 2 - side // 2 :][:side, left : left + side] = self._given * 3 % 256
        self._given += 1
        return image, (self._given - 1) * self._seconds

    def close(self) -> None:
        """Nothing is held open."""
