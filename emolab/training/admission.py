"""What a training is refused for before its first step, because it would fail or mislead after hours."""

from collections.abc import Sequence

import keras

from emolab.errors import ConfigError
from emolab.training.module import Module
from emolab.training.optimizers import settable_rate
from emolab.training.replicas import bare_optimizer

_SETS_RATE = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)
_REPLACED = {
    keras.callbacks.ModelCheckpoint: "the best weights and the last state are saved anyway",
    keras.callbacks.BackupAndRestore: "the last state is saved anyway, and resume=<run> goes on from it",
    keras.callbacks.SwapEMAWeights: "with trainer.averaging=0.999 the averages are validated and saved anyway",
}


def check_callbacks(
    callbacks: Sequence[keras.callbacks.Callback], optimizer: keras.Optimizer, recorded: bool = True
) -> None:
    """Check that each callback can work in our trainer.

    Args:
        callbacks: the user's.
        optimizer: built.
        recorded: the training has a record, which keeps its best weights and lets it be resumed.

    Raises:
        ConfigError: for those of Keras's that save or swap weights, which the trainer does in its own way, those
            that set the learning rate where a schedule decides it, and those that keep the best weights beside a
            record.
    """
    for callback in callbacks:
        name = type(callback).__name__
        for kind, reason in _REPLACED.items():
            if isinstance(callback, kind):
                raise ConfigError(f"callbacks: {name} doesn't work here, and isn't needed: {reason}. Leave it out")
        if isinstance(callback, _SETS_RATE) and settable_rate(optimizer) is None:
            raise ConfigError(
                f"callbacks: {name} sets the learning rate, which a schedule decides in this training: "
                "set schedule=constant, or leave the callback out"
            )
        if isinstance(callback, keras.callbacks.CSVLogger) and not callback.append:
            raise ConfigError(f"callbacks: {name} would empty its file when the training is resumed: set append=true")
        if recorded and getattr(callback, "restore_best_weights", False):
            raise ConfigError(
                f"callbacks: {name} with restore_best_weights=true keeps weights that a resumed training would have "
                "lost. Set it to false: the run keeps the best weights anyway, as its best checkpoint"
            )


def check_optimizer(optimizer: keras.Optimizer, steps: int) -> None:
    """Check that the optimizer leaves the averaging of weights to the module, and will update them.

    Args:
        optimizer: built.
        steps: of the whole training.

    Raises:
        ConfigError: if it keeps averages of its own, which know nothing of batch normalisation's statistics, or
            gathers the gradients of more steps than there are.
    """
    own = bare_optimizer(optimizer)
    if (own.gradient_accumulation_steps or 1) > steps:
        raise ConfigError(
            f"trainer.accumulate={own.gradient_accumulation_steps}: the whole training has {steps} steps, and nothing "
            "would be learned: set it lower, or trainer.epochs higher"
        )
    if own.use_ema:
        raise ConfigError(
            "optimizer.use_ema=true averages the weights without the statistics of batch normalisation, which then "
            f"don't fit them: leave it out, and set trainer.averaging={own.ema_momentum}"
        )


def check_monitor(monitor: str, module: Module, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Check that validation will give the value that decides which weights are best.

    A callback of the user's own may add values to the logs: with one, it shows after the first validation.

    Raises:
        ConfigError: listing the values that there will be.
    """
    own = [callback for callback in callbacks if type(callback).__module__.partition(".")[0] not in ("keras", "emolab")]
    names = [f"val_{name}" for name in module.validated]
    if not own and monitor not in names:
        raise ConfigError(f"trainer.monitor={monitor}: validation gives no such value. Choose from: {', '.join(names)}")


def check_batches(batch_size: int, devices: int) -> None:
    """Check that every device gets as many images of each batch: else the gradient isn't that of the batch.

    Raises:
        ConfigError: naming the nearest sizes that work.
    """
    over = batch_size % devices
    if over:
        nearest = [size for size in (batch_size - over, batch_size - over + devices) if size]
        raise ConfigError(
            f"batches of {batch_size} can't be shared evenly by {devices} devices (trainer.strategy): set "
            f"trainer.batch_size={' or '.join(map(str, nearest))}"
        )
