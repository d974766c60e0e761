"""Stops a training whose loss or weights are no longer numbers, before anything of it is saved."""

import math
from typing import Any

import keras
import numpy as np

from emolab.errors import DivergedError
from emolab.training.module import Module

LOOK_EVERY = 20  # steps: each look waits for a GPU, and what is computed for nothing meanwhile takes a second
_ADVICE = "Try a lower optimizer.learning_rate, optimizer.global_clipnorm=1 or trainer.precision=float32"


class NanGuard(keras.callbacks.Callback):
    """Stop soon after the loss became NaN or infinite, naming the span of steps: every 20, and at an epoch's end.

    It comes before whatever saves at an epoch's end, so that the last good state stays; what is saved within an epoch
    is looked at by `check_numbers`, as the weights are, of whose last update the loss tells nothing.

    Raises:
        DivergedError: naming the steps between which it happened, and what to try.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last_good = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Remember where the training begins."""
        self._last_good = self.model.steps_done

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss of the steps before this one; a mean that was once no number stays none."""
        if batch and batch % LOOK_EVERY == 0:
            _check("loss", self.model.loss_so_far, self._last_good, self.model.steps_done)
            self._last_good = self.model.steps_done

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the epoch's loss, and at that of the validation, if there was one."""
        step, known = self.model.steps_done, logs or {}
        _check("loss", known.get("loss", 0.0), self._last_good, step)
        _check("val_loss", known.get("val_loss", 0.0), step - 1, step)
        self._last_good = step


def check_numbers(module: Module, saved: int) -> None:
    """Check that the loss of the epoch and every weight of `module` and its optimizer is a number.

    Args:
        module: compiled.
        saved: the step of the last save.

    Raises:
        DivergedError: naming the first one that isn't and the steps between which it happened.
    """
    _check("loss", module.loss_so_far, saved, module.steps_done)
    for variable in (*module.weights, *module.optimizer.variables):
        value = variable.numpy()
        if np.issubdtype(value.dtype, np.integer) or np.isfinite(value).all():
            continue
        raise DivergedError(
            f"the weight {variable.path} became NaN or infinite between steps {saved} and {module.steps_done}. "
            f"Nothing of that is saved. {_ADVICE}"
        )


def _check(name: str, value: float, last_good: int, step: int) -> None:
    if not math.isfinite(value):
        raise DivergedError(
            f"the {name} became {value} between steps {last_good} and {step}. The last good state is kept. {_ADVICE}"
        )
