"""Validates the moving average of the weights."""

from contextlib import ExitStack
from typing import Any

import keras


class AveragedValidation(keras.callbacks.Callback):
    """Put the moving average of the weights in their place for each validation; the training goes on without it.

    It comes behind the other callbacks: they find the trained weights when a validation begins, the average when it
    ends, and the trained ones again when the epoch does.
    """

    def __init__(self) -> None:
        super().__init__()
        self._swapped = ExitStack()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Take the average."""
        self._swapped.enter_context(self.model.averaged())

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Go back to the weights that are trained."""
        self._swapped.close()
