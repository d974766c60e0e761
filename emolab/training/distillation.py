"""A network learns from others: not only what the labels say, but what resembles what."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from emolab.training.losses import distillation
from emolab.training.module import EmotionModule

Teachers = Callable[[], Sequence[keras.Model]]


class DistillationModule(EmotionModule):
    """Learns to name the emotion of a face as the labels and its teachers do (Hinton et al. 2015).

    Teachers see the same augmented images, so that they're right about what was moved, mixed or covered; of several the
    mean of the probabilities is learned. They have no part in the module's state: their weights neither change nor are
    saved, and they draw nothing at random.

    Args:
        network: the student: uint8-range RGB (N, S, S, 3) -> logits (N, C).
        teachers: at least one other such network.
        weight: share of the teachers in the loss, 0 to 1; the labels have the rest.
        temperature: softens the probabilities that are learned, at least 1.
        **parts: of `EmotionModule`.
    """

    def __init__(
        self, network: keras.Model, teachers: Sequence[keras.Model], weight: float, temperature: float, **parts: Any
    ) -> None:
        super().__init__(network, **parts)
        self._weight, self._softness = weight, temperature
        self._taught = lambda images: averaged_logits(teachers, images)  # a function: Keras would track the models

    def training_step(self, images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        """Augment, classify, compare with labels and teachers."""
        images, targets = self.augmented(images, targets, step)
        logits = self(images, training=True)
        values = self._values(logits, targets)
        taught = tf.stop_gradient(self._taught(tf.cast(images, tf.float32)))
        missed = distillation(logits, taught, self._softness)
        return {**values, "loss": (1.0 - self._weight) * values["loss"] + self._weight * missed}


def averaged_logits(networks: Sequence[keras.Model], images: tf.Tensor) -> tf.Tensor:
    """Return logits (N, C) of the mean of the networks' probabilities for uint8-range RGB (N, S, S, 3)."""
    logarithms = [tf.nn.log_softmax(network(images, training=False)) for network in networks]
    return tf.reduce_logsumexp(tf.stack(logarithms), axis=0) - math.log(len(networks))
