"""What `finetune=full` and `finetune=partial` train."""

import keras

from emolab.errors import ConfigError


def train_everything(network: keras.Model) -> None:
    """Make every layer trainable."""
    for layer in network.layers:  # network.trainable = True does nothing where the network is already so
        layer.trainable = True


def train_from(network: keras.Model, layer_name: str) -> None:
    """Train the layer `layer_name`, all that come after it, and the head; freeze what lies below.

    Frozen batch normalisation runs in inference mode: Keras does that for a layer that isn't trainable, so
    that neither its weights nor its moving averages change.

    Raises:
        ConfigError: if the network has no such layer; the message lists those that have weights.
    """
    names = [layer.name for layer in network.layers]
    if layer_name not in names:
        with_weights = ", ".join(layer.name for layer in network.layers if layer.weights)
        raise ConfigError(
            f"model.partial_from={layer_name} is not a layer of {network.name}; choose from: {with_weights}"
        )
    first = names.index(layer_name)
    for number, layer in enumerate(network.layers):
        layer.trainable = number >= first
