import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from emolab.training.losses import cross_entropy, focal, image_weights, logit_adjusted

EVEN = np.full(4, 0.25, np.float32)


def _case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (6, 4)).astype(np.float32)
    return logits, random.dirichlet(np.ones(4), 6).astype(np.float32)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.9))
def test_cross_entropy_is_the_textbook_formula(seed: int, smoothing: float) -> None:
    logits, targets = _case(seed)
    smooth = targets * (1 - smoothing) + smoothing / 4
    expected = -(smooth * _log_softmax(logits)).sum(-1)
    np.testing.assert_allclose(cross_entropy(logits, targets, EVEN, smoothing), expected, rtol=1e-4, atol=1e-5)


def test_focal_without_gamma_is_cross_entropy_and_spares_what_is_known() -> None:
    logits, targets = _case(0)
    plain = cross_entropy(logits, targets, EVEN)
    np.testing.assert_allclose(focal(logits, targets, EVEN, gamma=0.0), plain, rtol=1e-5)
    smooth = cross_entropy(logits, targets, EVEN, label_smoothing=0.2)
    np.testing.assert_allclose(focal(logits, targets, EVEN, gamma=0.0, label_smoothing=0.2), smooth, rtol=1e-5)
    known = np.array([[9.0, 0, 0, 0]], np.float32)
    right = np.array([[1.0, 0, 0, 0]], np.float32)
    assert focal(known, right, EVEN)[0] < 0.01 * cross_entropy(known, right, EVEN)[0]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_has_a_gradient_where_the_network_is_sure(gamma: float) -> None:
    logits = tf.constant([[60.0, 0, 0, 0], [0, 60.0, 0, 0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = focal(logits, tf.constant([[1.0, 0, 0, 0]] * 2), EVEN, gamma)
    np.testing.assert_allclose(tape.gradient(loss, logits), [[0, 0, 0, 0], [-1, 1, 0, 0]], atol=1e-5)


def test_logit_adjustment_asks_more_of_rare_classes() -> None:
    logits = np.zeros((2, 2), np.float32)
    targets = np.eye(2, dtype=np.float32)
    common, rare = logit_adjusted(logits, targets, np.array([0.9, 0.1], np.float32)).numpy()
    np.testing.assert_allclose([common, rare], -np.log([0.9, 0.1]), rtol=1e-5)


def test_label_smoothing_names_no_rare_class_for_everything() -> None:
    prior = np.array([0.5, 0.3, 0.2, 0.0], np.float32)
    logits = tf.Variable(tf.zeros((3, 4)))
    for _ in range(300):  # downhill to what a network that can say anything would say
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(logit_adjusted(logits, tf.eye(4)[:3], prior, label_smoothing=0.1))
        logits.assign_sub(tape.gradient(loss, logits))
    np.testing.assert_array_equal(logits.numpy().argmax(axis=1), [0, 1, 2])


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_class_weights_average_to_one_over_the_training_set(balance: float) -> None:
    prior = np.array([0.7, 0.2, 0.1, 0.0], np.float32)
    weights = image_weights(np.eye(4, dtype=np.float32), prior, balance).numpy()
    assert (prior * weights).sum() == pytest.approx(1.0, rel=1e-5)
    if balance == 1.0:
        np.testing.assert_allclose((prior * weights)[:3], 1 / 3, rtol=1e-5)
