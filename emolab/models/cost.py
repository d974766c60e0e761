"""What a network costs: its weights, the arithmetic and the time of one image."""

import math
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_WARM_UP, _CALLS = 20, 100  # of the timing; the first count for nothing


def cost_of(network: keras.Model) -> dict[str, int]:
    """Return "parameters", and "flops" of one image.

    Counted are the multiplications and additions of convolutions and dense layers, two a weight and position:
    all but a few in a hundred. VGG19 at 224 pixels has 39.0 GFLOP.
    """
    return {
        "parameters": int(network.count_params()),
        "flops": sum(_flops(layer) for layer in network.layers),
    }


def latency_ms(network: keras.Model) -> float:
    """Return the median time of one face through the compiled network, in milliseconds.

    For comparing networks on one machine; `emolab.export` measures engines more strictly.
    """
    size = network.input_shape[1:]
    compiled = tf.function(lambda images: network(images, training=False))
    images = tf.zeros((1, *size), tf.float32)
    times = []
    for _ in range(_WARM_UP + _CALLS):
        began = time.perf_counter()
        compiled(images).numpy()
        times.append(time.perf_counter() - began)
    return float(np.median(times[_WARM_UP:]) * 1000)


def _flops(layer: Any) -> int:
    if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
        positions = math.prod(layer.output.shape[1:3])  # channels last
        return 2 * positions * math.prod(layer.kernel.shape)
    return 2 * math.prod(layer.kernel.shape) if isinstance(layer, keras.layers.Dense) else 0
