"""A TensorFlow profile of some steps."""

from contextlib import ExitStack
from typing import Any

import keras
import tensorflow as tf


class Profile(keras.callbacks.Callback):
    """Profile the steps from `first` up to `last` of a training's beginning.

    TensorFlow's own profiler, because Keras's `TensorBoard` callback can't run where TensorBoard isn't installed.

    Args:
        folder: where the profile is written, for `tensorboard --logdir <folder>` with its profile plugin.
        first: the first step profiled, counted from where the training begins; the ones before it trace and warm up.
        last: the last step profiled.
    """

    def __init__(self, folder: str, first: int = 5, last: int = 15) -> None:
        super().__init__()
        self.folder, self.first, self.last = folder, first, last
        self._steps = 0
        self._running = ExitStack()  # no plain attribute: those come back with a resumed training, a profiler doesn't

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Start before the first step, stop after the last."""
        self._steps += 1
        if self._steps in (self.first, self.last + 1):
            _ = self.model.steps_done  # waits until a GPU has done the steps before
        if self._steps == self.first:
            self._running.enter_context(tf.profiler.experimental.Profile(self.folder))
        if self._steps == self.last + 1:
            self._running.close()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Stop where the training was shorter."""
        self._running.close()
