import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_training import TinyData, assert_same_weights, tiny_module, tiny_record

from emolab.errors import RunError
from emolab.tracking import LoggerGroup
from emolab.training.losses import cross_entropy
from emolab.training.optimizers import averaged_weights
from emolab.training.trainer import Trainer


def _fit(trainer: Trainer, **optimizer: object) -> keras.Model:
    keras.utils.set_random_seed(0)
    return trainer.fit(tiny_module(trainer, **optimizer), TinyData())


def test_a_network_learns() -> None:
    trainer = Trainer(epochs=8)
    module = _fit(trainer)
    assert trainer.validate(module, TinyData())["accuracy"] > 0.9
    assert trainer.predict(module, TinyData()).shape == (24, 2)
    assert int(module.step.numpy()) == 40


def test_the_same_seed_gives_the_same_weights() -> None:
    assert_same_weights(_fit(Trainer(epochs=2)), _fit(Trainer(epochs=2)))


def test_weight_decay_spares_biases_and_normalisation() -> None:
    module = tiny_module(Trainer(epochs=1))
    optimizer = module.configure_optimizers(10)
    decayed = [weight for weight in module.trainable_weights if optimizer._use_weight_decay(weight)]
    assert {len(weight.shape) for weight in decayed} == {2, 4}


def test_the_best_checkpoint_and_validation_use_the_averages_and_training_goes_on_without(
    tmp_path: Path,
) -> None:
    record = tiny_record(tmp_path)
    module = _fit(Trainer(epochs=2, record=record), use_ema=True, ema_momentum=0.9)
    trainer = Trainer(epochs=2)
    trainer.compile(resumed := tiny_module(trainer, use_ema=True, ema_momentum=0.9), TinyData())
    from emolab.training.state import load_state

    load_state(record.checkpoint_path("last"), resumed)
    raw = [weight.numpy() for weight in resumed.trainable_weights]
    with averaged_weights(resumed):
        averages = [weight.numpy() for weight in resumed.trainable_weights]
    assert any(not np.array_equal(one, other) for one, other in zip(raw, averages, strict=True))
    for weight, value in zip(resumed.trainable_weights, raw, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    if record.fields["monitor"]["epoch"] == 1:
        module.network.load_weights(record.checkpoint_path("best"))
        for weight, value in zip(module.trainable_weights, averages, strict=True):
            np.testing.assert_array_equal(weight.numpy(), value)


def test_averages_match_a_computation_by_hand() -> None:
    trainer = Trainer(epochs=1)
    module = tiny_module(trainer, use_ema=True, ema_momentum=0.5)
    trainer.compile(module, TinyData())
    average = [np.zeros(weight.shape, np.float32) for weight in module.trainable_weights]
    average = [value.numpy() for value in module.optimizer._model_variables_moving_average] or average
    for step in range(3):
        module.train_step(tuple(map(tf.constant, TinyData().train_batch(step))))
        keep = 0.5 if step else 0.0  # Keras starts the average at the first weights it sees
        average = [
            keep * old + (1 - keep) * new.numpy() for old, new in zip(average, module.trainable_weights, strict=True)
        ]
    with averaged_weights(module):
        for weight, value in zip(module.trainable_weights, average, strict=True):
            np.testing.assert_allclose(weight.numpy(), value, rtol=1e-4, atol=1e-6)


def test_accumulation_updates_once_in_so_many_steps() -> None:
    trainer = Trainer(epochs=1)
    module = tiny_module(trainer, gradient_accumulation_steps=2)
    trainer.compile(module, TinyData())
    kernel = module.network.get_layer("logits").kernel
    values = [kernel.numpy()]
    for step in range(4):
        module.train_step(tuple(map(tf.constant, TinyData().train_batch(step))))
        values.append(kernel.numpy())
    changed = [not np.array_equal(old, new) for old, new in pairwise(values)]
    assert changed == [False, True, False, True]


def test_a_loss_that_is_no_number_stops_the_training_and_keeps_the_last_good_state(tmp_path: Path) -> None:
    record = tiny_record(tmp_path)
    trainer = Trainer(epochs=3, record=record)
    keras.utils.set_random_seed(0)

    def breaks(logits: tf.Tensor, targets: tf.Tensor, prior: tf.Tensor) -> tf.Tensor:
        loss = cross_entropy(logits, targets, prior)
        return tf.where(module.step.value >= 7, float("nan"), loss)

    module = tiny_module(trainer, loss=breaks)
    with pytest.raises(RunError, match="between steps 7 and 8"):
        trainer.fit(module, TinyData())
    assert record.fields["checkpoints"]["last"].startswith("checkpoints/last-5")


def test_early_stopping_goes_on_counting_after_a_resume(tmp_path: Path) -> None:
    def stopping() -> keras.callbacks.Callback:
        return keras.callbacks.EarlyStopping("val_loss", patience=2, min_delta=100.0)

    whole = tiny_record(tmp_path)
    module = _fit(Trainer(epochs=9, record=whole, callbacks=[stopping()]))
    stopped_after = int(module.step.numpy())
    part = tiny_record(tmp_path)
    trainer = Trainer(epochs=9, record=part, callbacks=[stopping(), _StopAt(10)])
    with pytest.raises(KeyboardInterrupt):
        _fit(trainer)
    trainer = Trainer(epochs=9, record=part, callbacks=[stopping(), _StopAt(10**9)])
    resumed = trainer.fit(tiny_module(trainer), TinyData(), resume=True)
    assert int(resumed.step.numpy()) == stopped_after == 15


@pytest.mark.parametrize("step", [2, 7, 10])
def test_a_training_stopped_anywhere_resumes_to_the_same_weights(tmp_path: Path, step: int) -> None:
    whole = _fit(Trainer(epochs=3, record=tiny_record(tmp_path)), use_ema=True)
    lines: list[dict] = []
    record = tiny_record(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        _fit(Trainer(epochs=3, record=record, save_every_minutes=0.0, callbacks=[_StopAt(step)]), use_ema=True)
    trainer = Trainer(epochs=3, record=record, loggers=LoggerGroup([_Lines(lines)]), callbacks=[_StopAt(10**9)])
    resumed = trainer.fit(tiny_module(trainer, use_ema=True), TinyData(), resume=True)
    assert_same_weights(whole, resumed)
    assert [line["epoch"] for line in lines] == list(range(step // 5, 3))


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_two_devices_take_the_same_step_as_one(precision: str) -> None:
    script = Path(__file__).parent / "two_devices.py"
    done = subprocess.run([sys.executable, script, precision], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "clipped replicas 2" in done.stdout
    assert "refused: trainer.accumulate=2 doesn't work on 2 devices" in done.stdout


class _StopAt(keras.callbacks.Callback):
    """Stands for a signal: stops before our checkpoints see the step."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._steps = (step,)  # not a plain number: those are saved with the state and restored

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if int(self.model.step.numpy()) in self._steps and int(self.model.step.numpy()) % 5:
            raise KeyboardInterrupt

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if int(self.model.step.numpy()) in self._steps:
            raise KeyboardInterrupt


class _Lines:
    def __init__(self, lines: list[dict]) -> None:
        self._lines = lines

    def log_epoch(self, epoch: int, metrics: dict) -> None:
        self._lines.append({"epoch": epoch, **metrics})
