import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolab.evaluation.brightness import accuracy_by_brightness, brightness_of
from emolab.evaluation.coverage import coverage_curve, named_from, uncertain_below
from emolab.evaluation.predictions import Predictions


def _sure_when_right(count: int, seed: int, temperature: float = 1.0) -> Predictions:
    random = np.random.default_rng(seed)
    targets = random.integers(0, 4, count)
    strength = random.uniform(0, 3, count)
    logits = random.normal(0, 1, (count, 4))
    logits[np.arange(count), targets] += strength
    logits, numbers = (logits / temperature).astype(np.float32), np.arange(count)
    return Predictions(logits, targets, numbers, tuple("abcd"), numbers.astype(np.uint64))


def test_naming_fewer_faces_is_right_more_often() -> None:
    curve = coverage_curve(_sure_when_right(4000, 0))
    assert curve[0]["coverage"] == 1.0
    accuracies = [point["accuracy"] for point in curve]
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] > accuracies[0] + 0.1


@given(st.integers(20, 300), st.integers(0, 1000), st.floats(0.5, 2.0))
def test_coverage_is_never_below_what_was_asked_for(count: int, seed: int, temperature: float) -> None:
    predictions = _sure_when_right(count, seed, temperature)
    for wanted, point in zip((1.0, 0.95, 0.9), coverage_curve(predictions), strict=False):
        assert wanted - 1e-9 <= point["coverage"] <= wanted + 2 / count


def test_the_threshold_keeps_the_share_that_is_to_be_named() -> None:
    predictions = _sure_when_right(1000, 1, 2.5)
    threshold = uncertain_below(predictions, named=0.8)
    assert threshold < 0.5
    assert (predictions.probabilities().max(axis=1) >= threshold).mean() == pytest.approx(0.8, abs=0.002)


@given(st.floats(0.25, 0.75))
def test_the_point_of_a_threshold_is_that_of_the_faces_that_reach_it(threshold: float) -> None:
    predictions = _sure_when_right(400, 2, 1.3)
    reach = predictions.probabilities().max(axis=1) >= threshold
    found = named_from(predictions, threshold)
    assert found == {
        "threshold": threshold,
        "coverage": reach.mean(),
        "accuracy": (predictions.predicted == predictions.targets)[reach].mean(),
    }
    assert named_from(predictions, 1.0) is None


def test_a_name_that_is_rather_right_than_wrong_is_never_kept_back() -> None:
    assert uncertain_below(_sure_when_right(1000, 1, 0.1), named=0.5) == 0.5


def test_brightness_is_measured_where_the_face_is() -> None:
    images = np.zeros((3, 8, 8, 3), np.uint8)
    images[1, 2:6, 2:6] = 200
    images[2, :2] = 255
    np.testing.assert_allclose(brightness_of(images, np.array([2, 1])), [0.0, 200.0])


def test_thirds_of_brightness_show_who_is_named_worse() -> None:
    targets = np.zeros(300, np.int64)
    brightness = np.random.default_rng(0).permutation(300).astype(float)
    logits = np.where((brightness < 100)[:, None], [[0.0, 1.0]], [[1.0, 0.0]]).astype(np.float32)
    said = Predictions(logits, targets, np.arange(300), ("a", "b"), np.arange(300, dtype=np.uint64))
    found = accuracy_by_brightness(said, brightness, 100)
    assert {name: part["accuracy"]["value"] for name, part in found.items()} == {"dark": 0, "medium": 1, "bright": 1}
    assert found["dark"]["to"] < found["medium"]["from"]
