"""Optuna's pruners with settings that follow the length of the trainings."""

from optuna.pruners import MedianPruner


def median(epochs: int, warm_up: float, startup_trials: int) -> MedianPruner:
    """Return a pruner that ends a training whose best validation so far is below the others' median at that epoch.

    Args:
        epochs: of each training.
        warm_up: share of them in which no training is ended, 0 to 1; what it reached there counts as its best.
        startup_trials: how many run to their end first.
    """
    return MedianPruner(n_startup_trials=startup_trials, n_warmup_steps=round(warm_up * epochs))
