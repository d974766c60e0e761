"""Stops a training whose loss or weights are no longer numbers, before anything of it is saved."""

import math
from typing import Any

import keras
import numpy as np

from emolab.errors import DivergedError

_ADVICE = "Try a lower optimizer.learning_rate, optimizer.global_clipnorm=1 or trainer.precision=float32"


class NanGuard(keras.callbacks.Callback):
    """Stop at the first step after which the loss is NaN or infinite, naming the span of steps.

    It comes before whatever saves, so that the last good state stays. The loss of a step tells nothing about the
    update that follows: `check_weights` looks at that before each save.

    Raises:
        DivergedError: naming the steps between which it happened, and what to try.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last_good = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Remember where the training begins."""
        self._last_good = int(self.model.step.numpy())

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss."""
        step = int(self.model.step.numpy())
        _check("loss", (logs or {}).get("loss", 0.0), self._last_good, step)
        self._last_good = step

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss of the validation, if there was one."""
        step = int(self.model.step.numpy())
        _check("val_loss", (logs or {}).get("val_loss", 0.0), step - 1, step)


def check_weights(module: keras.Model, saved: int) -> None:
    """Check that every weight of `module` and its optimizer is a number.

    Args:
        module: compiled.
        saved: the step of the last save.

    Raises:
        DivergedError: naming the first one that isn't and the steps between which it happened.
    """
    for variable in (*module.weights, *module.optimizer.variables):
        value = variable.numpy()
        if np.issubdtype(value.dtype, np.integer) or np.isfinite(value).all():
            continue
        raise DivergedError(
            f"the weight {variable.path} became NaN or infinite between steps {saved} and "
            f"{int(module.step.numpy())}. Nothing of that is saved. {_ADVICE}"
        )


def _check(name: str, value: float, last_good: int, step: int) -> None:
    if not math.isfinite(value):
        raise DivergedError(
            f"the {name} became {value} between steps {last_good} and {step}. The last good state is kept. {_ADVICE}"
        )
