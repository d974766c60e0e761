"""Makes keras-cv's layers draw their random numbers from Keras's seed generators. The one module that imports keras-cv.

keras-cv, which is no longer developed, draws from TensorFlow's stateful generators, which can't be resumed.
"""

from typing import Any

import keras
import tensorflow as tf


def with_keras_randomness(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Make a keras-cv layer, and those within it, draw from seed generators; other layers stay as they are.

    What calls TensorFlow's own random functions (`tf.random.gamma` in keras-cv's MixUp, CutMix, FourierMix and
    AugMix) can't be reached from here: `emolab.training.augmentation` refuses it.
    """
    for sublayer in layer._flatten_layers():
        if type(sublayer).__module__.startswith("keras_cv"):
            _replace_generators(sublayer)
    return layer


def _replace_generators(layer: keras.layers.Layer) -> None:
    from keras_cv.core import NormalFactorSampler, UniformFactorSampler  # late: importing it takes over a second

    seeds = layer.emolab_seed_generator = keras.random.SeedGenerator(seed=0)
    layer._random_generator = _SeededGenerator(seeds)
    if hasattr(layer, "auto_vectorize"):
        layer.auto_vectorize = False  # vectorised, all images of a batch would get the same seed
    for name, value in list(vars(layer).items()):
        if isinstance(value, UniformFactorSampler):
            object.__setattr__(layer, name, _SeededUniform(value, seeds))
        elif isinstance(value, NormalFactorSampler):
            object.__setattr__(layer, name, _SeededNormal(value, seeds))


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

    def normal(self, shape: Any, mean: Any = 0, stddev: Any = 1, dtype: Any = tf.float32) -> tf.Tensor:
        return tf.random.stateless_normal(shape, self._seeds.next(), mean=mean, stddev=stddev, dtype=dtype)


class _SeededUniform:
    """Stands in for a keras-cv sampler of uniform factors: the same range, drawn from a seed generator."""

    def __init__(self, factor: Any, seeds: keras.random.SeedGenerator) -> None:
        self._lower, self._upper, self._seeds = factor.lower, factor.upper, seeds

    def __call__(self, shape: Any = (), dtype: Any = tf.float32) -> tf.Tensor:
        return tf.random.stateless_uniform(
            shape, self._seeds.next(), minval=self._lower, maxval=self._upper, dtype=dtype
        )


class _SeededNormal:
    """Stands in for a keras-cv sampler of normal factors, clipped as there."""

    def __init__(self, factor: Any, seeds: keras.random.SeedGenerator) -> None:
        self._factor, self._seeds = factor, seeds

    def __call__(self, shape: Any = (), dtype: Any = tf.float32) -> tf.Tensor:
        factor = self._factor
        drawn = tf.random.stateless_normal(shape, self._seeds.next(), factor.mean, factor.stddev, dtype)
        return tf.clip_by_value(drawn, factor.min_value, factor.max_value)
