from itertools import pairwise

import keras
import pytest

from emolab.training.schedules import WarmupCosine, constant


def test_the_rate_rises_to_the_peak_and_falls_to_the_end() -> None:
    schedule = WarmupCosine(peak=0.1, total_steps=100, warmup=0.1, final=0.01)
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[9] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(0.1)
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))
    assert rates[100] == pytest.approx(0.001)


def test_a_training_of_one_step_has_a_rate() -> None:
    assert float(WarmupCosine(peak=0.1, total_steps=1)(0)) == pytest.approx(0.1)


def test_constant_is_a_number_that_callbacks_may_change() -> None:
    optimizer = keras.optimizers.SGD(constant(0.3, total_steps=10))
    optimizer.learning_rate = 0.1
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
