"""Learning-rate schedules: pure functions of the step, so that any step can be resumed."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="emolab")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Rise in a straight line to `peak`, then fall along half a cosine (Loshchilov & Hutter 2017).

    Args:
        peak: the highest learning rate, above 0.
        total_steps: steps of the whole training.
        warmup: share of the steps that rise, 0 to 1.
        final: learning rate of the last step as a share of the peak, 0 to 1.
    """

    def __init__(self, peak: float, total_steps: int, warmup: float = 0.05, final: float = 0.0) -> None:
        self.peak, self.total_steps, self.warmup, self.final = peak, total_steps, warmup, final

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        """Return the learning rate of `step`, counted from 0."""
        step = ops.cast(step, "float32")
        rising = max(1, round(self.warmup * self.total_steps))
        progress = ops.clip((step - rising) / max(1.0, self.total_steps - rising), 0.0, 1.0)
        cosine = self.final + (1.0 - self.final) * 0.5 * (1.0 + ops.cos(math.pi * progress))
        return self.peak * ops.where(step < rising, (step + 1.0) / rising, cosine)

    def get_config(self) -> dict[str, float]:
        """Return the arguments."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup": self.warmup,
            "final": self.final,
        }


def constant(peak: float, total_steps: int = 0) -> float:
    """Return the same learning rate for every step: a number, which callbacks of Keras's may change on the way."""
    return float(peak)
