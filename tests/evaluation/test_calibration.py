import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolab.evaluation.calibration import HIGHEST, LOWEST, calibrated, fit_temperatures, spread_text
from emolab.evaluation.metrics import expected_calibration_error, negative_log_likelihood
from emolab.evaluation.predictions import Predictions

CLASSES = ("anger", "happy", "sad")
TRUE = {"anger": 2.0, "happy": 0.6, "sad": 1.2}


def said(logits: np.ndarray, targets: np.ndarray) -> Predictions:
    numbers = np.arange(len(targets))
    return Predictions(logits.astype(np.float32), targets, numbers, CLASSES, numbers.astype(np.uint64))


def drawn(count: int, seed: int = 0, temperatures: dict[str, float] = TRUE, sad: float = 0.0) -> Predictions:
    """Predictions whose truth is drawn from their probabilities at these temperatures; `sad` is added to its logit."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2.5, (count, 3)) + np.array([0, 0, sad])
    exact = calibrated(said(logits, np.zeros(count, int)), temperatures).probabilities()
    targets = (random.random((count, 1)) > exact.cumsum(axis=1)).sum(axis=1)
    return said(logits, np.minimum(targets, 2))


def loss(predictions: Predictions) -> float:
    return negative_log_likelihood(predictions.probabilities(), predictions.targets)


@given(st.integers(0, 500), st.floats(0.2, 6.0))
def test_temperatures_lower_the_loss_and_change_no_name(seed: int, sharpness: float) -> None:
    known = drawn(80, seed)
    known = said(known.logits * sharpness, known.targets)
    found = calibrated(known, fit_temperatures(known))
    assert loss(found) <= loss(known) + 1e-6
    np.testing.assert_array_equal(found.predicted, known.predicted)
    np.testing.assert_array_equal(found.targets, known.targets)


def test_each_class_gets_the_temperature_that_its_truth_was_drawn_at() -> None:
    assert fit_temperatures(drawn(40_000)) == pytest.approx(TRUE, rel=0.1)


def test_confidences_are_truer_than_with_one_temperature_for_all() -> None:
    fitted, judged = drawn(4000, 1), drawn(4000, 2)
    every = [dict.fromkeys(CLASSES, temperature) for temperature in np.geomspace(LOWEST, HIGHEST, 400)]
    common = min(every, key=lambda temperatures: loss(calibrated(fitted, temperatures)))
    apart, together = (calibrated(judged, temperatures) for temperatures in (fit_temperatures(fitted), common))
    assert loss(apart) < loss(together)
    errors = [expected_calibration_error(one.probabilities(), one.targets) for one in (apart, together)]
    assert errors[0] < 0.6 * errors[1]


def test_one_temperature_divides_the_logits() -> None:
    one = drawn(50)
    halved = calibrated(one, dict.fromkeys(CLASSES, 2.0))
    np.testing.assert_allclose(halved.logits, one.logits / 2, rtol=1e-6)


def test_where_another_class_becomes_the_most_probable_the_confidence_has_no_jump() -> None:
    nearly = said(np.array([[2.0, 1.9999, 0.0], [1.9999, 2.0, 0.0]]), np.array([0, 1]))
    confidence = calibrated(nearly, TRUE).probabilities().max(axis=1)
    assert confidence[0] == pytest.approx(confidence[1], abs=1e-3)


def test_a_class_of_few_images_stays_near_what_all_have_in_common() -> None:
    found = fit_temperatures(drawn(3000, temperatures={"anger": 1.5, "happy": 1.5, "sad": 9.0}, sad=-8.0))
    assert found["sad"] == pytest.approx(1.5, rel=0.15)


@pytest.mark.parametrize(("right", "sureness", "end"), [(60, 0.5, LOWEST), (60, 1000, LOWEST), (0, 0.5, HIGHEST)])
def test_what_is_always_right_or_never_ends_where_the_search_does(right: int, sureness: float, end: float) -> None:
    targets = np.arange(60) % 3
    names = np.where(np.arange(60) < right, targets, (targets + 1) % 3)
    found = fit_temperatures(said(np.eye(3)[names] * sureness, targets))
    assert found == pytest.approx(dict.fromkeys(CLASSES, end), rel=0.01)


def test_rounding_of_the_logits_changes_the_temperatures_as_little() -> None:
    one = drawn(500, sad=-5.0)  # the rarer a class, the flatter the loss
    noise = np.random.default_rng(0).normal(0, 1e-6, one.logits.shape)
    assert fit_temperatures(said(one.logits + noise, one.targets)) == pytest.approx(fit_temperatures(one), rel=1e-4)


def test_temperatures_are_told_by_their_ends() -> None:
    assert spread_text(TRUE) == "0.60 (happy) to 2.00 (anger)"
    assert spread_text(dict.fromkeys(CLASSES, 1.5)) == "1.50"
