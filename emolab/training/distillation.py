"""A small network learns from a larger one: not only what the labels say, but what resembles what."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from emolab.training.losses import distillation
from emolab.training.module import EmotionModule

Teacher = Callable[[], keras.Model]


class DistillationModule(EmotionModule):
    """Learns to name the emotion of a face as the labels and a teacher do (Hinton et al. 2015).

    The teacher sees the same augmented images, so that it's right about what was moved, mixed or covered. It has no
    part in the module's state: its weights neither change nor are saved, and it draws nothing at random.

    Args:
        network: the student: uint8-range RGB (N, S, S, 3) -> logits (N, C).
        teacher: the same of the larger network.
        weight: share of the teacher in the loss, 0 to 1; the labels have the rest.
        temperature: softens the probabilities that are learned, at least 1.
        **parts: of `EmotionModule`.
    """

    def __init__(
        self, network: keras.Model, teacher: keras.Model, weight: float, temperature: float, **parts: Any
    ) -> None:
        super().__init__(network, **parts)
        self._weight, self._softness = weight, temperature
        self._taught = lambda images: teacher(images, training=False)  # a function: Keras would track a model

    def training_step(self, images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        """Augment, classify, compare with labels and teacher."""
        images, targets = self.augmented(images, targets, step)
        logits = self(images, training=True)
        values = self._values(logits, targets)
        taught = tf.stop_gradient(self._taught(tf.cast(images, tf.float32)))
        missed = distillation(logits, taught, self._softness)
        return {**values, "loss": (1.0 - self._weight) * values["loss"] + self._weight * missed}
