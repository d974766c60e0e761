"""A run's network put to a data set's images."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from emolab.data.prepared import PreparedData
from emolab.evaluation.predictions import Predictions

Classify = Callable[[np.ndarray], np.ndarray]
Change = Callable[[np.ndarray, np.ndarray], np.ndarray]  # images and their rows to images, uint8 (N, S, S, 3)


def mirrored(images: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Return the mirror images of uint8 (N, S, S, 3)."""
    return np.ascontiguousarray(images[:, :, ::-1])


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
        batch_size: images at a time.
        shared: those of them that are judged, sorted by code point, where not all are; images of others are left out.
    """

    classify: Classify
    prepared: PreparedData
    known: tuple[str, ...]
    batch_size: int
    shared: tuple[str, ...] | None = None

    @property
    def judged(self) -> tuple[str, ...]:
        """The classes that are judged, in the order of the data's."""
        return tuple(sorted(self.known)) if self.shared is None else self.shared

    def rows(self, split: str) -> np.ndarray:
        """Return the rows of a split whose class is judged: int64 (n,)."""
        rows = self.prepared.rows(split)
        return rows[np.isin(self._names(rows), self.judged)]

    def predict(self, rows: np.ndarray, change: Change | None = None) -> Predictions:
        """Return the predictions of these rows, in order; `change` comes between the images and the network."""
        logits = np.concatenate([self.classify(images) for images in self._batches(rows, change)])
        logits = logits[:, [self.known.index(name) for name in self.judged]]
        targets = np.searchsorted(np.array(self.judged), self._names(rows))
        return Predictions(logits, targets, self.prepared.groups(rows), self.judged, self.prepared.identities(rows))

    def _batches(self, rows: np.ndarray, change: Change | None) -> Iterator[np.ndarray]:
        for at in range(0, len(rows), self.batch_size):
            chunk = rows[at : at + self.batch_size]
            images = self.prepared.images[chunk]
            yield images if change is None else change(images, chunk)

    def _names(self, rows: np.ndarray) -> np.ndarray:
        return np.array(self.prepared.classes)[self.prepared.targets(rows).argmax(axis=1)]
