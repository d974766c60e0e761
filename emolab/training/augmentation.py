"""Augmentation on a batch, inside the module, on whatever device it trains on.

The layers come from the config (`conf/aug`): keras-cv's, Keras's own, or anybody's. This is the one module
that knows keras-cv, which is no longer developed: its layers draw from TensorFlow's stateful generators,
which can't be resumed, so theirs are replaced by Keras's seed generators.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from emolab.training.randomness import seed_generators, set_seeds


class Augmentation:
    """A list of layers applied to uint8-range images, and of blends (MixUp, CutMix) of images and targets.

    Args:
        layers: map float32 images (N, H, W, 3) in 0..255 to the same.
        blends: take and return {"images", "labels"}; one of them is drawn for each batch.
        blend_probability: share of the batches that are blended, 0 to 1.
        seed: with the step, decides everything.
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer] = (),
        blends: Sequence[keras.layers.Layer] = (),
        blend_probability: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.layers = [_with_keras_randomness(layer) for layer in layers]
        self.blends = list(blends)
        self.blend_probability = blend_probability
        self.seed = seed
        self._generators = seed_generators([*self.layers, *self.blends])

    def __call__(self, images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return images (N, H, W, 3) float32 in 0..255 and targets (N, C), augmented for this step."""
        images = tf.cast(images, tf.float32)
        set_seeds(self._generators, self.seed, step)
        for layer in self.layers:
            images = layer(images, training=True)
        images, targets = self._blend(images, targets, step)
        return tf.clip_by_value(images, 0.0, 255.0), targets

    def _blend(self, images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if not self.blends:
            return images, targets
        draw = tf.random.stateless_uniform([], [tf.constant(self.seed + 77_777, tf.int64), step])
        branches = [partial(_blended, blend, images, targets) for blend in self.blends]
        branches.append(partial(_unblended, images, targets))
        share = self.blend_probability / len(self.blends)
        return tf.switch_case(tf.cast(tf.minimum(draw / share, len(self.blends)), tf.int32), branches)


def _blended(blend: keras.layers.Layer, images: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    blended = blend({"images": images, "labels": targets}, training=True)
    return tf.cast(blended["images"], tf.float32), tf.cast(blended["labels"], tf.float32)


def _unblended(images: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return images, targets


def _with_keras_randomness(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Make a keras-cv layer draw from a Keras seed generator; other layers are returned as they are."""
    if not type(layer).__module__.startswith("keras_cv"):
        return layer
    from keras_cv.core import UniformFactorSampler  # late: importing keras-cv takes more than a second

    layer.emolab_seed_generator = keras.random.SeedGenerator(seed=0)
    layer._random_generator = _SeededGenerator(layer.emolab_seed_generator)
    for name, value in list(vars(layer).items()):
        if isinstance(value, UniformFactorSampler):
            object.__setattr__(layer, name, _SeededFactor(value, layer.emolab_seed_generator))
    return layer


class _SeededGenerator:
    """Stands in for the `tf.random.Generator` of a keras-cv layer."""

    def __init__(self, seeds: keras.random.SeedGenerator) -> None:
        self._seeds = seeds

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = 1, dtype: Any = tf.float32, name: str | None = None
    ) -> tf.Tensor:
        return tf.random.stateless_uniform(
            shape, self._seeds.next(), minval=minval, maxval=maxval, dtype=dtype, name=name
        )


class _SeededFactor:
    """Stands in for a keras-cv factor sampler: the same range, drawn from a seed generator."""

    def __init__(self, factor: Any, seeds: keras.random.SeedGenerator) -> None:
        self._lower, self._upper, self._seeds = factor.lower, factor.upper, seeds

    def __call__(self, shape: Any = (), dtype: Any = tf.float32) -> tf.Tensor:
        return tf.random.stateless_uniform(
            shape, self._seeds.next(), minval=self._lower, maxval=self._upper, dtype=dtype
        )
