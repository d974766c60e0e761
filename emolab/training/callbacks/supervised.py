"""Tells each validation result to the process that started the training, which may end it."""

import json
from typing import IO, Any

import keras

from emolab.errors import Pruned
from emolab.training.supervision import line_to_supervisor


class Supervised(keras.callbacks.Callback):
    """Report the monitored value of every validation, and stop when the answer is "prune" before the last epoch.

    The socket comes from the environment, not from the configuration: a resumed training has another one, and
    the same configuration. The epoch that was pruned is logged and saved as any other.

    Args:
        monitor: the metric that is reported.
        epochs: of the whole training.
        latency: at the end, also report how many milliseconds the network takes for one face.

    Without a supervisor (the same configuration, trained by hand) it does nothing.

    Raises:
        Pruned: at the end of a training that was told to stop.
    """

    def __init__(self, monitor: str, epochs: int, latency: bool = False) -> None:
        super().__init__()
        self.monitor, self.epochs, self.latency = monitor, epochs, latency
        self._over = True  # until an epoch says otherwise: a stopped training that is resumed has none left
        self._pruned: str | None = None
        self._line: IO[str] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Take the line; only once, since an epoch that was cut is finished in a `fit` of its own."""
        self._line = self._line or line_to_supervisor()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Report, and do what is answered."""
        self._over = epoch + 1 == self.epochs
        value = (logs or {}).get(self.monitor)
        if value is None:
            return
        answer = self._ask({"epoch": epoch, "value": float(value)})
        if answer.get("prune") and not self._over:  # else nothing is saved any more, and its value is worth keeping
            self._pruned = f"epoch {epoch + 1}, {self.monitor} {float(value):.4f}: {answer['reason']}"
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """End the training as pruned, or report what was measured."""
        if self._pruned is not None:
            raise Pruned(self._pruned)
        if self.latency and (self._over or self.model.stop_training):  # not after an epoch that was cut and finished
            from emolab.models.cost import latency_ms

            self._ask({"latency_ms": latency_ms(self.model.network)})

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Say something and return the answer; nothing where the supervisor is gone."""
        if self._line is None:
            return {}
        try:
            self._line.write(json.dumps(message) + "\n")
            self._line.flush()
            answer = self._line.readline()
        except OSError:  # it was killed; the system asks this process to stop, too
            return {}
        return dict(json.loads(answer)) if answer else {}
