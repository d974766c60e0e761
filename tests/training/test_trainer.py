import os
import signal
import subprocess
import sys
import threading
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.optimizers import AdamW
from tiny_training import TinyData, assert_same_weights, tiny_module, tiny_record

from emolab.errors import ConfigError, RunError
from emolab.evaluation import metrics
from emolab.tracking import LoggerGroup
from emolab.training.callbacks import Checkpoints, checkpoints, nan_guard
from emolab.training.callbacks.profile import Profile
from emolab.training.losses import cross_entropy
from emolab.training.module import EmotionModule, Module
from emolab.training.muon import Muon
from emolab.training.precision import POLICIES
from emolab.training.state import load_state
from emolab.training.trainer import Trainer
from emolab.unread import STDOUT


def _fit(trainer: Trainer, **optimizer: object) -> keras.Model:
    keras.utils.set_random_seed(0)
    return trainer.fit(tiny_module(trainer, **optimizer), TinyData())


def test_a_network_learns() -> None:
    trainer = Trainer(epochs=8)
    module = _fit(trainer)
    assert trainer.validate(module, TinyData())["accuracy"] > 0.9
    assert module.steps_done == 40


def test_a_module_of_random_weights_is_judged_on_each_split_as_its_logits_say() -> None:
    trainer, data = Trainer(epochs=1), TinyData()
    module, prior = tiny_module(trainer), tf.constant(data.prior, tf.float32)
    for split, judged in (("validation", trainer.validate(module, data)), ("test", trainer.test(module, data))):
        images, targets = map(np.concatenate, zip(*data.evaluation_dataset(split, 8).as_numpy_iterator(), strict=True))
        logits = trainer.predict(module, data, split)
        assert (logits.shape, logits.dtype) == ((24, 2), np.float32)
        np.testing.assert_allclose(logits, module(images), rtol=1e-4, atol=1e-5)  # in the order of the rows
        assert judged["accuracy"] == pytest.approx(np.mean(logits.argmax(1) == targets.argmax(1)))
        assert judged["loss"] == pytest.approx(np.mean(cross_entropy(logits, targets, prior)), rel=1e-4)
        matrix = metrics.confusion_matrix(targets.argmax(1), logits.argmax(1), 2)
        assert judged["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy(matrix))
        assert judged["macro_f1"] == pytest.approx(metrics.macro_f1(matrix))
    assert trainer.predict(module, data).tolist() == logits.tolist()  # of the test images


class OwnModule(Module):
    """The three hooks, and nothing else, as somebody with another loss would write them."""

    def training_step(self, images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._judged(self(images, training=True), targets)

    def validation_step(self, images: tf.Tensor, targets: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._judged(self(images), targets)

    def configure_optimizers(self, total_steps: int) -> keras.Optimizer:
        return AdamW(0.02)

    @staticmethod
    def _judged(logits: tf.Tensor, targets: tf.Tensor) -> dict[str, tf.Tensor]:
        right = tf.equal(tf.argmax(logits, axis=1), tf.argmax(targets, axis=1))
        return {"loss": tf.reduce_sum((tf.nn.softmax(logits) - targets) ** 2, axis=1), "accuracy": right}


def test_a_module_of_ones_own_learns_keeps_its_best_weights_and_goes_on(tmp_path: Path) -> None:
    record = tiny_record(tmp_path)
    trainer = Trainer(epochs=8, record=record)
    trainer.fit(OwnModule(tiny_module(trainer).network), TinyData())
    assert record.facts.monitor.best > 0.9
    kept = tiny_module(trainer).network
    kept.load_weights(record.checkpoint_path("best"))
    again = OwnModule(kept)
    again.compile(optimizer=AdamW(0.02))
    judged = trainer.validate(again, TinyData())
    assert judged["accuracy"] == pytest.approx(record.facts.monitor.best)
    assert judged.keys() == {"loss", "accuracy"}
    with pytest.raises(ConfigError, match=r"Choose from: val_loss, val_accuracy$"):
        Trainer(epochs=8, record=record, monitor="val_macro_f1").fit(again, TinyData())


def test_an_optimizer_of_keras_trains_as_one_made_for_the_training_does_and_serves_again() -> None:
    def trained(optimizer: Any) -> keras.Model:
        keras.utils.set_random_seed(0)
        trainer = Trainer(epochs=1)
        module = EmotionModule(tiny_module(trainer).network, cross_entropy, optimizer, TinyData.prior)
        trainer.check(module, TinyData())
        return trainer.fit(module, TinyData())

    class Falling(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return 0.02 / (tf.cast(step, tf.float32) + 1.0)

        def get_config(self) -> dict[str, Any]:
            return {}

    schedule = Falling()
    given = AdamW(schedule, global_clipnorm=1.0)
    made, once, twice = map(trained, (lambda steps, weights: AdamW(schedule, global_clipnorm=1.0), given, given))
    assert_same_weights(made, once)
    assert_same_weights(made, twice)


@pytest.mark.parametrize("kind", ["scales the loss", "a function as its rate", "excludes weights"])
def test_an_optimizer_whose_settings_dont_hold_all_that_it_does_is_refused(kind: str) -> None:
    optimizer = AdamW((lambda: 0.01) if kind == "a function as its rate" else 0.01)
    if kind == "scales the loss":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    if kind == "excludes weights":
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    trainer = Trainer(epochs=1)
    module = EmotionModule(tiny_module(trainer).network, cross_entropy, optimizer, TinyData.prior)
    with pytest.raises(ConfigError, match="can't be made anew"):
        trainer.fit(module, TinyData())


def test_the_first_epoch_is_saved_though_it_isnt_validated(tmp_path: Path) -> None:
    record = tiny_record(tmp_path)
    with pytest.raises(KeyboardInterrupt):  # as if killed: nothing more is saved
        _fit(Trainer(epochs=4, record=record, validate_every=4, callbacks=[_StopAt(10)]))
    assert record.checkpoint_path("last").stem == "last-5"


def test_the_same_seed_gives_the_same_weights() -> None:
    assert_same_weights(_fit(Trainer(epochs=2)), _fit(Trainer(epochs=2)))


def test_weight_decay_spares_biases_and_normalisation() -> None:
    module = tiny_module(Trainer(epochs=1))
    optimizer = module.configure_optimizers(10)
    decayed = [weight for weight in module.trainable_weights if optimizer._use_weight_decay(weight)]
    assert {len(weight.shape) for weight in decayed} == {2, 4}


def test_a_hang_up_before_sigterm_lets_the_state_be_saved(tmp_path: Path) -> None:
    """As a session's end sends both; a second SIGTERM stops at once."""
    checkpoints = Checkpoints(tiny_record(tmp_path), steps_per_epoch=5)
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
        checkpoints.ask_to_stop(number, None)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.ask_to_stop(signal.SIGTERM, None)


def test_ctrl_c_that_ends_the_reader_too_lets_the_state_be_saved(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a shell's `| tee log`: what is told and printed from then on goes nowhere, and is no error."""
    assert checkpoints._GOING_MS >= 100
    monkeypatch.setattr(checkpoints, "_GOING_MS", 60_000)
    callback = Checkpoints(tiny_record(tmp_path), steps_per_epoch=5)
    reader, writer = os.pipe()
    with capfd.disabled():
        before = os.dup(STDOUT)
        os.dup2(writer, STDOUT)
        os.close(writer)
        leaving = threading.Timer(0.05, os.close, [reader])
        leaving.start()
        try:
            callback.ask_to_stop(signal.SIGINT, None)
            leaving.join()
            os.write(STDOUT, b"the next line of the progress")
        finally:
            os.dup2(before, STDOUT)
            os.close(before)


@pytest.mark.parametrize("precision", POLICIES)
def test_a_regulariser_of_the_backbone_is_minimised_too(precision: str) -> None:
    trainer = Trainer(epochs=2, precision=precision)
    module = tiny_module(trainer)
    kernel = next(weight for weight in module.trainable_weights if len(weight.shape) == 4)
    kernel.regularizer = keras.regularizers.L2(100.0)
    stem = module.network.get_layer("stem_conv")
    stem.activity_regularizer = keras.regularizers.L2(1e-4)  # its loss has the layer's own precision
    before = np.linalg.norm(kernel)
    trainer.fit(module, TinyData())
    assert np.linalg.norm(kernel) < 0.9 * before


@pytest.mark.parametrize("precision", POLICIES)
def test_the_best_checkpoint_and_validation_use_the_averages_and_training_goes_on_without(
    tmp_path: Path, precision: str
) -> None:
    record = tiny_record(tmp_path)
    watched = {"monitor": "val_loss", "mode": "min", "validate_every": 2}  # the last epoch is the only one validated
    module = _fit(Trainer(epochs=2, record=record, precision=precision, **watched), averaging=0.9)
    trainer = Trainer(epochs=2, precision=precision)
    trainer.compile(resumed := tiny_module(trainer, averaging=0.9), TinyData())
    load_state(record.checkpoint_path("last"), resumed)
    raw = _values(resumed)
    with resumed.averaged():
        averages = _values(resumed)
    assert all(not np.array_equal(one, other) for one, other in zip(raw, averages, strict=True))
    _assert_equal(raw, _values(resumed))
    _assert_equal(averages, _values(module))  # what `fit` leaves in memory
    module.network.load_weights(record.checkpoint_path("best"))
    _assert_equal(averages, _values(module))


def test_the_averages_are_validated_without_a_record_too() -> None:
    lines: list[dict] = []
    trainer = Trainer(epochs=2, loggers=LoggerGroup([_Lines(lines)]))
    module = _fit(trainer, averaging=0.9)
    assert lines[-1]["val_loss"] == pytest.approx(trainer.validate(module, TinyData())["loss"], rel=1e-6)


@pytest.mark.parametrize(("mode", "epoch", "value"), [("max", 1, 0.9), ("min", 2, 0.3)])
def test_the_best_checkpoint_is_of_the_epoch_with_the_best_value_and_not_of_the_last(
    tmp_path: Path, mode: str, epoch: int, value: float
) -> None:
    record = tiny_record(tmp_path)
    values = _Says(0.5, 0.9, 0.3, 0.7)
    trainer = Trainer(epochs=4, record=record, monitor="val_f1", mode=mode, callbacks=[values])
    trainer.fit(tiny_module(trainer), TinyData())
    assert (record.facts.monitor.epoch, record.facts.monitor.best) == (epoch, value)
    assert record.checkpoint_path("best").name == f"best-{epoch}.weights.h5"
    best = tiny_module(trainer)
    best.network.load_weights(record.checkpoint_path("best"))
    _assert_equal(values.weights[epoch], _values(best))


def test_early_stopping_puts_the_best_weights_back_where_no_record_keeps_them() -> None:
    values = _Says(0.5, 0.9, 0.3)
    stopping = keras.callbacks.EarlyStopping("val_f1", mode="max", patience=9, restore_best_weights=True)
    module = _fit(Trainer(epochs=3, callbacks=[values, stopping]))
    _assert_equal(values.weights[1], _values(module))


def test_what_an_evaluation_fitted_goes_with_the_weights_it_was_fitted_to(tmp_path: Path) -> None:
    record = tiny_record(tmp_path)
    trainer = Trainer(epochs=2, record=record, monitor="val_f1", callbacks=[_Says(0.5, 0.4)])
    trainer.fit(tiny_module(trainer), TinyData())
    record.update(temperatures={"bright": 1.7, "dark": 0.6}, uncertain_below=0.4)
    for epochs, value, kept in ((3, 0.3, True), (4, 0.9, False)):  # no better, then better
        trainer = Trainer(epochs=epochs, record=record, monitor="val_f1", callbacks=[_Says(0, 0, 0.3, value)])
        trainer.fit(tiny_module(trainer), TinyData(), resume=True)
        fitted = (record.facts.temperatures, record.facts.uncertain_below)
        assert [one is not None for one in fitted] == [kept, kept]


@pytest.mark.parametrize("accumulate", [None, 2])
def test_averages_match_a_computation_by_hand(accumulate: int | None) -> None:
    trainer = Trainer(epochs=2)
    module = tiny_module(trainer, averaging=0.15, gradient_accumulation_steps=accumulate)
    trainer.compile(module, TinyData())
    take_step = tf.function(module.train_step, autograph=False)  # as Keras does
    average = _values(module)
    for update, kept in enumerate([0.1, 0.15, 0.15]):  # (1 + 0) / (10 + 0), then what was asked for
        for step in range(update * (accumulate or 1), (update + 1) * (accumulate or 1)):
            take_step(tuple(map(tf.constant, TinyData().train_batch(step))))
        average = [kept * old + (1 - kept) * new for old, new in zip(average, _values(module), strict=True)]
    with module.averaged():
        for value, expected in zip(_values(module), average, strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)


def test_the_average_of_a_short_training_with_batch_normalisation_knows_what_the_last_weights_know() -> None:
    trainer = Trainer(epochs=8)
    module = _fit(trainer, averaging=0.999)
    assert trainer.validate(module, TinyData())["accuracy"] > 0.9


def _values(module: keras.Model) -> list[np.ndarray]:
    return [weight.numpy() for weight in module.network.weights]


def _assert_equal(some: list[np.ndarray], others: list[np.ndarray]) -> None:
    for one, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(one, other)


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


@pytest.mark.parametrize(("look_every", "found"), [(2, "7 and 9"), (20, "5 and 10")])
def test_a_loss_that_is_no_number_stops_the_training_and_keeps_the_last_good_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look_every: int, found: str
) -> None:
    monkeypatch.setattr(nan_guard, "LOOK_EVERY", look_every)
    record = tiny_record(tmp_path)
    trainer = Trainer(epochs=3, record=record)
    keras.utils.set_random_seed(0)

    def breaks(logits: tf.Tensor, targets: tf.Tensor, prior: tf.Tensor) -> tf.Tensor:
        loss = cross_entropy(logits, targets, prior)
        return tf.where(module.step.value >= 7, float("nan"), loss)

    module = tiny_module(trainer, loss=breaks)
    with pytest.raises(RunError, match=f"loss became nan between steps {found}"):
        trainer.fit(module, TinyData())
    assert record.facts.checkpoints["last"].startswith("checkpoints/last-5")


@pytest.mark.parametrize("poisoned_after", [7, 9])  # within an epoch, and in its last step
def test_a_gradient_that_is_no_number_leaves_a_state_of_numbers(tmp_path: Path, poisoned_after: int) -> None:
    record = tiny_record(tmp_path)
    trainer = Trainer(epochs=3, record=record, save_every_minutes=0.0, validate_every=3)
    module = tiny_module(trainer, loss=lambda *values: cross_entropy(poisoned(values[0]), *values[1:]))

    @tf.custom_gradient
    def poisoned(logits: tf.Tensor) -> tuple:
        now = module.step.value == poisoned_after
        return tf.identity(logits), lambda upstream: tf.where(now, upstream * np.nan, upstream)

    with pytest.raises(RunError, match=f"weight .* became NaN .* steps {poisoned_after} and {poisoned_after + 1}"):
        trainer.fit(module, TinyData())
    with np.load(record.checkpoint_path("last")) as saved:
        assert all(np.isfinite(saved[name]).all() for name in saved.files)
    trainer = Trainer(epochs=3, record=record)
    assert int(trainer.fit(tiny_module(trainer), TinyData(), resume=True).step.numpy()) == 15


def test_a_state_that_is_no_number_because_of_its_loss_alone_is_not_saved(tmp_path: Path) -> None:
    """As with float16, whose optimizer skips an update that is no number: a resumed training would stop at once."""
    record = tiny_record(tmp_path)
    trainer = Trainer(epochs=3, record=record, save_every_minutes=0.0)
    module = tiny_module(trainer)
    learned = module.training_step

    def breaks(images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        values = learned(images, targets, step)
        told = tf.where(module.step.value >= 7, float("nan"), tf.stop_gradient(values["loss"]))
        return {**values, "loss": values["loss"] - tf.stop_gradient(values["loss"]) + told}

    module.training_step = breaks
    with pytest.raises(RunError, match="loss became nan between steps 7 and 8"):
        trainer.fit(module, TinyData())
    assert record.facts.checkpoints["last"].startswith("checkpoints/last-7")


def test_an_epoch_that_is_no_better_is_saved_only_when_it_is_time(tmp_path: Path) -> None:
    record, f1 = tiny_record(tmp_path), (0.5, 0.4, 0.6, 0.3, 0.2)
    saved: list[str] = []
    noting = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: saved.append(record.facts.checkpoints.get("last", "none"))
    )
    with pytest.raises(KeyboardInterrupt):  # as if killed: nothing more is saved
        _fit(Trainer(5, record, monitor="val_f1", callbacks=[_Says(*f1), noting, _StopAt(20)]))
    assert [Path(name).stem for name in saved] == ["none", "last-5", "last-5", "last-15", "last-15"]
    whole = _fit(Trainer(5, tiny_record(tmp_path), monitor="val_f1", callbacks=[_Says(*f1)]))
    trainer = Trainer(5, record, monitor="val_f1", callbacks=[_Says(*f1), keras.callbacks.Callback(), _StopAt(10**9)])
    assert_same_weights(whole, trainer.fit(tiny_module(trainer), TinyData(), resume=True))
    assert record.checkpoint_path("last").stem == "last-25"


def test_no_step_waits_for_a_gpu_because_of_a_callback(tmp_path: Path) -> None:
    """Keras reads the values of every step as soon as one callback listens to a step's end."""
    trainer = Trainer(1, tiny_record(tmp_path), LoggerGroup([_Lines([])]), [Profile(str(tmp_path / "profile"))])
    module, data = tiny_module(trainer, averaging=0.9), TinyData()
    callbacks = trainer._all_callbacks(module, data, trainer._checkpoints(trainer.record, module, data))
    assert len(callbacks) == 7
    hooks = ("on_batch_end", "on_train_batch_end")
    default = [getattr(keras.callbacks.Callback, hook) for hook in hooks]
    assert {one: [getattr(one, hook).__func__ for hook in hooks] for one in callbacks} == dict.fromkeys(
        callbacks, default
    )


def test_a_validation_loss_that_is_no_number_stops_the_training(tmp_path: Path) -> None:
    record = tiny_record(tmp_path)
    trainer = Trainer(epochs=2, record=record)
    module = tiny_module(trainer)
    module.validation_step = lambda images, targets: {
        "loss": tf.fill(tf.shape(targets)[:1], np.inf),
        "accuracy": tf.ones(tf.shape(targets)[:1]),
    }
    with pytest.raises(RunError, match="val_loss became inf between steps 4 and 5"):
        trainer.fit(module, TinyData())
    assert not record.facts.checkpoints


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"monitor": "val_f1"}, "Choose from: val_loss, val_accuracy, val_balanced_accuracy, val_macro_f1"),
        ({"callbacks": [keras.callbacks.ModelCheckpoint("best.keras")]}, "saved anyway"),
        ({"callbacks": [keras.callbacks.ReduceLROnPlateau()]}, "set schedule=constant"),
        ({"callbacks": [keras.callbacks.EarlyStopping(restore_best_weights=True)]}, "keeps the best weights anyway"),
        ({"callbacks": [keras.callbacks.CSVLogger("epochs.csv")]}, "set append=true"),
    ],
)
def test_what_would_fail_after_hours_is_refused_before_the_first_step(
    tmp_path: Path, options: dict, message: str
) -> None:
    trainer = Trainer(epochs=3, record=tiny_record(tmp_path), **options)
    module = tiny_module(trainer)
    with pytest.raises(ConfigError, match=message):
        trainer.fit(module, TinyData())
    assert module.steps_done == 0


def test_an_average_without_the_statistics_of_batch_normalisation_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"set trainer\.averaging=0\.99"):
        _fit(Trainer(epochs=1), use_ema=True, ema_momentum=0.99)


def test_gathering_gradients_for_longer_than_the_training_is_refused() -> None:
    with pytest.raises(ConfigError, match="accumulate=11: the whole training has 10 steps"):
        _fit(Trainer(epochs=2), gradient_accumulation_steps=11)
    _fit(Trainer(epochs=2), gradient_accumulation_steps=10)


@pytest.mark.parametrize(("every", "validated"), [(2, [1, 3, 4]), (9, [4])])
def test_the_last_epoch_is_validated_however_seldom_others_are(
    tmp_path: Path, every: int, validated: list[int]
) -> None:
    lines: list[dict] = []
    record = tiny_record(tmp_path)
    with pytest.raises(KeyboardInterrupt):  # in the last epoch, which a resumed training finishes in a fit of its own
        _fit(
            Trainer(5, record, LoggerGroup([_Lines(lines)]), [_StopAt(23)], validate_every=every, save_every_minutes=0)
        )
    trainer = Trainer(5, record, LoggerGroup([_Lines(lines)]), [_StopAt(10**9)], validate_every=every)
    trainer.fit(tiny_module(trainer), TinyData(), resume=True)
    assert [line["epoch"] for line in lines if "val_loss" in line] == validated


def test_a_value_that_a_callback_was_to_add_is_missed_at_the_first_validation(tmp_path: Path) -> None:
    trainer = Trainer(epochs=3, record=tiny_record(tmp_path), monitor="val_f1", callbacks=[_StopAt(10**9)])
    module = tiny_module(trainer)
    with pytest.raises(RunError, match=r"no 'val_f1'.*val_accuracy, val_balanced_accuracy, val_loss"):
        trainer.fit(module, TinyData())
    assert module.steps_done == 5


def _halving() -> list[keras.callbacks.Callback]:
    never_better = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=100.0)
    return [never_better, keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)]


def test_callbacks_that_set_a_constant_rate_resume_to_the_same_weights_and_rate(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    trainer = Trainer(epochs=3, record=tiny_record(tmp_path), callbacks=_halving())
    whole = trainer.fit(tiny_module(trainer, rate=0.01), TinyData())
    assert float(whole.optimizer.learning_rate) == pytest.approx(0.01 * 0.9**3 * 0.5**2, rel=1e-4)
    record = tiny_record(tmp_path)
    trainer = Trainer(epochs=3, record=record, callbacks=[*_halving(), _StopAt(12)], save_every_minutes=0.0)
    keras.utils.set_random_seed(0)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(tiny_module(trainer, rate=0.01), TinyData())
    trainer = Trainer(epochs=3, record=record, callbacks=[*_halving(), _StopAt(10**9)])
    resumed = trainer.fit(tiny_module(trainer, rate=0.01), TinyData(), resume=True)
    assert_same_weights(whole, resumed)
    assert float(resumed.optimizer.learning_rate) == float(whole.optimizer.learning_rate)


class _OwnStopping(keras.callbacks.EarlyStopping):
    def __init__(self, **settings: Any) -> None:
        super().__init__("val_loss", **settings)


@pytest.mark.parametrize("kind", [partial(keras.callbacks.EarlyStopping, "val_loss"), _OwnStopping])
def test_early_stopping_goes_on_counting_after_a_resume_and_stays_stopped(kind: Any, tmp_path: Path) -> None:
    def stopping() -> keras.callbacks.Callback:
        return kind(patience=2, min_delta=100.0)

    whole = tiny_record(tmp_path)
    module = _fit(Trainer(epochs=9, record=whole, callbacks=[stopping()]), averaging=0.9)
    stopped_after = module.steps_done
    part = tiny_record(tmp_path)
    trainer = Trainer(epochs=9, record=part, callbacks=[stopping(), _StopAt(10)])
    with pytest.raises(KeyboardInterrupt):
        _fit(trainer, averaging=0.9)
    for _ in range(2):  # the second time, all is done
        trainer = Trainer(epochs=9, record=part, callbacks=[stopping(), _StopAt(10**9)])
        resumed = trainer.fit(tiny_module(trainer, averaging=0.9), TinyData(), resume=True)
        assert resumed.steps_done == stopped_after == 15
        assert_same_weights(module, resumed)


@pytest.mark.parametrize(
    ("steps", "precision", "kind"),
    [
        ((2, 10, 12), "float32", AdamW),  # again and again
        ((7,), "mixed_float16", AdamW),
        ((7,), "mixed_bfloat16", Muon),
    ],
)
def test_a_training_stopped_anywhere_resumes_to_the_same_weights(
    tmp_path: Path, steps: tuple[int, ...], precision: str, kind: type[keras.Optimizer]
) -> None:
    settings: dict[str, Any] = {"precision": precision, "monitor": "val_macro_f1"}
    uncut: list[dict] = []
    trainer = Trainer(3, tiny_record(tmp_path), LoggerGroup([_Lines(uncut)]), **settings)
    whole = _fit(trainer, averaging=0.9, kind=kind)
    record = tiny_record(tmp_path)
    lines: list[dict] = []

    def part(until: int) -> keras.Model:
        loggers, stop = LoggerGroup([_Lines(lines)]), _StopAt(until)
        trainer = Trainer(3, record, loggers, [stop], save_every_minutes=0.0, **settings)
        keras.utils.set_random_seed(0)
        return trainer.fit(tiny_module(trainer, averaging=0.9, kind=kind), TinyData(), resume=until != steps[0])

    for step in steps:
        with pytest.raises(KeyboardInterrupt):
            part(step)
        assert [line["epoch"] for line in lines] == list(range(step // 5))
    assert_same_weights(whole, part(10**9))
    assert [line["epoch"] for line in lines] == [0, 1, 2]
    values = [line["val_macro_f1"] for line in lines]
    assert values == [line["val_macro_f1"] for line in uncut]
    assert record.facts.monitor.best == max(values)


def test_two_devices_take_the_same_step_as_one() -> None:
    """Weights, and the values of a validation whose last batch they can't share evenly."""
    script = Path(__file__).parent / "two_devices.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    for case in ("clipped and averaged in float32", "clipped and averaged in mixed_float16", "muon in float32"):
        assert f"{case} replicas 2" in done.stdout
    assert "refused: trainer.accumulate=2 doesn't work on 2 devices" in done.stdout
    assert (
        "refused: batches of 7 can't be shared evenly by 2 devices (trainer.strategy): set trainer.batch_size=6 or 8"
        in (done.stdout)
    )
    assert "each draws its own" in done.stdout


def test_a_training_cut_after_its_last_step_ends_for_its_callbacks_when_resumed(tmp_path: Path) -> None:
    record = tiny_record(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        _fit(Trainer(epochs=2, record=record, callbacks=[_StopAtEnd(1)]))
    assert record.checkpoint_path("last").stem == "last-10"
    ended = _Ended()
    trainer = Trainer(epochs=2, record=record, callbacks=[ended])
    trainer.fit(tiny_module(trainer), TinyData(), resume=True)
    assert ended.times == 1


def test_a_training_stopped_while_it_was_profiled_goes_on(tmp_path: Path) -> None:
    record, folder = tiny_record(tmp_path), str(tmp_path / "profile")
    cut = Profile(folder, first=2, last=9)
    with pytest.raises(KeyboardInterrupt):
        _fit(Trainer(epochs=2, record=record, callbacks=[cut, _StopAt(4)], save_every_minutes=0.0))
    cut.on_train_end()  # the process would have ended here
    trainer = Trainer(epochs=2, record=record, callbacks=[Profile(folder, first=2, last=9), _StopAt(10**9)])
    module = trainer.fit(tiny_module(trainer), TinyData(), resume=True)
    assert module.steps_done == 10


def test_a_window_of_values_that_a_callback_keeps_goes_on_after_a_resume(tmp_path: Path) -> None:
    record = tiny_record(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        _fit(Trainer(epochs=4, record=record, callbacks=[_Window(), _StopAt(12)]))
    window = _Window()
    trainer = Trainer(epochs=4, record=record, callbacks=[window, _StopAt(10**9)])
    trainer.fit(tiny_module(trainer), TinyData(), resume=True)
    assert window.epochs == [0, 1, 2, 3]


def test_single_values_of_numpy_go_on_after_a_resume_and_tensors_stop_no_save(tmp_path: Path) -> None:
    class Counts(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs, self.doubled = np.int64(0), np.array(0.0)
            self.best, self.weight, self.phase = tf.constant(0.0), keras.Variable(0.0), np.complex64(1j)

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.epochs, self.doubled = self.epochs + 1, np.array(self.doubled + 2)

    record = tiny_record(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        _fit(Trainer(epochs=3, record=record, callbacks=[Counts(), _StopAt(7)]))
    counts = Counts()
    trainer = Trainer(epochs=3, record=record, callbacks=[counts, _StopAt(10**9)])
    trainer.fit(tiny_module(trainer), TinyData(), resume=True)
    assert (counts.epochs, counts.doubled) == (3, 6.0)


def test_a_device_without_memory_says_what_to_set(tmp_path: Path) -> None:
    class Full(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    with pytest.raises(RunError, match=r"batches of 8.*trainer\.batch_size"):
        _fit(Trainer(epochs=1, record=tiny_record(tmp_path), callbacks=[Full()]))


def test_what_an_optimizer_refuses_is_a_mistake_in_the_configuration() -> None:
    with pytest.raises(ConfigError, match="beta"):
        _fit(Trainer(epochs=1), beta=0.9)


class _Says(keras.callbacks.Callback):
    """Stands for a metric of the user's own: these values, an epoch each; keeps the weights that had them."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self._of_epoch = values
        self.weights: list[list[np.ndarray]] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        assert logs is not None
        logs["val_f1"] = self._of_epoch[epoch]
        self.weights.append(_values(self.model))


class _Ended(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def on_train_end(self, logs: object = None) -> None:
        self.times += 1


class _Window(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[int] = []

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.epochs.append(epoch)


class _StopAtEnd(keras.callbacks.Callback):
    """Stands for a signal during the validation of an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._epochs = (epoch,)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if epoch in self._epochs:
            signal.raise_signal(signal.SIGINT)


class _StopAt(keras.callbacks.Callback):
    """Stands for a kill before the step after this one; as ours, it doesn't listen to a step's end."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._steps = (step,)  # not a plain number: those are saved with the state and restored

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if self.model.steps_done in self._steps and self.model.steps_done % 5:
            raise KeyboardInterrupt

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if self.model.steps_done in self._steps:
            raise KeyboardInterrupt


class _Lines:
    def __init__(self, lines: list[dict]) -> None:
        self._lines = lines

    def log_epoch(self, epoch: int, metrics: dict) -> None:
        self._lines.append({"epoch": epoch, **metrics})
