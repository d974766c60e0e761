"""What a poor camera does to a photograph: blur, noise, JPEG. Layers for `conf/aug`, where Keras's don't serve.

Keras and keras-cv blur with black beyond the border, which leaves a frame that no camera makes; Keras's GaussianNoise
gives each colour noise of its own, which a network for grey faces averages out; keras-cv's RandomJpegQuality doesn't
give back the range that it was given.
"""

import keras
import tensorflow as tf

from emolab.errors import ConfigError


class Camera(keras.layers.Layer):
    """Does something to a share of float images (N, H, W, 3) in 0..255; each draws its own strength.

    Args:
        rate: that share, 0 to 1.
        seed: of what is drawn; None: from Keras's global one.

    Raises:
        ConfigError: if a value is out of its range.
    """

    def __init__(self, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__()
        _check("rate", rate, 0, 1)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return what the camera makes of them, within 0..255; outside of training, the images as they are."""
        if not training:
            return images
        chosen = self.uniform(images, 0.0, 1.0) < self.rate
        return tf.where(chosen, tf.clip_by_value(self.taken(images), 0.0, 255.0), images)

    def taken(self, images: tf.Tensor) -> tf.Tensor:
        """Return every image as the camera takes it, float (N, H, W, 3)."""
        raise NotImplementedError

    def uniform(self, images: tf.Tensor, low: float, high: float) -> tf.Tensor:
        """Return (N, 1, 1, 1) between the two, one number an image."""
        return keras.random.uniform((tf.shape(images)[0], 1, 1, 1), low, high, seed=self.seed_generator)


class RandomBlur(Camera):
    """Blurs with a Gaussian; beyond the border the image is mirrored.

    Args:
        stddev: in pixels, 0 to 10; each image draws its own between 0 and this.
        rate: see `Camera`.
        seed: see `Camera`.
    """

    def __init__(self, stddev: float, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__(rate, seed)
        _check("stddev", stddev, 0, 10)
        self.stddev = stddev

    def taken(self, images: tf.Tensor) -> tf.Tensor:
        """Return every image blurred."""
        reach = max(1, round(2.5 * self.stddev))
        distances = tf.range(-reach, reach + 1, dtype=images.dtype)
        amount = self.uniform(images, 0.0, self.stddev)[:, 0, 0] + 1e-3  # (N, 1); nothing divides by zero
        weights = tf.nn.softmax(-0.5 * (distances / amount) ** 2)  # (N, 2 * reach + 1)
        for axis in (1, 2):
            images = _weighted(images, weights, axis, reach)
        return images


class RandomNoise(Camera):
    """Adds Gaussian noise, the same in all colours of a pixel.

    Args:
        stddev: in grey levels, 0 to 255; each image draws its own between 0 and this.
        rate: see `Camera`.
        seed: see `Camera`.
    """

    def __init__(self, stddev: float, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__(rate, seed)
        _check("stddev", stddev, 0, 255)
        self.stddev = stddev

    def taken(self, images: tf.Tensor) -> tf.Tensor:
        """Return every image with noise."""
        noise = keras.random.normal((*tf.unstack(tf.shape(images)[:3]), 1), seed=self.seed_generator)
        return images + self.uniform(images, 0.0, self.stddev) * noise


class RandomJpeg(Camera):
    """Encodes as JPEG, and decodes.

    Args:
        quality: the worst, 1 to 100; each image draws its own between this and 100.
        rate: see `Camera`.
        seed: see `Camera`.
    """

    def __init__(self, quality: int, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__(rate, seed)
        _check("quality", quality, 1, 100)
        self.quality = quality

    def taken(self, images: tf.Tensor) -> tf.Tensor:
        """Return every image as JPEG leaves it."""
        quality = tf.cast(self.uniform(images, self.quality, 101.0)[:, 0, 0, 0], tf.int32)
        pixels = tf.cast(tf.round(images), tf.uint8)
        decoded = tf.map_fn(
            lambda one: tf.image.adjust_jpeg_quality(*one), (pixels, quality), fn_output_signature=tf.uint8
        )
        return tf.cast(decoded, images.dtype)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"aug.camera: {name}={value} must lie between {low} and {high}")


def _weighted(images: tf.Tensor, weights: tf.Tensor, axis: int, reach: int) -> tf.Tensor:
    """Return the sum of the pixels within `reach` along the axis, by each image's weights (N, 2 * reach + 1)."""
    borders = [[reach, reach] if place == axis else [0, 0] for place in range(4)]
    wider = tf.pad(images, borders, "SYMMETRIC")
    side = tf.shape(images)[axis]
    shifted = [tf.gather(wider, tf.range(start, start + side), axis=axis) for start in range(2 * reach + 1)]
    return tf.add_n([part * weights[:, place, None, None, None] for place, part in enumerate(shifted)])
