"""What a poor camera does to a photograph: blur, noise, JPEG. Layers for `conf/aug`, where Keras's don't serve.

Keras and keras-cv blur with black beyond the border, which leaves a frame that no camera makes; Keras's GaussianNoise
gives each colour noise of its own, which a network for grey faces averages out; keras-cv's RandomJpegQuality doesn't
give back the range that it was given.
"""

import keras
import tensorflow as tf

from emolab.training.random_layer import RandomLayer


class RandomBlur(RandomLayer):
    """Blurs with a Gaussian; beyond the border the image is mirrored.

    Args:
        stddev: in pixels, 0 to 10; each image draws its own between 0 and this.
        rate: see `RandomLayer`.
        seed: see `RandomLayer`.
    """

    def __init__(self, stddev: float, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__(rate, seed)
        self.stddev = self.checked("stddev", stddev, 0, 10)

    def changed(self, images: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        """Return every image blurred."""
        reach = max(1, round(2.5 * self.stddev))
        distances = tf.range(-reach, reach + 1, dtype=images.dtype)
        amount = self.uniform(images, 0.0, self.stddev)[:, 0, 0] + 1e-3  # (N, 1); nothing divides by zero
        weights = tf.nn.softmax(-0.5 * (distances / amount) ** 2)  # (N, 2 * reach + 1)
        for axis in (1, 2):
            images = _weighted(images, weights, axis, reach)
        return images


class RandomNoise(RandomLayer):
    """Adds Gaussian noise, the same in all colours of a pixel.

    Args:
        stddev: in grey levels, 0 to 255; each image draws its own between 0 and this.
        rate: see `RandomLayer`.
        seed: see `RandomLayer`.
    """

    def __init__(self, stddev: float, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__(rate, seed)
        self.stddev = self.checked("stddev", stddev, 0, 255)

    def changed(self, images: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        """Return every image with noise."""
        noise = keras.random.normal((*tf.unstack(tf.shape(images)[:3]), 1), seed=self.seed_generator)
        return images + self.uniform(images, 0.0, self.stddev) * noise


class RandomJpeg(RandomLayer):
    """Encodes as JPEG, and decodes.

    Args:
        quality: the worst, 1 to 100; each image draws its own between this and 100.
        rate: see `RandomLayer`.
        seed: see `RandomLayer`.
    """

    def __init__(self, quality: int, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__(rate, seed)
        self.quality = self.checked("quality", quality, 1, 100)

    def changed(self, images: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
        """Return the chosen images as JPEG leaves them; encoding the others, too, would cost more than all else."""
        quality = tf.cast(self.uniform(images, self.quality, 101.0)[:, 0, 0, 0], tf.int32)
        places = tf.where(chosen[:, 0, 0, 0])
        pixels = tf.cast(tf.round(tf.gather_nd(images, places)), tf.uint8)
        decoded = tf.map_fn(
            lambda one: tf.image.adjust_jpeg_quality(*one),
            (pixels, tf.gather_nd(quality, places)),
            fn_output_signature=tf.TensorSpec(images.shape[1:], tf.uint8),  # the shape of none, where none is chosen
        )
        return tf.tensor_scatter_nd_update(images, places, tf.cast(decoded, images.dtype))


def _weighted(images: tf.Tensor, weights: tf.Tensor, axis: int, reach: int) -> tf.Tensor:
    """Return the sum of the pixels within `reach` along the axis, by each image's weights (N, 2 * reach + 1)."""
    borders = [[reach, reach] if place == axis else [0, 0] for place in range(4)]
    wider = tf.pad(images, borders, "SYMMETRIC")
    side = tf.shape(images)[axis]
    shifted = [tf.gather(wider, tf.range(start, start + side), axis=axis) for start in range(2 * reach + 1)]
    return tf.add_n([part * weights[:, place, None, None, None] for place, part in enumerate(shifted)])
