"""Where a face is."""

from typing import NamedTuple

SMALLEST_SIDE = 8  # pixels; nothing smaller shows an expression


class FaceBox(NamedTuple):
    """A rectangle in pixels of its frame, as a detector gives it; it may reach over the edge.

    Attributes:
        left: of the left edge.
        top: of the upper edge.
        width: above 0.
        height: above 0.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height

    def mirrored(self, frame_width: int) -> "FaceBox":
        """Return the box in the frame turned left to right."""
        return self._replace(left=frame_width - self.left - self.width)

    def scaled(self, factor: float) -> "FaceBox":
        """Return the box in the frame enlarged by `factor`."""
        return FaceBox(*(value * factor for value in self))


def overlap(one: FaceBox, other: FaceBox) -> float:
    """Return intersection over union of two boxes: 0 (apart) to 1 (the same)."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.area + other.area - shared)


def is_visible(box: FaceBox, width: int, height: int) -> bool:
    """Return whether the box's centre lies in a frame of `width` x `height` pixels, and the box is no speck."""
    across, down = box.left + box.width / 2, box.top + box.height / 2
    return 0 <= across < width and 0 <= down < height and min(box.width, box.height) >= SMALLEST_SIDE
