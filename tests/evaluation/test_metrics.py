from dataclasses import replace
from itertools import product
from math import comb
from statistics import NormalDist

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from emolab.errors import DataError
from emolab.evaluation import metrics
from emolab.evaluation.bootstrap import draws, holm, intervals, mcnemar, paired_difference
from emolab.evaluation.predictions import Predictions, averaged

CLASSES = ("anger", "fear", "happy", "sad")


def made(seed: int, count: int = 200, skill: float = 1.5, classes: tuple[str, ...] = CLASSES) -> Predictions:
    random = np.random.default_rng(seed)
    targets = random.integers(0, len(classes), count)
    logits = random.normal(0, 1, (count, len(classes)))
    logits[np.arange(count), targets] += skill
    images = np.arange(count, dtype=np.uint64)
    return Predictions(logits.astype(np.float32), targets, np.arange(count), classes, images)


@given(st.integers(0, 10_000), st.integers(1, 120))
def test_the_metrics_equal_scikit_learns(seed: int, count: int) -> None:
    predictions = made(seed, count)
    truth, named = predictions.targets, predictions.predicted
    matrix = metrics.confusion_matrix(truth, named, 4)
    labels = sorted(set(truth) | set(named))
    np.testing.assert_array_equal(matrix, reference.confusion_matrix(truth, named, labels=range(4)))
    assert metrics.accuracy(matrix) == pytest.approx(reference.accuracy_score(truth, named))
    assert metrics.macro_f1(matrix) == pytest.approx(reference.f1_score(truth, named, labels=labels, average="macro"))
    present = sorted(set(truth))
    recalls = reference.recall_score(truth, named, labels=present, average=None)
    np.testing.assert_allclose(metrics.recall(matrix)[present], recalls)
    assert metrics.balanced_accuracy(matrix) == pytest.approx(recalls.mean())
    expected = reference.precision_score(truth, named, labels=range(4), average=None, zero_division=0)
    np.testing.assert_allclose(metrics.precision(matrix), expected)


@given(st.integers(0, 10_000))
def test_the_probability_metrics_equal_scikit_learns(seed: int) -> None:
    predictions = made(seed)
    probabilities = predictions.probabilities()
    loss = reference.log_loss(predictions.targets, probabilities, labels=range(4))
    assert metrics.negative_log_likelihood(probabilities, predictions.targets) == pytest.approx(loss, rel=1e-6)
    top = reference.top_k_accuracy_score(predictions.targets, probabilities, k=2, labels=range(4))
    assert metrics.top_k(probabilities, predictions.targets) == pytest.approx(top)


def test_calibration_error_of_a_case_worked_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    targets = np.array([0, 1, 0, 0])  # 0.9 is right half of the time, 0.6 always
    assert metrics.expected_calibration_error(probabilities, targets) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_true_confidences_show_the_calibration_error_of_their_number() -> None:
    coin = np.full((100, 2), 0.5)
    mean_deviation = sum(comb(100, k) * abs(k / 100 - 0.5) for k in range(101)) / 2**100
    assert metrics.calibration_error_if_calibrated(coin, draws=4000) == pytest.approx(mean_deviation, rel=0.05)
    assert metrics.calibration_error_if_calibrated(np.array([[1.0, 0.0]])) == 0.0


def test_a_class_without_images_is_left_out_of_means() -> None:
    matrix = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    assert metrics.balanced_accuracy(matrix) == pytest.approx((0.75 + 1.0) / 2)
    assert np.isnan(metrics.recall(matrix)[2])


def _right_about(count: int, of: int = 400) -> Predictions:
    right = np.arange(of) < count
    logits = np.stack([right, ~right], axis=1).astype(np.float32)
    return Predictions(logits, np.zeros(of, int), np.arange(of), ("a", "b"), np.arange(of, dtype=np.uint64))


def _half_width(share: float, count: int = 400) -> float:
    """Half of the 95 % interval of a share of `count` images, by the normal distribution."""
    return NormalDist().inv_cdf(0.975) * np.sqrt(share * (1 - share) / count)


def test_the_interval_of_an_accuracy_is_that_of_a_share() -> None:
    found = intervals(_right_about(280), {"accuracy": metrics.accuracy}, 4000)["accuracy"]
    half = _half_width(0.7)
    assert found["value"] == pytest.approx(0.7)
    assert (found["low"], found["high"]) == pytest.approx((0.7 - half, 0.7 + half), abs=0.08 * half)
    assert found["high"] - found["low"] == pytest.approx(2 * half, rel=0.08)


def test_an_accuracy_is_the_share_of_images_with_all_the_digits_it_has() -> None:
    assert intervals(_right_about(23, 30), {"accuracy": metrics.accuracy}, 2)["accuracy"]["value"] == 23 / 30
    found = paired_difference(_right_about(23, 30), _right_about(20, 30), metrics.accuracy, 2)
    assert found["value"] == 23 / 30 - 20 / 30


@pytest.mark.parametrize("images_of_each", [1, 3])
def test_an_accuracy_of_one_or_none_is_no_surer_than_so_many_groups_allow(images_of_each: int) -> None:
    for right, of in ((90, 90), (0, 90)):
        said = _right_about(right, of)
        said = replace(said, groups=said.groups // images_of_each)
        found = intervals(said, {"accuracy": metrics.accuracy, "macro_f1": metrics.macro_f1}, 200)
        never_seen = 0.025 ** (images_of_each / 90)  # a share of which 90 groups all show one side, once in 40 times
        low, high = (never_seen, 1.0) if right else (0.0, 1 - never_seen)
        assert found["accuracy"] == pytest.approx({"value": right / of, "low": low, "high": high})
        assert found["macro_f1"] == {"value": right / of, "low": None, "high": None}


def test_few_groups_have_no_interval_however_many_images_they_hold() -> None:
    whole = made(0, 400)
    for people, known in ((20, True), (19, False)):
        one = replace(whole, groups=whole.groups % people)
        found = intervals(one, {"accuracy": metrics.accuracy}, 200)["accuracy"]
        assert (found["low"] is not None, found["high"] is not None) == (known, known)


def test_the_interval_of_a_paired_difference_is_that_of_the_share_that_differs() -> None:
    found = paired_difference(_right_about(280), _right_about(260), metrics.accuracy, 4000)
    assert found["value"] == pytest.approx(0.05)
    assert found["high"] - found["low"] == pytest.approx(2 * _half_width(0.05), rel=0.08)


def test_copies_of_images_are_no_new_evidence() -> None:
    once = made(0, 100)
    thrice = once.subset(np.tile(np.arange(100), 3))
    apart = replace(thrice, groups=np.arange(300))
    width = [
        found["accuracy"]["high"] - found["accuracy"]["low"]
        for found in (intervals(one, {"accuracy": metrics.accuracy}, 500) for one in (once, thrice, apart))
    ]
    assert width[1] == pytest.approx(width[0], abs=0.01)
    assert width[2] < 0.75 * width[1]


def test_each_resample_is_judged_by_all_images_of_the_groups_drawn() -> None:
    whole = made(2, 90)
    one = replace(whole, groups=whole.groups // 3 * 5)
    other = replace(one, logits=np.roll(one.logits, 1, axis=0))

    def drawn(said: Predictions) -> np.ndarray:
        times = np.concatenate(list(draws(30, 250, seed=7)))[:, said.groups // 5].astype(int)
        matrices = [
            metrics.confusion_matrix(np.repeat(said.targets, often), np.repeat(said.predicted, often), 4)
            for often in times
        ]
        return metrics.macro_f1(np.stack(matrices))

    found = intervals(one, {"macro_f1": metrics.macro_f1}, 250, seed=7)["macro_f1"]
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(drawn(one), [0.025, 0.975]))
    found = paired_difference(one, other, metrics.macro_f1, 250, seed=7)
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(drawn(one) - drawn(other), [0.025, 0.975]))


def test_a_paired_difference_is_narrower_than_the_two_intervals_and_has_the_right_sign() -> None:
    good = made(1, 400, skill=2.0)
    worse = replace(good, logits=good.logits.copy())
    worse.logits[:40] = np.roll(worse.logits[:40], 1, axis=1)
    found = paired_difference(good, worse, metrics.accuracy)
    assert 0 < found["low"] < found["value"] < found["high"]
    single = intervals(good, {"accuracy": metrics.accuracy})["accuracy"]
    assert found["high"] - found["low"] < single["high"] - single["low"]
    assert mcnemar(good, worse) < 0.001
    assert mcnemar(good, good) == 1.0


def test_one_photograph_many_times_over_says_no_more_than_once() -> None:
    good = made(1, 60, skill=2.0)
    worse = replace(good, logits=good.logits.copy())
    worse.logits[:9] = np.roll(worse.logits[:9], 1, axis=1)

    def copied(one: Predictions, groups: np.ndarray) -> Predictions:
        return replace(one.subset(np.tile(np.arange(60), 9)), groups=groups)

    own = np.tile(good.groups, 9)
    once = mcnemar(good, worse)
    assert mcnemar(copied(good, own), copied(worse, own)) == pytest.approx(once)
    alone = np.arange(9 * 60)
    assert mcnemar(copied(good, alone), copied(worse, alone)) < once / 1000


@pytest.mark.parametrize("size", [1, 3])
def test_p_is_the_share_of_all_ways_to_swap_that_lie_as_far_apart(size: int) -> None:
    groups = np.repeat(np.arange(8), [size, *[1] * 7])
    good = replace(made(1, len(groups), skill=9.0), groups=groups)
    worse = replace(good, logits=good.logits.copy())
    worse.logits[: size + 4] = np.roll(worse.logits[: size + 4], 1, axis=1)
    ahead = np.bincount(groups, good.right.astype(int) - worse.right)
    swapped = [abs(np.dot(signs, ahead)) >= abs(ahead.sum()) for signs in product((1, -1), repeat=8)]
    assert mcnemar(good, worse) == pytest.approx(np.mean(swapped))
    assert 0 < np.mean(swapped) < 0.2


def test_holms_correction_is_the_textbooks() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], 4) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.01], 10) == pytest.approx([1.0, 0.1])  # two of ten
    assert holm([], 0) == []


def test_other_images_cant_be_compared() -> None:
    with pytest.raises(ValueError, match="same images"):
        mcnemar(made(1), made(2))
    one = made(1)
    resorted = replace(one, images=one.images[::-1])
    with pytest.raises(ValueError, match="same images"):
        paired_difference(one, resorted, metrics.accuracy)


def test_a_difference_between_two_sizes_resamples_what_is_grouped_in_either() -> None:
    one = replace(made(2, 90), groups=np.arange(90) // 3 * 3)
    other = replace(one, logits=np.roll(one.logits, 1, axis=0))
    pairs = replace(other, groups=np.arange(90) // 2)  # joined with threes: six in a group
    sixes = [replace(said, groups=np.arange(90) // 6) for said in (one, other)]
    assert paired_difference(one, pairs, metrics.accuracy) == paired_difference(*sixes, metrics.accuracy)
    assert mcnemar(one, pairs) == mcnemar(*sixes)


def test_averaging_a_prediction_with_itself_changes_nothing() -> None:
    one = made(3)
    np.testing.assert_allclose(averaged([one, one]).probabilities(), one.probabilities(), atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_refused(value: float) -> None:
    logits = np.zeros((3, 4), np.float32)
    logits[1, 2] = value
    with pytest.raises(DataError, match="1 of 3 images"):
        Predictions(logits, np.zeros(3, int), np.arange(3), CLASSES, np.arange(3, dtype=np.uint64))


def test_no_images_are_refused() -> None:
    with pytest.raises(DataError, match="no images"):
        made(0).subset(np.arange(0))
