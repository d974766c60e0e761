"""Gives each epoch's metrics to the loggers."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras


class EpochLog(keras.callbacks.Callback):
    """Log metrics, learning rate and throughput of each epoch.

    Args:
        log: takes the epoch (from 0) and its metrics.
        batch_size: images a step.
    """

    def __init__(self, log: Callable[[int, Mapping[str, float]], None], batch_size: int) -> None:
        super().__init__()
        self._log, self._batch_size = log, batch_size
        self._began = self._validated = 0.0
        self._first_step = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._began, self._validated = time.perf_counter(), 0.0
        self._first_step = self.model.steps_done

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """The training part of the epoch is over."""
        self._validated = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log."""
        now = time.perf_counter()
        trained = max((self._validated or now) - self._began, 1e-9)
        images = (self.model.steps_done - self._first_step) * self._batch_size
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        measured = {
            "learning_rate": rate,
            "images_per_second": images / trained,
            "seconds": now - self._began,
        }
        self._log(epoch, {**{name: float(value) for name, value in (logs or {}).items()}, **measured})
