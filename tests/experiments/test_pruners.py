import optuna
import pytest
from hydra.utils import instantiate

from emolab.config.command import composed


@pytest.mark.parametrize(("epochs", "first"), [(3, 1), (10, 3), (30, 9)])
def test_the_median_lets_a_training_begin_slowly_however_long_it_is(epochs: int, first: int) -> None:
    pruner = instantiate(composed("sweep", ["data=demo", "pruner=median", f"trainer.epochs={epochs}"]).pruner)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    ended: list[int] = []
    for number in range(6):
        trial = study.ask()
        for epoch in range(epochs):
            trial.report(0.5 if number < 5 else 0.1, epoch)
            if trial.should_prune():
                ended.append(epoch)
        study.tell(trial, 0.5)
    assert ended == list(range(first, epochs))
