"""Keeps the best weights and the last full state of a training, whole at every moment."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import keras

from emolab.errors import RunError
from emolab.interrupts import HANG_UP, end_signals
from emolab.training.callbacks.counters import counters_of, restore_counters
from emolab.training.callbacks.nan_guard import check_numbers
from emolab.training.optimizers import settable_rate
from emolab.training.state import load_state, save_state
from emolab.unread import STDOUT, leave_readers, leave_terminal

if TYPE_CHECKING:
    from emolab.runs import RunRecord

_GOING_MS = 200  # that a `tee` may take to end by the Ctrl-C that reaches it, too


class Checkpoints(keras.callbacks.Callback):
    """Save the best weights, save the last state, restore it, and save once more when asked to stop.

    It comes last in the list, so that it saves what the others have done, and restores their plain attributes
    (numbers, words): a resumed early stopping goes on counting where it was.

    What is kept as best is the moving average of the weights, where the module keeps one; `AveragedValidation` sees to
    it that this is what was validated.

    Args:
        record: the run's.
        steps_per_epoch: training steps in an epoch.
        monitor: name of the metric that decides what is best.
        mode: "max" or "min".
        callbacks: those whose counters are saved with the state.
        every_minutes: time between saves, but for those of better weights and of the end.
    """

    def __init__(
        self,
        record: "RunRecord",
        steps_per_epoch: int,
        monitor: str = "val_accuracy",
        mode: str = "max",
        callbacks: tuple[keras.callbacks.Callback, ...] = (),
        every_minutes: float = 5.0,
    ) -> None:
        super().__init__()
        self._record, self._steps, self._monitor, self._mode = record, steps_per_epoch, monitor, mode
        self._callbacks, self._pause = callbacks, every_minutes * 60
        self._restored: dict[str, Any] | None = None
        self._rate: float | None = None
        self._saved_at, self._saved_step = time.monotonic(), 0
        self._validated = False
        self.stopped = False
        self._stop_asked = False
        self._interrupted = False

    def restore(self) -> None:
        """Load the last state into the model (already compiled); its callbacks follow when `fit` begins.

        Afterwards `stopped` says whether the training had been ended, by early stopping say.
        """
        self._restored = load_state(self._record.checkpoint_path("last"), self.model)
        self._rate = settable_rate(self.model.optimizer)
        self._saved_step = self.model.steps_done
        self.stopped = self._restored["stopped"]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Give the callbacks the counters they had."""
        self._saved_at = time.monotonic()
        if self._restored is not None:
            for callback, counters in zip(self._callbacks, self._restored["callbacks"], strict=True):
                restore_counters(callback, counters)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put back what the beginning of an epoch has just changed, if the epoch goes on in its middle.

        `fit` resets the means; a callback such as Keras's `LearningRateScheduler` sets the learning rate.
        """
        if self._restored is not None and self._restored["means"]:
            for variable, value in zip(_mean_variables(self.model), self._restored["means"], strict=True):
                variable.assign(value)
            if self._rate is not None:
                self.model.optimizer.learning_rate = self._rate
        self._restored = None
        self._validated = False

    def between_steps(self) -> None:
        """Save within an epoch when it's time, or when the training was asked to stop.

        The trainer calls it before a step, ahead of all callbacks: Keras's own hook at a step's end would make every
        step wait for a GPU.
        """
        if not (self._stop_asked or self._due()):
            return
        step = self.model.steps_done
        if step % self._steps == 0:
            return  # the epoch has only begun, and its callbacks with it, as they would again: after its first step
        check_numbers(self.model, self._saved_step)
        self._save_last(step)
        if self._stop_asked:
            raise KeyboardInterrupt

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Remember that this epoch was validated."""
        self._validated = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the best weights if these are, and the state with them, at the end, when it's time, or if there's none.

        Raises:
            RunError: if a weight is no number, or the epoch was validated without the monitored value.
        """
        better = self._better_value(logs or {}) if self._validated else None
        ends = self._stop_asked or self.model.stop_training or epoch + 1 == self.params["epochs"]
        if better is not None or ends or self._due() or not self._record.can_go_on:
            check_numbers(self.model, self._saved_step)
            if better is not None:
                self._save_best(epoch, better)
            self._save_last(self.model.steps_done)
        if self._stop_asked:
            raise KeyboardInterrupt

    def ask_to_stop(self, signal_number: int, frame: object) -> None:
        """Take Ctrl-C: the first saves after the current step, a second one stops at once; a hang-up never does."""
        self._stop_asked = True
        leave_readers(_GOING_MS)
        if signal_number == HANG_UP:
            leave_terminal()
        elif self._interrupted:
            raise KeyboardInterrupt
        else:
            self._interrupted = True
        with suppress(OSError):
            os.write(STDOUT, b"\nsaving the state after this step; press Ctrl-C again to stop without\n")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let Ctrl-C (SIGINT), SIGTERM and a closed terminal (SIGHUP) save before they stop.

        Elsewhere than in the main thread nothing changes.
        """
        before: dict[signal.Signals, Any] = {}
        with suppress(ValueError):  # not the main thread: Python lets only that one take signals
            for number in (signal.SIGINT, *end_signals()):
                before[number] = signal.signal(number, self.ask_to_stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _due(self) -> bool:
        return time.monotonic() - self._saved_at >= self._pause

    def _better_value(self, logs: dict[str, Any]) -> float | None:
        """Return the value that was monitored, if none was better before."""
        value, best = _monitored(self._monitor, logs), self._record.facts.monitor.best
        if best is not None and not (value > best if self._mode == "max" else value < best):
            return None
        return value

    def _save_best(self, epoch: int, value: float) -> None:
        chosen = {"name": self._monitor, "mode": self._mode, "best": value, "epoch": epoch}
        with self.model.averaged():
            write = self.model.network.save_weights
            self._record.save_checkpoint("best", write, tag=epoch, monitor=chosen)

    def _save_last(self, step: int) -> None:
        within = step % self._steps != 0
        progress = {
            "stopped": bool(self.model.stop_training),
            "means": [variable.numpy().tolist() for variable in _mean_variables(self.model)] if within else [],
            "callbacks": [counters_of(callback) for callback in self._callbacks],
        }
        self._record.save_checkpoint("last", lambda path: save_state(path, self.model, progress), tag=step)
        self._saved_at, self._saved_step = time.monotonic(), step


def _monitored(name: str, logs: dict[str, Any]) -> float:
    if name not in logs:
        raise RunError(
            f"the epoch was validated, but has no {name!r}, by which the best weights are chosen. It has: "
            f"{', '.join(sorted(logs))}. Name one of them as trainer.monitor"
        )
    return float(logs[name])


def _mean_variables(module: keras.Model) -> list[Any]:
    return [variable for metric in module.metrics for variable in metric.variables]
