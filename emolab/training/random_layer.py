"""What the random layers of our own have in common; Keras's and keras-cv's serve `conf/aug` for all else."""

import keras
import tensorflow as tf

from emolab.errors import ConfigError


class RandomLayer(keras.layers.Layer):
    """Changes a share of float images (N, H, W, 3) in 0..255; each draws its own strength.

    Args:
        rate: that share, 0 to 1.
        seed: of what is drawn; None: from Keras's global one.

    Raises:
        ConfigError: if a value is out of its range.
    """

    def __init__(self, rate: float = 1.0, seed: int | None = None) -> None:
        super().__init__()
        self.rate = self.checked("rate", rate, 0, 1)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the images, some of them changed, within 0..255; outside of training as they are."""
        if not training:
            return images
        chosen = self.uniform(images, 0.0, 1.0) < self.rate
        return tf.where(chosen, tf.clip_by_value(self.changed(images, chosen), 0.0, 255.0), images)

    def changed(self, images: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
        """Return float (N, H, W, 3): the images changed, at least those `chosen`, bool (N, 1, 1, 1).

        What it draws must depend on N alone.
        """
        raise NotImplementedError

    def uniform(self, images: tf.Tensor, low: float, high: float) -> tf.Tensor:
        """Return (N, 1, 1, 1) between the two, one number an image."""
        return keras.random.uniform((tf.shape(images)[0], 1, 1, 1), low, high, seed=self.seed_generator)

    def checked(self, name: str, value: float, low: float, high: float) -> float:
        """Return the value.

        Raises:
            ConfigError: if it doesn't lie between the two.
        """
        if not low <= value <= high:
            raise ConfigError(f"aug: {type(self).__name__}: {name}={value} must lie between {low} and {high}")
        return value
