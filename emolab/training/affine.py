"""Turn, move and zoom a face at once. One interpolation, because each blurs, and a share of the faces as they are."""

import keras
import tensorflow as tf


class RandomAffine(keras.layers.Layer):
    """Turns, moves and zooms float images (N, H, W, C); each draws its own, and beyond the border pixels are repeated.

    Three layers one after the other would interpolate three times, and a network that only ever saw blurred faces
    names sharp ones worse (results/fer2013_custom_cnn/robustness.png).

    Args:
        rotation: degrees to either side at most.
        shift: of the height and the width, either way, at most.
        zoom: share by which the face is larger or smaller, at most.
        rate: share of the images that this happens to, 0 to 1.
        seed: of what is drawn; None: from Keras's global one.
    """

    def __init__(self, rotation: float, shift: float, zoom: float, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__()
        self.rotation, self.shift, self.zoom, self.rate = rotation, shift, zoom, rate
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the images changed; outside of training as they are."""
        if not training:
            return images
        height, width = (tf.cast(tf.shape(images)[axis], images.dtype) for axis in (1, 2))
        angle = self._uniform(images, self.rotation) * (3.141592653589793 / 180.0)
        scale = 1.0 + self._uniform(images, self.zoom)
        cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
        middle_x, middle_y = (width - 1.0) / 2.0, (height - 1.0) / 2.0
        right = middle_x - cos * middle_x + sin * middle_y + self._uniform(images, self.shift) * width
        down = middle_y - sin * middle_x - cos * middle_y + self._uniform(images, self.shift) * height
        nothing = tf.zeros_like(cos)
        rows = tf.stack([cos, -sin, right, sin, cos, down, nothing, nothing], axis=1)  # output pixel -> input pixel
        changed = keras.ops.image.affine_transform(images, rows, interpolation="bilinear", fill_mode="nearest")
        chosen = keras.random.uniform((tf.shape(images)[0], 1, 1, 1), seed=self.seed_generator) < self.rate
        return tf.where(chosen, changed, images)

    def _uniform(self, images: tf.Tensor, most: float) -> tf.Tensor:
        return keras.random.uniform((tf.shape(images)[0],), -most, most, dtype=images.dtype, seed=self.seed_generator)
