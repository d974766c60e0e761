"""For pictures that are faces already."""

import numpy as np

from emolab.data.crop import centred_square
from realtime.boxes import FaceBox


class FullFrame:
    """Takes the largest centred square of each frame for a face."""

    name = "full_frame"

    def __init__(self, crop_scale: float = 1.0) -> None:
        self.crop_scale = crop_scale

    def __call__(self, frame: np.ndarray, photograph: bool = False) -> list[FaceBox]:
        """Return one box."""
        height, width = frame.shape[:2]
        left, top, side = centred_square(width, height)
        return [FaceBox(left, top, side, side)]
