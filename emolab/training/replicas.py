"""Several devices take the step that one would: each works on a part of the batch, and the parts are summed.

Keras sums the gradients of the replicas only after it has clipped those of each, so that several devices would
train differently from one. Here they are summed first; what the optimizer clips is the gradient of the batch.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from emolab.errors import ConfigError


def bare_optimizer(optimizer: keras.Optimizer) -> keras.Optimizer:
    """Return the optimizer that updates the weights, without the loss scaling that float16 puts around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def sum_before_clipping(optimizer: keras.Optimizer, replicas: int) -> None:
    """Make `optimizer` (the outermost, built) sum the gradients of all replicas before it does anything else.

    Raises:
        ConfigError: if it accumulates gradients, which Keras can't do on several devices.
    """
    if replicas == 1:
        return
    inner = bare_optimizer(optimizer)
    if inner.gradient_accumulation_steps:
        raise ConfigError(
            f"trainer.accumulate={inner.gradient_accumulation_steps} doesn't work on {replicas} devices, got "
            "trainer.strategy: leave one of them out; a larger trainer.batch_size is shared among the devices"
        )
    apply = optimizer.apply

    def apply_sums(gradients: Sequence[Any], variables: Sequence[Any] | None = None) -> None:
        context = tf.distribute.get_replica_context()
        apply(context.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients)), variables)

    optimizer.apply = apply_sums
    inner._all_reduce_sum_gradients = list  # Keras's own sum, which comes too late: it gets sums
