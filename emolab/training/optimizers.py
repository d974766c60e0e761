"""Keras's optimizers, made ready for a training of known length."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras


def configured(
    optimizer: Callable[..., keras.Optimizer],
    schedule: Callable[..., keras.optimizers.schedules.LearningRateSchedule],
    total_steps: int,
    weights: Sequence[Any],
) -> keras.Optimizer:
    """Return an optimizer whose learning rate follows the schedule and whose decay spares what it should.

    Weight decay touches kernels alone: biases and the scales and shifts of normalisation, all of one
    dimension, are left out (He et al. 2019, "Bag of tricks").

    Args:
        optimizer: maps `learning_rate` to an optimizer, such as a partial of `keras.optimizers.AdamW`.
        schedule: maps `total_steps` to a schedule.
        total_steps: steps of the whole training.
        weights: the trainable weights.
    """
    result = optimizer(learning_rate=schedule(total_steps=total_steps))
    result.exclude_from_weight_decay(var_list=[weight for weight in weights if len(weight.shape) <= 1])
    result.build(weights)
    return result


@contextmanager
def averaged_weights(module: keras.Model) -> Iterator[None]:
    """Put the moving averages (EMA) in the place of the trainable weights for a while.

    Without `use_ema` nothing changes. What is validated and saved as best are the averages; the training goes
    on with, and the last state keeps, the weights themselves. Keras would overwrite them when `fit` ends.
    """
    if not getattr(module.optimizer, "use_ema", False):
        yield
        return
    weights = module.trainable_weights
    own = [weight.numpy() for weight in weights]
    for weight, average in zip(weights, module.optimizer._model_variables_moving_average, strict=True):
        weight.assign(average)
    try:
        yield
    finally:
        for weight, value in zip(weights, own, strict=True):
            weight.assign(value)
