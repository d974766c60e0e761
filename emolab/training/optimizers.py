"""Keras's optimizers, made ready for a training of known length."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from emolab.errors import ConfigError
from emolab.training.replicas import bare_optimizer, sum_before_clipping


def configured(
    optimizer: Callable[..., keras.Optimizer],
    schedule: Callable[..., keras.optimizers.schedules.LearningRateSchedule | float],
    total_steps: int,
    weights: Sequence[Any],
) -> keras.Optimizer:
    """Return an optimizer whose learning rate follows the schedule and whose decay spares what it should.

    Weight decay touches kernels alone: biases and the scales and shifts of normalisation, all of one
    dimension, are left out (He et al. 2019, "Bag of tricks").

    Args:
        optimizer: maps `learning_rate` to an optimizer, such as a partial of `keras.optimizers.AdamW`.
        schedule: maps `total_steps` to a schedule, or to a number, which callbacks may change.
        total_steps: steps of the whole training.
        weights: the trainable weights.

    Raises:
        ConfigError: if the optimizer or the schedule refuses its settings, or one of them is built already.
    """
    for key, part in (("optimizer", optimizer), ("schedule", schedule)):
        if isinstance(part, keras.Optimizer | keras.optimizers.schedules.LearningRateSchedule) or not callable(part):
            raise ConfigError(
                f"{key}: {type(part).__name__} is built already, without what only the training knows (how long it "
                f"is, and so the learning rate). Add `_partial_: true` beside the `_target_` of {key}"
            )
    try:
        result = optimizer(learning_rate=schedule(total_steps=total_steps))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"optimizer or schedule: {error}") from error
    result.exclude_from_weight_decay(var_list=[weight for weight in weights if len(weight.shape) <= 1])
    return result


def anew(optimizer: keras.Optimizer) -> keras.Optimizer:
    """Return an optimizer with the settings of `optimizer`, and its schedule.

    Its variables belong to one training, and lie where they were made, whatever the strategy.

    Raises:
        ConfigError: if its settings don't hold all that it does.
    """
    rate = optimizer._learning_rate
    scheduled = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
    excluding = any(getattr(optimizer, f"_exclude_from_weight_decay{kind}", None) for kind in ("", "_pattern"))
    if bare_optimizer(optimizer) is not optimizer or (callable(rate) and not scheduled) or excluding:
        raise ConfigError(
            f"this {optimizer.name} scales the loss, has a function as its learning rate or excludes weights from "
            "decay, which can't be made anew for a training. Give a function in its place, (total steps, weights) -> "
            "optimizer; float16 scales the loss by itself"
        )
    settings = optimizer.get_config()
    if scheduled:
        settings["learning_rate"] = rate  # Keras would build one of the user's own again only where it's registered
    return optimizer.from_config(settings)


def compile_for(module: keras.Model, optimizer: keras.Optimizer, replicas: int = 1) -> None:
    """Give `module` its optimizer with all its variables, so that a saved state finds the same ones.

    Under float16 Keras puts loss scaling around the optimizer, which would get its variables in the first step.

    Raises:
        ConfigError: if the optimizer can't work on so many replicas.
    """
    module.compile(optimizer=optimizer, jit_compile=False)  # XLA can't move images, as augmentation does
    module.optimizer.build(module.trainable_weights)
    sum_before_clipping(module.optimizer, replicas)


def settable_rate(optimizer: keras.Optimizer) -> float | None:
    """Return the learning rate, if it's a number that callbacks may change; None where a schedule decides it."""
    rate = bare_optimizer(optimizer)._learning_rate
    return float(keras.ops.convert_to_numpy(rate)) if isinstance(rate, keras.Variable) else None
