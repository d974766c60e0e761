"""Augmentation on a batch, inside the module, on whatever device it trains on.

The layers come from the config (`conf/aug`): keras-cv's, Keras's own, or anybody's.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emolab.errors import ConfigError
from emolab.training.keras_cv_randomness import with_keras_randomness
from emolab.training.randomness import seed_generators, set_seeds

_STEPS = range(4)  # looked at for randomness that can't be seeded


class Augmentation:
    """Layers applied to uint8-range images one after the other, and blends (MixUp, CutMix) of images and targets.

    All of them come by name, as in `conf/aug`; only their order matters.

    Args:
        layers: map float32 images (N, H, W, 3) in 0..255 to the same: what befalls the face.
        camera: the same, after them: what befalls its photograph.
        blends: take and return {"images", "labels"}; one of them is drawn for each batch.
        blend_probability: share of the batches that are blended, 0 to 1.
        seed: with the step, decides everything.

    Raises:
        ConfigError: if a layer isn't a function of (seed, step); each is tried on a tiny batch.
    """

    def __init__(
        self,
        layers: Mapping[str, keras.layers.Layer] = {},
        camera: Mapping[str, keras.layers.Layer] = {},
        blends: Mapping[str, keras.layers.Layer] = {},
        blend_probability: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.layers = [with_keras_randomness(layer) for layer in (*layers.values(), *camera.values())]
        self.blends = [with_keras_randomness(blend) for blend in blends.values()]
        self.blend_probability = blend_probability
        self.seed = seed
        self._generators = seed_generators([*self.layers, *self.blends])
        images, targets = _tiny_batch()
        for layer in self.layers:
            _check_repeatable(layer, partial(_changed, layer, images))
        for blend in self.blends:
            _check_repeatable(blend, partial(_blended, blend, images, targets))

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


def _changed(layer: keras.layers.Layer, images: tf.Tensor) -> list[tf.Tensor]:
    return [layer(images, training=True)]


def _blended(blend: keras.layers.Layer, images: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    blended = blend({"images": images, "labels": targets}, training=True)
    return tf.cast(blended["images"], tf.float32), tf.cast(blended["labels"], tf.float32)


def _unblended(images: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return images, targets


def _check_repeatable(layer: keras.layers.Layer, run: Callable[[], Any]) -> None:
    """Check that what `run` gives is a function of (seed, step): in another order, the same steps give the same.

    Raises:
        ConfigError: if it isn't, naming the layer.
    """
    generators = seed_generators([layer])
    forth = [_drawn(run, generators, step) for step in _STEPS]
    back = [_drawn(run, generators, step) for step in reversed(_STEPS)]
    if all(np.array_equal(one, other) for one, other in zip(forth, reversed(back), strict=True)):
        return
    kind = type(layer)
    raise ConfigError(
        f"aug: {kind.__module__}.{kind.__name__} draws random numbers that can't be seeded, so that a resumed training "
        "would differ from an unbroken one. Take another layer: most of keras.layers and keras_cv.layers can be "
        "seeded, among them keras.layers.MixUp, CutMix and RandAugment"
    )


def _drawn(run: Callable[[], Any], generators: Sequence[keras.random.SeedGenerator], step: int) -> np.ndarray:
    set_seeds(generators, 0, step)
    return np.concatenate([np.ravel(value) for value in run()])


def _tiny_batch() -> tuple[tf.Tensor, tf.Tensor]:
    images = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    return tf.constant(images), tf.one_hot([0, 1, 2, 0], 3)
