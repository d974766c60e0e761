"""A run's network in TensorFlow, called like an engine: where there's none, or none that can be used."""

from typing import TYPE_CHECKING

import numpy as np

from emolab.engines.engine import check_faces

if TYPE_CHECKING:
    from emolab.runs import RunRecord


class NetworkClassifier:
    """A run's network in TensorFlow, called like an engine; slower, and it takes seconds to load.

    Args:
        record: the run.
        trusted_modules: modules of the user's own that the run may name.

    Attributes:
        name: what it is, for people.
        classes: C names in the order of the probabilities.
        image_size: S, the side of a face in pixels.

    Raises:
        RunError: if the run's settings name anything else, or its weights are missing, changed or don't fit.
    """

    name = "the run's network in TensorFlow"

    def __init__(self, record: "RunRecord", trusted_modules: tuple[str, ...] = ()) -> None:
        from emolab.engines.deployable import deployed
        from emolab.runs.network import load_network

        network = deployed(load_network(record, trusted_modules), record.temperatures)

        import tensorflow as tf  # a run that can't be used is refused without

        self.classes = record.classes
        self.image_size = record.facts.image_size
        # Batches of any size with one trace; Keras's own predict costs 70 ms a call.
        signature = tf.TensorSpec((None, self.image_size, self.image_size, 3), tf.uint8)
        self._call = tf.function(lambda images: network(images, training=False), input_signature=[signature])

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return float32 probabilities (N, C) of uint8 RGB faces (N, S, S, 3).

        Raises:
            ValueError: if the faces have another type or shape.
        """
        check_faces(images, self.image_size)
        return np.asarray(self._call(images))
