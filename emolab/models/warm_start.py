"""Begin where another training ended: the weights of a whole network of ours, backbone and head."""

import re
from pathlib import Path

import h5py
import keras
from keras import layers

from emolab.errors import RunError
from emolab.models.network import HEAD, whole_weights

_DENSE = re.compile(r"dense(?:_(\d{1,9}))?")  # Keras names a layer's weights by its class and number


def is_whole_network(path: Path) -> bool:
    """Whether `path` holds weights with a head, as a run's `best` does; backbones without top have none."""
    return _head_classes(path) is not None


def begin_from(network: keras.Model, path: Path, with_head: bool) -> None:
    """Load the weights of a network of the same kind; the image size may differ.

    Args:
        network: of ours, its head included.
        path: `.weights.h5` of a whole network.
        with_head: whether its classes are the same; otherwise the head stays as it is.

    Raises:
        RunError: if the weights don't fit.
    """
    taught = network if with_head else _with_another_head(network, _head_classes(path) or 0)
    try:
        with whole_weights():
            taught.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise RunError(
            f"model.weights: the weights in {path} don't fit {network.name}: {error}. Expected those of a run with "
            "the same model and model.backbone"
        ) from error


def _with_another_head(network: keras.Model, classes: int) -> keras.Model:
    """The same layers up to the head; what is loaded into them is loaded into `network`."""
    head = layers.Dense(classes, name=HEAD, dtype="float32")
    return keras.Model(network.input, head(network.get_layer(HEAD).input))


def _head_classes(path: Path) -> int | None:
    """Of how many classes the head in the file is; None without one, or where it isn't as Keras writes it."""
    try:
        with h5py.File(path, "r") as file:
            groups = file.get("layers")
            names = groups if isinstance(groups, h5py.Group) else ()
            found = [named for name in names if (named := _DENSE.fullmatch(name))]
            head = max(found, key=lambda named: int(named[1] or 0), default=None)  # the last one
            kernel = None if head is None else file.get(f"layers/{head[0]}/vars/0")
            shape = kernel.shape if isinstance(kernel, h5py.Dataset) else None
            return (int(shape[-1]) or None) if shape else None
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return None  # whoever loads it says what is wrong
