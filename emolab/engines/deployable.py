"""A run's network as it is deployed: uint8 faces in, calibrated probabilities out."""

from collections.abc import Mapping
from typing import Any

import numpy as np

CALIBRATION = "_calibration"  # ends the name of what follows the logits, which begins with the network's


def deployed(network: Any, temperatures: Mapping[str, float]) -> Any:
    """Return `network` (uint8-range RGB -> logits) with all around it inside, so that no caller of an engine needs it.

    Pre-processing is in the network already; the softmax is taken at each face's temperature, as
    `emolab.evaluation.calibration.calibrated` does it.

    Args:
        network: the run's.
        temperatures: of each class, in the order of the network's outputs.

    Returns:
        a Keras model: uint8 RGB (N, S, S, 3) -> probabilities float32 (N, C).
    """
    import keras

    images = keras.Input(network.input_shape[1:], dtype="uint8", name="images")
    logits = keras.Input(network.output_shape[1:])
    sharpness = np.array([1.0 / temperature for temperature in temperatures.values()], np.float32)
    own = keras.ops.sum(keras.ops.softmax(logits) * sharpness, axis=-1, keepdims=True)
    calibration = keras.Model(logits, keras.ops.softmax(logits * own), name=f"{network.name}{CALIBRATION}")
    return keras.Model(images, calibration(network(keras.ops.cast(images, "float32"))), name=network.name)
