"""Weights whose batch normalisation was folded away, made fit for training.

Converters for phones fold batch normalisation into the convolution before it, and what such a file gives back has a
mean of 0, a variance of 1 and a scale of 1. That is right for inference. But in training, where the statistics are the
batch's, every value becomes another: MobileNetV2 taken back from an 8-bit model gave features of nothing but zeros.
"""

import logging
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

log = logging.getLogger(__name__)

CLOSE = 0.01  # a variance of 1 - epsilon (0.001) is one that was folded, too


def unfold(network: keras.Model, images: np.ndarray) -> None:
    """Give folded batch normalisation the statistics of `images`, and the scale and shift that undo them.

    In inference the network says what it said; in training it begins from the same. Nothing changes where a layer's
    statistics were learned.

    Args:
        network: uint8-range RGB (N, S, S, 3) -> logits.
        images: uint8 RGB (N, S, S, 3), some of those that it will learn from.
    """
    folded = [layer for layer in network.layers if _is_folded(layer)]
    if not folded:
        return
    log.warning(
        "the batch normalisation of %s was folded into its convolutions in %d layers; it is given the statistics of %d "
        "training images, so that it can be trained",
        network.name,
        len(folded),
        len(images),
    )
    reaching = keras.Model(network.input, [layer.input for layer in folded])
    for layer, values in zip(folded, _as_list(reaching(images.astype(np.float32), training=False)), strict=True):
        _set_statistics(layer, np.asarray(keras.ops.cast(values, "float32")))


def _is_folded(layer: Any) -> bool:
    if not isinstance(layer, keras.layers.BatchNormalization) or not layer.scale or not layer.center:
        return False
    gamma, _, mean, variance = (np.asarray(weight) for weight in layer.get_weights())
    trivial = not mean.any() and np.allclose(variance, 1.0, atol=CLOSE) and np.allclose(gamma, 1.0, atol=CLOSE)
    return trivial and bool(np.asarray(layer.beta).any())  # a fresh layer, which learned nothing, has no shift


def _set_statistics(layer: keras.layers.BatchNormalization, values: np.ndarray) -> None:
    gamma, beta, mean, variance = layer.get_weights()
    scale = gamma / np.sqrt(variance + layer.epsilon)
    new_mean, new_variance = values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))
    new_gamma = scale * np.sqrt(new_variance + layer.epsilon)
    layer.set_weights([new_gamma, beta + scale * (new_mean - mean), new_mean, new_variance])


def _as_list(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list | tuple) else [values]
