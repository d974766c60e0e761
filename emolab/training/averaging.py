"""The moving average of a network's weights: what is validated and kept, where a training asks for it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


class MovingAverage:
    """Keeps the mean of each weight over its last updates (Polyak and Juditsky 1992), batch statistics among them.

    Keras's optimizers (`use_ema`) average what is trained alone: the statistics of batch normalisation stay those of
    the last weights, which fit the averaged ones badly.

    Args:
        weights: of a network: trained ones and statistics.
        averages: a variable of the same shape for each; `update` fills them.
        momentum: share of the average that an update leaves, 0 to 1: 0.999 remembers about the last 1,000. The
            first ones leave less, so that the random weights at the beginning are soon forgotten.
    """

    def __init__(self, weights: Sequence[Any], averages: Sequence[Any], momentum: float) -> None:
        self._pairs = tuple(zip(weights, averages, strict=True))
        self._momentum = momentum

    def update(self, number: tf.Tensor) -> None:
        """Take the weights after their update of that number, from 0, into the average."""
        done = tf.cast(number, tf.float32)
        kept = tf.minimum(self._momentum, (1.0 + done) / (10.0 + done))
        for weight, average in self._pairs:
            average.assign(kept * average + (1.0 - kept) * weight)

    def put(self) -> None:
        """Give the network the averages for good."""
        for weight, average in self._pairs:
            weight.assign(average)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the network the averages for a while."""
        own = [weight.numpy() for weight, _ in self._pairs]
        self.put()
        try:
            yield
        finally:
            for (weight, _), value in zip(self._pairs, own, strict=True):
                weight.assign(value)
