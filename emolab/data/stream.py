"""Which rows a training step sees: a pure function of (seed, step)."""

from functools import lru_cache

import numpy as np


class Stream:
    """The order of training: each epoch is a permutation of its own, drawn from (seed, epoch) alone.

    Nothing is remembered from step to step, so that any step can be resumed and two machines agree. The rows
    that don't fill the last batch of an epoch are left out of that epoch; which ones these are changes with
    every epoch.

    Args:
        count: Number of training images, at least 1.
        batch_size: Images a step; the steps of a smaller set hold all of it.
        seed: Seed of the order.

    Example:
        `Stream(28_558, 64, seed=0).positions(step=500)`

    Raises:
        ValueError: if `count` or `batch_size` is below 1.
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        if count < 1 or batch_size < 1:
            raise ValueError(f"expected at least one image and one image a batch; got {count} and {batch_size}")
        self.count, self.batch_size, self.seed = count, min(batch_size, count), seed
        self.steps_per_epoch = count // self.batch_size

    def positions(self, step: int) -> np.ndarray:
        """Return where in the training rows the images of `step` (0, 1, ...) stand: int64 (batch_size,)."""
        epoch, within = divmod(step, self.steps_per_epoch)
        order = epoch_order(self.count, self.seed, epoch)
        return order[within * self.batch_size : (within + 1) * self.batch_size]


@lru_cache(maxsize=4)  # steps are asked for in parallel, so that two epochs meet at their border
def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the permutation of an epoch: int64 (count,), read-only."""
    order = np.random.default_rng([seed, epoch]).permutation(count)
    order.flags.writeable = False
    return order
