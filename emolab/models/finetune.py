"""What `finetune=full` and `finetune=partial` train."""

import keras

from emolab.errors import ConfigError


def train_everything(network: keras.Model) -> None:
    """Make every layer trainable."""
    for layer in network.layers:  # network.trainable = True does nothing where the network is already so
        layer.trainable = True


def train_from(network: keras.Model, layer_name: str) -> None:
    """Train the layer `layer_name`, whatever it doesn't depend on, and the head; freeze what leads to it.

    A block with two branches is trained whole, whichever of its first layers is named: Keras's own order of the layers
    would part a residual block, whose shortcut it lists after convolutions that lie beside it.

    Frozen batch normalisation runs in inference mode: Keras does that for a layer that isn't trainable, so
    that neither its weights nor its moving averages change.

    Raises:
        ConfigError: if the network has no such layer; the message lists those that have weights.
    """
    if layer_name not in [layer.name for layer in network.layers]:
        with_weights = ", ".join(layer.name for layer in network.layers if layer.weights)
        raise ConfigError(
            f"model.partial_from={layer_name} is not a layer of {network.name}; choose from: {with_weights}"
        )
    leading = _leading_to(network.get_layer(layer_name))
    for layer in network.layers:
        layer.trainable = layer not in leading


def _leading_to(layer: keras.layers.Layer) -> set[keras.layers.Layer]:
    found: set[keras.layers.Layer] = set()
    waiting = [layer]
    while waiting:
        for node in waiting.pop()._inbound_nodes:
            new = {tensor._keras_history.operation for tensor in node.input_tensors} - found
            found |= new
            waiting += new
    return found
