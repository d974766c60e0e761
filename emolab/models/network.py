"""Backbone, pooling, dropout and a dense head: the network that every run trains, saves and exports."""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from emolab.errors import ConfigError, RunError
from emolab.models.normalization import Grey

Backbone = Callable[..., keras.KerasTensor]
HEAD = "logits"  # the layer that names the classes


def build_network(
    name: str,
    backbone: Backbone,
    classes: int,
    image_size: int,
    dropout: float = 0.0,
    weights: Path | None = None,
    seed: int = 0,
    grey: bool = False,
    draw: bool = True,
) -> keras.Model:
    """Return a functional model: uint8-range RGB (N, S, S, 3) -> logits float32 (N, C).

    Random weights are He-initialised: with Keras's Glorot, VGG19, which has no batch normalisation, stays at
    the largest class (0.25 on FER2013 after three epochs); with He it learns.

    Args:
        name: of the model, such as "vgg19".
        backbone: maps the image tensor and `weights` to a feature map; see `emolab.models.backbones`.
        classes: C, the number of classes.
        image_size: S, the side of the face in pixels.
        dropout: share of the pooled features dropped in training, 0 to 1.
        weights: a file with the backbone's weights without top, or None for random ones.
        seed: of the random weights.
        grey: whether the network learns from grey faces, and therefore has to see every face grey.
        draw: whether to draw the random weights; not where all weights are loaded afterwards, as that takes a second.

    Raises:
        ConfigError: if the backbone refuses its settings or so small a face, or hides its layers in a model.
        RunError: if the file with the weights doesn't fit the backbone.
    """
    images = layers.Input((image_size, image_size, 3), name="images")
    seen = Grey(name="grey", dtype="float32")(images) if grey else images
    features = _features(backbone, seen, weights)
    pooled = layers.GlobalAveragePooling2D(name="pooling", dtype="float32")(features)
    dropped = layers.Dropout(dropout, seed=seed, name="dropout", dtype="float32")(pooled)
    logits = layers.Dense(classes, name=HEAD, dtype="float32")(dropped)
    network = keras.Model(images, logits, name=name)
    _check_flat(network)
    if draw:
        initialize(network, seed, head_only=weights is not None)
    return network


def _features(backbone: Backbone, images: keras.KerasTensor, weights: Path | None) -> keras.KerasTensor:
    if weights is None:
        try:
            return backbone(images)
        except (TypeError, ValueError) as error:
            refused = f"model.backbone refuses its settings, or faces of {images.shape[1]} pixels"
            raise ConfigError(f"{refused}: {error}") from error
    try:
        with whole_weights():
            return backbone(images, weights=weights)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise RunError(
            f"the weights in {weights} don't fit this backbone: {error}. "
            "Expected the backbone's own weights without top (.weights.h5 or .h5)"
        ) from error


def _check_flat(network: keras.Model) -> None:
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            raise ConfigError(
                f"this backbone applies a whole model, {layer.name}, to the images, which hides its layers: nothing "
                "would draw them from the seed, count or freeze them. Apply its layers one by one, or let it return "
                "keras.applications.Some(input_tensor=images, include_top=False, weights=weights).output"
            )


@contextmanager
def whole_weights() -> Iterator[None]:
    """Make Keras refuse a file that lacks the weights of some layers: it would warn for each and go on.

    Raises:
        UserWarning: Keras's own, for the first layer that the file lacks.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Skipping nested container")
        yield


def initialize(network: keras.Model, seed: int, head_only: bool = False) -> None:
    """Draw the kernels anew, each from its own seed, so that the weights depend on `seed` alone.

    Convolutions and dense layers get He's normal distribution (He et al. 2015), which hands on the scale of what
    comes in. Pixels that were only shifted ("caffe") are large; the first convolution brings them to 1, because VGG19
    has no batch normalisation that would. The head gets a small distribution, so that training begins at even
    probabilities.
    """
    numbered = [layer for layer in network.layers if not isinstance(layer, Grey)]  # data without colour change no seed
    for number, layer in enumerate(numbered):
        initializer = _initializer(layer, seed * 10_007 + number)
        if initializer is not None and not (head_only and layer.name != HEAD):
            kernel = layer.kernel
            kernel.assign(initializer(kernel.shape, kernel.dtype))
    if not head_only:
        first = next(layer for layer in network.layers if hasattr(layer, "kernel"))
        first.kernel.assign(first.kernel / max(1.0, _input_scale(network, first)))


def _input_scale(network: keras.Model, layer: keras.layers.Layer) -> float:
    """Root mean square of what reaches `layer` from pixels of every brightness, 0 to 255."""
    pixels = np.linspace(0.0, 255.0, math.prod(network.input_shape[1:]), dtype=np.float32)
    reaching = keras.Model(network.input, layer.input)(pixels.reshape(1, *network.input_shape[1:]))
    return float(np.sqrt(np.mean(np.square(np.asarray(keras.ops.cast(reaching, "float32"))))))


def _initializer(layer: keras.layers.Layer, seed: int) -> Any | None:
    if layer.name == HEAD:
        return keras.initializers.RandomNormal(stddev=0.01, seed=seed)
    if isinstance(layer, layers.DepthwiseConv2D):
        area = layer.kernel.shape[0] * layer.kernel.shape[1]  # its fan-in; He's formula would count channels too
        return keras.initializers.RandomNormal(stddev=(2.0 / area) ** 0.5, seed=seed)
    if isinstance(layer, layers.Conv2D | layers.Dense):
        return keras.initializers.HeNormal(seed=seed)
    return None
