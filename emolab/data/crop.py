"""The one place where a picture becomes the square that a network sees.

Prepare, evaluation, the viewer and the exporter all call it: a recogniser trained on one crop and used on
another loses accuracy without any error. Raise `CROP_VERSION` when the pixels it returns change.
"""

from typing import NamedTuple

import cv2
import numpy as np

CROP_VERSION = 1


class SquareBox(NamedTuple):
    """A square in pixels; it may reach over the edge of its picture."""

    left: int
    top: int
    side: int


def square_box(left: float, top: float, width: float, height: float, scale: float = 1.0) -> SquareBox:
    """Return the square around a face box: same centre, the longer side times `scale`.

    Args:
        left: Left edge of the face box in pixels; may be negative.
        top: Top edge of the face box in pixels; may be negative.
        width: Width of the face box in pixels, above 0.
        height: Height of the face box in pixels, above 0.
        scale: Factor on the longer side; above 1 leaves a margin around the face.

    Raises:
        ValueError: if a side or the scale isn't above 0.
    """
    if not (width > 0 and height > 0 and scale > 0):
        raise ValueError(f"a face box needs width, height and scale above 0; got {width}, {height}, {scale}")
    side = max(1, round(max(width, height) * scale))
    return SquareBox(round(left + (width - side) / 2), round(top + (height - side) / 2), side)


def centred_square(width: int, height: int) -> SquareBox:
    """Return the largest centred square of a picture of `width` x `height` pixels."""
    side = min(width, height)
    return SquareBox((width - side) // 2, (height - side) // 2, side)


def crop_and_resize(image: np.ndarray, box: SquareBox | None, size: int) -> np.ndarray:
    """Cut the square `box` out of `image` and scale it to `size` x `size`.

    A box that reaches over the edge repeats the edge's pixels. A square that already has `size` pixels comes
    back byte for byte. Shrinking averages areas, so that no pixel of the source is skipped.

    Args:
        image: uint8 (H, W, 3), RGB (any channel order gives the same geometry).
        box: The square to cut; `None` means the largest centred one.
        size: Side of the result in pixels.

    Returns:
        uint8 (size, size, 3), never a view of `image`.

    Raises:
        ValueError: if `image` isn't uint8 (H, W, 3) or the box lies wholly outside it.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"expected a uint8 image (H, W, 3); got {image.dtype} {image.shape}")
    height, width = image.shape[:2]
    patch = _cut(image, box or centred_square(width, height))
    if patch.shape[0] == size:
        return patch.copy()
    method = cv2.INTER_AREA if patch.shape[0] > size else cv2.INTER_LINEAR
    return cv2.resize(patch, (size, size), interpolation=method)


def _cut(image: np.ndarray, box: SquareBox) -> np.ndarray:
    height, width = image.shape[:2]
    left, top, right, bottom = box.left, box.top, box.left + box.side, box.top + box.side
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        raise ValueError(f"the box {tuple(box)} lies outside the picture of {width} x {height} pixels")
    inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    over = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
    return cv2.copyMakeBorder(inside, *over, cv2.BORDER_REPLICATE) if any(over) else inside
