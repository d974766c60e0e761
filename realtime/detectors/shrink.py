"""Large frames are searched small: a face needs few pixels to be found, and the time goes by the pixels."""

import cv2
import numpy as np


def shrunk(frame: np.ndarray, longer_side: int) -> tuple[np.ndarray, float]:
    """Return the frame with at most `longer_side` pixels on its longer side, and what its boxes grow by.

    Args:
        frame: uint8 (H, W, 3).
        longer_side: pixels.
    """
    height, width = frame.shape[:2]
    factor = max(height, width) / longer_side
    if factor <= 1:
        return frame, 1.0
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA), factor
