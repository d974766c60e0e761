"""A run's network as it is deployed: uint8 faces in, calibrated probabilities out."""

from typing import Any


def deployed(network: Any, temperature: float) -> Any:
    """Return `network` (uint8-range RGB -> logits) with all around it inside, so that no caller of an engine needs it.

    Pre-processing is in the network already; the softmax is taken at the run's temperature.

    Returns:
        a Keras model: uint8 RGB (N, S, S, 3) -> probabilities float32 (N, C).
    """
    import keras

    images = keras.Input(network.input_shape[1:], dtype="uint8", name="images")
    logits = network(keras.ops.cast(images, "float32"))
    probabilities = keras.ops.softmax(logits * (1.0 / temperature))
    return keras.Model(images, probabilities, name=network.name)
