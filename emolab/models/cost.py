"""What a network costs: its weights, and the arithmetic of one image."""

import math
from typing import Any

import keras


def cost_of(network: keras.Model) -> dict[str, int]:
    """Return "parameters", and "flops" of one image.

    Counted are the multiplications and additions of convolutions and dense layers, two a weight and position:
    all but a few in a hundred. VGG19 at 224 pixels has 39.0 GFLOP.
    """
    return {
        "parameters": int(network.count_params()),
        "flops": sum(_flops(layer) for layer in network.layers),
    }


def _flops(layer: Any) -> int:
    if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
        positions = math.prod(layer.output.shape[1:3])  # channels last
        return 2 * positions * math.prod(layer.kernel.shape)
    return 2 * math.prod(layer.kernel.shape) if isinstance(layer, keras.layers.Dense) else 0
