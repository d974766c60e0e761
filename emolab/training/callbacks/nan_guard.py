"""Stops a training whose loss is no longer a number."""

import math
from typing import Any

import keras

from emolab.errors import RunError


class NanGuard(keras.callbacks.Callback):
    """Stop at the first step after which the loss is NaN or infinite, naming the span of steps.

    It comes before whatever saves, so that the last good state stays.

    Raises:
        RunError: naming the steps between which it happened, and what to try.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last_good = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Remember where the training begins."""
        self._last_good = int(self.model.step.numpy())

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss", 0.0)
        step = int(self.model.step.numpy())
        if not math.isfinite(loss):
            raise RunError(
                f"the loss became {loss} between steps {self._last_good} and {step}. The last good state is kept. "
                "Try a lower optimizer.learning_rate, optimizer.global_clipnorm=1 or trainer.precision=float32"
            )
        self._last_good = step
