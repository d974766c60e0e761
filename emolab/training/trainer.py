"""How a module is trained: Lightning's shape, Keras's engine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from emolab.errors import RunError
from emolab.training.admission import check_batches, check_callbacks, check_monitor, check_optimizer
from emolab.training.callbacks import AveragedValidation, Checkpoints, EpochLog, NanGuard, Progress
from emolab.training.confusion import ConfusionMatrix
from emolab.training.module import Module
from emolab.training.optimizers import compile_for
from emolab.training.precision import computing_in

if TYPE_CHECKING:
    from emolab.data.datamodule import DataModule
    from emolab.runs import RunRecord
    from emolab.tracking import LoggerGroup


class Trainer:
    """`fit`, `validate`, `test` and `predict`, each for a module and a data module.

    `emolab.judging.judge.Judge` judges a run's weights: calibrated, with intervals and a report.

    Args:
        epochs: passes over the training images.
        record: the run's record; without one nothing is saved.
        loggers: get each epoch's metrics.
        callbacks: Keras callbacks, ours or anybody's.
        precision: a Keras dtype policy, such as "mixed_bfloat16".
        strategy: a `tf.distribute.Strategy`, or None for one device.
        monitor: metric that decides which weights are best: "val_accuracy", "val_loss", "val_balanced_accuracy" or
            "val_macro_f1", where the module has the latter two.
        mode: "max" or "min".
        validate_every: epochs between validations; the last epoch is validated in any case.
        save_every_minutes: time between saves of the state, but for those of better weights and of the end.
        evaluation_batch_size: images a batch in `validate`, `test` and `predict`, and in validation while it fits.

    Example:
        trainer = Trainer(epochs=10)
        with trainer.building():
            module = EmotionModule(network, loss, keras.optimizers.AdamW(1e-3), data.prior)
        trainer.fit(module, data)
        print(trainer.test(module, data)["accuracy"])
    """

    def __init__(
        self,
        epochs: int,
        record: "RunRecord | None" = None,
        loggers: "LoggerGroup | None" = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        precision: str = "float32",
        strategy: tf.distribute.Strategy | None = None,
        monitor: str = "val_accuracy",
        mode: str = "max",
        validate_every: int = 1,
        save_every_minutes: float = 5.0,
        evaluation_batch_size: int = 256,
    ) -> None:
        self.epochs, self.record, self.loggers = epochs, record, loggers
        self.callbacks, self.precision = tuple(callbacks), precision
        self.strategy = strategy or tf.distribute.get_strategy()
        self._monitor, self._mode, self._save_every_minutes = monitor, mode, save_every_minutes
        self._validate_every = validate_every
        self._evaluation_batch_size = evaluation_batch_size

    @contextmanager
    def building(self) -> Iterator[None]:
        """Build a module in here: its variables lie where the strategy wants them, in the right precision."""
        with self.strategy.scope(), computing_in(self.precision):
            yield

    def compile(self, module: Module, data: "DataModule") -> None:
        """Give the module its optimizer, with a schedule over all steps of the training; `fit` does so itself."""
        with self.strategy.scope():
            optimizer = module.configure_optimizers(self.epochs * data.steps_per_epoch)
            compile_for(module, optimizer, self.strategy.num_replicas_in_sync)

    def check(self, module: Module, data: "DataModule", recorded: bool = True) -> None:
        """Compile the module, and refuse what can't be trained; `fit` does so itself.

        Args:
            module: that is to be trained.
            data: that it is to learn from.
            recorded: there will be a record.

        Raises:
            ConfigError: if the optimizer refuses its settings, a callback can't work here, or the batches don't fit the
                devices or the length of the training.
        """
        self.compile(module, data)
        check_batches(data.batch_size, self.strategy.num_replicas_in_sync)
        check_optimizer(module.optimizer, self.epochs * data.steps_per_epoch)
        check_callbacks(self.callbacks, module.optimizer, recorded)

    def fit(self, module: Module, data: "DataModule", resume: bool = False) -> Module:
        """Train for `epochs`, or go on from the record's last state.

        A resumed training that stopped within an epoch first finishes that epoch, in a `fit` of its own,
        because Keras counts the same number of steps in every epoch of one `fit`.

        Afterwards the module holds the moving averages of its weights, if it keeps them (`trainer.averaging`). They are
        the last weights, not the best: a record keeps those as its best checkpoint, and without one Keras's
        `EarlyStopping(..., restore_best_weights=True)` puts them back.

        Raises:
            ConfigError: before the training, as `check`, or if the monitored metric would be missing.
            KeyboardInterrupt: after the state was saved.
            RunError: if the loss is no longer a number, a state doesn't fit or can't be saved, or memory is too small.
        """
        self.check(module, data, recorded=self.record is not None)
        with _clear_memory_errors(data.batch_size):
            if self.record is None:
                self._run(module, data, None, self.epochs)
            else:
                check_monitor(self._monitor, module, self.callbacks)
                self._fit(module, data, self._checkpoints(self.record, module, data), resume)
        if module.average is not None:
            with self.strategy.scope():
                module.average.put()
        return module

    def validate(self, module: Module, data: "DataModule") -> dict[str, float]:
        """Return the metrics of the validation images, with the weights that the module has now.

        "loss" and "accuracy" are means over the images of what `validation_step` returns; an `EmotionModule` has
        "balanced_accuracy" and "macro_f1", too, as the report defines them. All but the loss are 0 to 1.

        Raises:
            DataError: if there are no such images, or fewer than devices.
        """
        return self._metrics(module, data, "validation")

    def test(self, module: Module, data: "DataModule") -> dict[str, float]:
        """Return the same metrics of the test images; raises as `validate` does."""
        return self._metrics(module, data, "test")

    def predict(self, module: Module, data: "DataModule", split: str = "test") -> np.ndarray:
        """Return what the module says of a split: logits, float32 (N, C), an image a row in the order of its rows.

        The columns are `data.classes`; softmax makes probabilities of them.

        Raises:
            DataError: if there is no such split, or it has no images, or fewer than devices.
        """
        self._compiled(module, data)
        return np.asarray(module.predict(self._images(data, split), verbose=0))

    def _metrics(self, module: Module, data: "DataModule", split: str) -> dict[str, float]:
        self._compiled(module, data)
        return dict(module.evaluate(self._images(data, split), return_dict=True, verbose=0))

    def _compiled(self, module: Module, data: "DataModule") -> None:
        if not module.compiled:  # as when its weights came from a file: Keras evaluates nothing else
            self.compile(module, data)

    def _images(self, data: "DataModule", split: str) -> tf.data.Dataset:
        return data.evaluation_dataset(split, self._evaluation_batch_size, self.strategy.num_replicas_in_sync)

    def _fit(self, module: Module, data: "DataModule", checkpoints: Checkpoints, resume: bool) -> None:
        with checkpoints.listening():
            if resume:
                checkpoints.restore()
            if checkpoints.stopped or self._epoch(module, data) >= self.epochs:
                self._end_again(module, checkpoints)
                return
            if self._within_epoch(module, data):
                self._run(module, data, checkpoints, self._epoch(module, data) + 1)
                if module.stop_training or self._epoch(module, data) >= self.epochs:
                    return
                checkpoints.restore()  # the callbacks' counters: Keras begins them anew with each fit
            self._run(module, data, checkpoints, self.epochs)

    def _checkpoints(self, record: "RunRecord", module: Module, data: "DataModule") -> Checkpoints:
        checkpoints = Checkpoints(
            record, data.steps_per_epoch, self._monitor, self._mode, self.callbacks, self._save_every_minutes
        )
        checkpoints.set_model(module)
        return checkpoints

    def _epoch(self, module: Module, data: "DataModule") -> int:
        return module.steps_done // data.steps_per_epoch

    def _within_epoch(self, module: Module, data: "DataModule") -> bool:
        return module.steps_done % data.steps_per_epoch != 0

    def _run(self, module: Module, data: "DataModule", checkpoints: Checkpoints | None, until: int) -> None:
        first = module.steps_done
        epoch = self._epoch(module, data)
        last = until * data.steps_per_epoch
        module.fit(
            data.train_dataset(first, last),
            initial_epoch=epoch,
            epochs=until,
            steps_per_epoch=min(data.steps_per_epoch, last - first),
            validation_data=self._images(data, "validation"),
            validation_freq=[*range(self._validate_every, self.epochs, self._validate_every), self.epochs],
            callbacks=self._all_callbacks(module, data, checkpoints),
            shuffle=False,  # the stream has its own order
            verbose=0,
        )

    def _end_again(self, module: Module, checkpoints: Checkpoints) -> None:
        """Do what is done when a training ends: a callback had stopped it, or it was cut after its last step."""
        module.stop_training = checkpoints.stopped
        callbacks = keras.callbacks.CallbackList([*self.callbacks, checkpoints], model=module)
        callbacks.on_train_begin()
        callbacks.on_train_end()

    def _all_callbacks(self, module: Module, data: "DataModule", checkpoints: Checkpoints | None) -> list[Any]:
        others = {f"val_{name}" for name in ConfusionMatrix.names} - {self._monitor}
        progress = Progress(self.epochs, data.steps_per_epoch, data.batch_size, untold=others)
        logs = [] if self.loggers is None else [EpochLog(self.loggers.log_epoch, data.batch_size)]
        averaged = [] if module.average is None else [AveragedValidation()]
        guard = NanGuard()
        if checkpoints is None:
            return [guard, *self.callbacks, progress, *logs, *averaged]
        between = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: checkpoints.between_steps())
        return [guard, between, *self.callbacks, progress, *logs, *averaged, checkpoints]


@contextmanager
def _clear_memory_errors(batch_size: int) -> Iterator[None]:
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise RunError(
            f"the device has too little memory for batches of {batch_size}: set trainer.batch_size or "
            f"trainer.evaluation_batch_size lower, or trainer.accumulate. What it said: {error.message}"
        ) from error


def seed_everything(seed: int, deterministic: bool) -> None:
    """Seed Python, NumPy and Keras, and make TensorFlow choose operations that give the same bits each time."""
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.random.set_global_generator(tf.random.Generator.from_seed(seed))  # keras-cv asks for it when built
        tf.config.experimental.enable_op_determinism()
