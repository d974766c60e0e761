import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import keras
import pytest
from tiny_training import TinyData, tiny_module, tiny_record

from emolab.runs import RunRecord
from emolab.runs.session import recorded
from emolab.tracking import with_record
from emolab.training.callbacks import Supervised
from emolab.training.supervision import VARIABLE
from emolab.training.trainer import Trainer


def _supervisor(monkeypatch: pytest.MonkeyPatch, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> list[Any]:
    """Answer the next training of this process as another one would; return what it says."""
    here, there = socket.socketpair()
    monkeypatch.setenv(VARIABLE, str(os.dup(there.fileno())))
    there.close()
    said: list[Any] = []

    def listen() -> None:
        with here, here.makefile("rw") as line:
            for text in line:
                said.append(json.loads(text))
                line.write(json.dumps(answer(said[-1])) + "\n")
                line.flush()

    Thread(target=listen, daemon=True).start()
    return said


def _train(folder: Path, epochs: int, **settings: Any) -> Any:
    record = tiny_record(folder)
    loggers = with_record(None)
    loggers.start(record, {})
    with recorded(record, loggers):
        trainer = Trainer(epochs, record, loggers, [Supervised("val_accuracy", epochs, **settings)])
        trainer.fit(tiny_module(trainer), TinyData())
        loggers.finish("finished", {})
    return record


def test_every_validation_is_told_and_the_network_measured_at_the_end(tmp_path, monkeypatch):
    said = _supervisor(monkeypatch, lambda message: {"prune": False})
    record = _train(tmp_path, 3, latency=True)
    assert record.status == "finished"
    told = [(message["epoch"], message["value"]) for message in said[:-1]]
    assert told == [(line["epoch"], line["val_accuracy"]) for line in record.read_metrics()]
    assert 0 < said[-1]["latency_ms"] < 1000


def test_a_training_told_to_stop_ends_at_once_as_pruned_with_that_epoch_kept(tmp_path, monkeypatch, capsys):
    _supervisor(monkeypatch, lambda message: {"prune": message["epoch"] == 1, "reason": "no hope"})
    record = _train(tmp_path, 50)
    assert record.status == "pruned"
    assert [line["epoch"] for line in record.read_metrics()] == [0, 1]
    assert {"best", "last"} <= set(record.facts.checkpoints)
    assert record.facts.summary.best == record.facts.monitor.best
    assert "pruned: epoch 2, val_accuracy" in capsys.readouterr().out


def test_a_training_that_is_told_to_stop_after_its_last_epoch_is_finished(tmp_path, monkeypatch):
    said = _supervisor(monkeypatch, lambda message: {"prune": message["epoch"] == 1, "reason": "no hope"})
    assert _train(tmp_path, 2).status == "finished"
    assert [message["epoch"] for message in said] == [0, 1]


def test_the_end_of_a_cut_epoch_is_not_the_end_of_the_training(tmp_path, monkeypatch):
    class Cut(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.steps_done == TinyData().steps_per_epoch + 1:  # within the second epoch
                raise KeyboardInterrupt

    record = tiny_record(tmp_path)
    loggers = with_record(None)
    loggers.start(record, {})
    trainer = Trainer(4, record, loggers, [Cut()])
    with pytest.raises(KeyboardInterrupt), recorded(record, loggers):
        trainer.fit(tiny_module(trainer), TinyData())
    said = _supervisor(monkeypatch, lambda message: {"prune": message.get("epoch") == 1, "reason": "no hope"})
    record = RunRecord.resume(record.folder)
    loggers.start(record, {})
    with recorded(record, loggers):
        trainer = Trainer(4, record, loggers, [Supervised("val_accuracy", 4, latency=True)])
        trainer.fit(tiny_module(trainer), TinyData(), resume=True)
    assert record.status == "pruned"
    assert [message.get("epoch") for message in said] == [1]  # nothing is measured in mid-training


def test_a_training_that_another_callback_stops_early_is_measured_too(tmp_path, monkeypatch):
    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    said = _supervisor(monkeypatch, lambda message: {"prune": False})
    record = tiny_record(tmp_path)
    loggers = with_record(None)
    loggers.start(record, {})
    with recorded(record, loggers):
        trainer = Trainer(4, record, loggers, [Supervised("val_accuracy", 4, latency=True), Enough()])
        trainer.fit(tiny_module(trainer), TinyData())
        loggers.finish("finished", {})
    assert [message.get("epoch") for message in said] == [0, None]
    assert said[-1]["latency_ms"] > 0


def test_a_training_stopped_early_and_killed_before_it_was_measured_is_measured_when_resumed(tmp_path, monkeypatch):
    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    class Killed(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            raise KeyboardInterrupt

    record = tiny_record(tmp_path)
    said = _supervisor(monkeypatch, lambda message: {"prune": False})
    trainer = Trainer(4, record, callbacks=[Killed(), Supervised("val_accuracy", 4, latency=True), Enough()])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(tiny_module(trainer), TinyData())
    assert [message.get("epoch") for message in said] == [0]
    said = _supervisor(monkeypatch, lambda message: {"prune": False})
    alive = keras.callbacks.Callback()
    trainer = Trainer(4, record, callbacks=[alive, Supervised("val_accuracy", 4, latency=True), Enough()])
    trainer.fit(tiny_module(trainer), TinyData(), resume=True)
    assert [message["latency_ms"] > 0 for message in said] == [True]


def test_without_a_supervisor_it_does_nothing(tmp_path):
    assert _train(tmp_path, 1).status == "finished"


def test_a_supervisor_that_is_gone_is_no_reason_to_stop(tmp_path, monkeypatch):
    here, there = socket.socketpair()
    monkeypatch.setenv(VARIABLE, str(os.dup(there.fileno())))
    here.close()
    there.close()
    assert _train(tmp_path, 1).status == "finished"
