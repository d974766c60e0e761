"""Turn, move and zoom a face at once: each interpolation blurs."""

import math

import keras
import tensorflow as tf

from emolab.training.random_layer import RandomLayer


class RandomAffine(RandomLayer):
    """Turns, moves and zooms, all in one interpolation; beyond the border pixels are repeated.

    Three layers one after the other would interpolate three times, and a network that only ever saw blurred faces
    names sharp ones worse (results/sharpness).

    Args:
        rotation: degrees to either side at most, 0 to 180.
        shift: of the height and the width, either way, at most; 0 to 1.
        zoom: share by which the face is larger or smaller, at most; 0 to 0.9.
        rate: see `RandomLayer`.
        seed: see `RandomLayer`.
    """

    def __init__(self, rotation: float, shift: float, zoom: float, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__(rate, seed)
        self.rotation = self.checked("rotation", rotation, 0, 180)
        self.shift = self.checked("shift", shift, 0, 1)
        self.zoom = self.checked("zoom", zoom, 0, 0.9)

    def changed(self, images: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        """Return every image turned, moved and zoomed."""
        height, width = (tf.cast(tf.shape(images)[axis], images.dtype) for axis in (1, 2))
        angle, scale = self._either_way(images, math.radians(self.rotation)), 1.0 + self._either_way(images, self.zoom)
        cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
        middle_x, middle_y = (width - 1.0) / 2.0, (height - 1.0) / 2.0
        right = middle_x - cos * middle_x + sin * middle_y + self._either_way(images, self.shift) * width
        down = middle_y - sin * middle_x - cos * middle_y + self._either_way(images, self.shift) * height
        nothing = tf.zeros_like(cos)
        rows = tf.stack([cos, -sin, right, sin, cos, down, nothing, nothing], axis=1)  # output pixel -> input pixel
        return keras.ops.image.affine_transform(images, rows, interpolation="bilinear", fill_mode="nearest")

    def _either_way(self, images: tf.Tensor, most: float) -> tf.Tensor:
        return self.uniform(images, -most, most)[:, 0, 0, 0]
