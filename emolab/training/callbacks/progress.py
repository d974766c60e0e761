"""How far the training is, how fast, and how long it will take."""

import sys
import time
from collections.abc import Collection
from typing import Any, TextIO

import keras


class Progress(keras.callbacks.Callback):
    """Print a line an epoch and, on a terminal, a line that is renewed within the epoch.

    Args:
        epochs: of the whole training.
        steps_per_epoch: training steps in each.
        batch_size: images a step.
        stream: where to print.
        every: seconds between renewals within an epoch; on a file, ten times as long.
        untold: values that an epoch's line leaves out, to be short; a run's `metrics.jsonl` has them.
    """

    def __init__(
        self,
        epochs: int,
        steps_per_epoch: int,
        batch_size: int,
        stream: TextIO | None = None,
        every: float = 3.0,
        untold: Collection[str] = (),
    ) -> None:
        super().__init__()
        self._epochs, self._steps, self._batch_size = epochs, steps_per_epoch, batch_size
        self._untold = untold
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._every = every if self._terminal else every * 10
        self._began = self._shown = 0.0
        self._first_step = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._began = self._shown = time.perf_counter()
        self._first_step = self.model.steps_done

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Renew the line now and then, before a step: whoever listens to a step's end makes Keras wait for a GPU."""
        if batch and time.perf_counter() - self._shown >= self._every:
            self._shown = time.perf_counter()
            self._write(f"{self._position()}  loss {self.model.loss_so_far:.3f}  {self._pace()}", renew=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the epoch's line."""
        self._shown = time.perf_counter()
        told = {name: value for name, value in (logs or {}).items() if name not in self._untold}
        values = "  ".join(f"{name} {value:.4f}" for name, value in told.items())
        self._write(f"epoch {epoch + 1}/{self._epochs}  {values}  {self._pace()}", renew=False)

    def _position(self) -> str:
        epoch, step = divmod(self.model.steps_done - 1, self._steps)  # of the step that was just done
        return f"epoch {epoch + 1}/{self._epochs}  step {step + 1}/{self._steps}"

    def _pace(self) -> str:
        done = max(self.model.steps_done - self._first_step, 1)
        seconds = (time.perf_counter() - self._began) / done
        left = (self._epochs * self._steps - self.model.steps_done) * seconds
        return f"{self._batch_size / max(seconds, 1e-9):.0f} images/s  {duration(left)} left"

    def _write(self, text: str, renew: bool) -> None:
        start, end = ("\r\x1b[2K", "" if renew else "\n") if self._terminal else ("", "\n")
        self._stream.write(f"{start}{text}{end}")
        self._stream.flush()


def duration(seconds: float) -> str:
    """Return seconds as "1 h 05 min", "5 min 07 s" or "7 s".

    Example:
        duration(307) == "5 min 07 s"
    """
    whole = round(max(seconds, 0))
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {whole % 60:02d} s" if minutes else f"{whole} s"
