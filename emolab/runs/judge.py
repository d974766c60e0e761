"""A run's network put to a data set's images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from emolab.data import PreparedData
from emolab.evaluation.predictions import Predictions

Classify = Callable[[np.ndarray], np.ndarray]


def classifier(network: Any) -> Classify:
    """Return a compiled function from uint8 RGB (N, S, S, 3) to logits float32 (N, C)."""
    import tensorflow as tf

    size = network.input_shape[1:]

    @tf.function(input_signature=[tf.TensorSpec((None, *size), tf.uint8)])
    def classify(images: Any) -> Any:
        return network(tf.cast(images, tf.float32), training=False)

    return lambda images: classify(images).numpy()


@dataclass(frozen=True)
class Judge:
    """A run's network over the images of a data set.

    Attributes:
        classify: from uint8 RGB (N, S, S, 3) to logits (N, len(known)).
        prepared: the data.
        known: the classes of the network, in the order of its logits.
        shared: those that are judged; images of others are left out.
        batch_size: images at a time.
    """

    classify: Classify
    prepared: PreparedData
    known: tuple[str, ...]
    shared: tuple[str, ...]
    batch_size: int

    def rows(self, split: str) -> np.ndarray:
        """Return the rows of a split whose class is judged: int64 (n,)."""
        rows = self.prepared.rows(split)
        return rows[np.isin(self._names(rows), self.shared)]

    def predict(self, rows: np.ndarray, mirror: bool = False) -> Predictions:
        """Return the predictions of these rows, in order, of the images or of their mirror images."""
        direction = -1 if mirror else 1
        chunks = (rows[at : at + self.batch_size] for at in range(0, len(rows), self.batch_size))
        batches = (np.ascontiguousarray(self.prepared.images[chunk][:, :, ::direction]) for chunk in chunks)
        logits = np.concatenate([self.classify(batch) for batch in batches])
        judged = logits[:, [self.known.index(name) for name in self.shared]]
        targets = np.searchsorted(np.array(self.shared), self._names(rows))
        return Predictions(judged, targets, self.prepared.groups(rows), self.shared)

    def _names(self, rows: np.ndarray) -> np.ndarray:
        return np.array(self.prepared.classes)[self.prepared.targets(rows).argmax(axis=1)]
