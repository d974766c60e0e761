"""The SavedModel itself, called by its signature: the baseline that all others are compared with."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emolab.engines.backends.base import Backend, Source
from emolab.engines.backends.saved_graph import check_graph

SAVED_MODEL = "saved_model"
SIGNATURE = "serving_default"


@dataclass(frozen=True)
class TensorFlow(Backend):
    """TensorFlow's own SavedModel; every other engine is made from it."""

    name: ClassVar[str] = "tensorflow"
    modules: ClassVar[tuple[str, ...]] = ("tensorflow",)
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "keras")

    def build(self, source: Source, precision: str, folder: Path) -> dict[str, Any]:
        """Write the network as a SavedModel."""
        save(source.network, folder / SAVED_MODEL)
        return {}

    def load(self, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the signature as a function of arrays."""
        return load(folder / SAVED_MODEL, threads)

    def load_errors(self) -> tuple[type[Exception], ...]:
        """See the function `load_errors`."""
        return load_errors()


def save(network: Any, folder: Path) -> None:
    """Write a Keras model, uint8 (N, S, S, 3) -> float32 (N, C), as a SavedModel for batches of any size."""
    import keras

    images = keras.InputSpec("uint8", (None, *network.input_shape[1:]), name="images")
    network.export(str(folder), format="tf_saved_model", verbose=False, input_signature=[images])


def load(
    folder: Path, threads: int, operations: Collection[str] = (), objects: Collection[str] = ()
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a SavedModel's signature as a function of arrays.

    Args:
        folder: of the SavedModel.
        threads: processor threads it may use.
        operations: that it may hold besides arithmetic; see `check_graph`.
        objects: kinds of objects that it may hold besides the usual ones.

    Raises:
        RunError: if it holds anything else.

    TensorFlow fixes its threads when it begins to work: `threads` counts only in a process where it hasn't yet.
    """
    import tensorflow as tf

    check_graph(folder, operations, objects)
    limit_threads(threads)
    loaded = tf.saved_model.load(str(folder))
    signature = loaded.signatures[SIGNATURE]
    (output,) = signature.structured_outputs

    def classify(images: np.ndarray, owner: Any = loaded) -> np.ndarray:  # a signature dies with its model
        return signature(images=tf.constant(images))[output].numpy()

    return classify


def load_errors() -> tuple[type[Exception], ...]:
    """Return TensorFlow's own errors, and IndexError, as which it tells that a file of weights is too short."""
    import tensorflow as tf

    return tf.errors.OpError, IndexError


def limit_threads(threads: int) -> None:
    """Let TensorFlow use so many threads, where it hasn't begun to work."""
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:
        return
