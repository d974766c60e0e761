import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.smoothing import UNCERTAIN, decide, smooth


def _sure(of: int, value: float, others: int = 3) -> np.ndarray:
    row = np.full(others, (1 - value) / (others - 1), np.float32)
    row[of] = value
    return row


@given(st.floats(0, 10), st.floats(0, 5), st.floats(0.01, 3))
def test_two_steps_of_smoothing_are_one_long_one(first: float, second: float, constant: float) -> None:
    before, now = _sure(0, 0.9), _sure(2, 0.7)
    twice = smooth(smooth(before, now, first, constant), now, second, constant)
    np.testing.assert_allclose(twice, smooth(before, now, first + second, constant), atol=1e-5)
    assert twice.sum() == pytest.approx(1, abs=1e-5)


def test_without_a_time_constant_nothing_is_smoothed() -> None:
    np.testing.assert_array_equal(smooth(_sure(0, 0.9), _sure(1, 0.9), 0.0, 0.0), _sure(1, 0.9))


def test_a_label_stays_until_another_is_better_by_the_hysteresis() -> None:
    near = np.array([0.46, 0.54, 0.0])
    assert decide(near, 0, 0.4, 0.1) == 0
    assert decide(near, 1, 0.4, 0.1) == 1
    assert decide(near, None, 0.4, 0.1) == 1
    assert decide(np.array([0.44, 0.56, 0.0]), 0, 0.4, 0.1) == 1


def test_a_label_comes_at_the_threshold_and_goes_below_it() -> None:
    weak = _sure(0, 0.45)
    assert decide(weak, None, 0.5, 0.1) == UNCERTAIN
    assert decide(weak, UNCERTAIN, 0.5, 0.1) == UNCERTAIN
    assert decide(weak, 0, 0.5, 0.1) == 0
    assert decide(_sure(0, 0.38), 0, 0.5, 0.1) == UNCERTAIN


def test_noise_around_a_tie_changes_the_label_at_most_once() -> None:
    random = np.random.default_rng(0)
    shown: int | None = None
    seen = []
    for value in 0.5 + random.uniform(-0.04, 0.04, 200):
        shown = decide(np.array([value, 1 - value]), shown, 0.3, 0.1)
        seen.append(shown)
    assert len(set(seen)) == 1


def test_without_a_threshold_a_class_is_always_named_and_still_steady() -> None:
    thirds = np.full(3, 1 / 3, np.float32)
    for shown in (None, UNCERTAIN, 0, 1, 2):
        assert decide(thirds, shown, 0.0, 0.1) == max(0, -1 if shown is None else shown)
    assert decide(_sure(1, 0.38), 0, 0.0, 0.1) == 0
    assert decide(_sure(1, 0.45), 0, 0.0, 0.1) == 1
