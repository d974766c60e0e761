from functools import partial

import keras
import numpy as np
import tensorflow as tf
from tiny_training import TinyData

from emolab.models.custom_cnn import custom_cnn
from emolab.models.network import build_network
from emolab.training.augmentation import Augmentation
from emolab.training.distillation import DistillationModule, averaged_logits
from emolab.training.losses import cross_entropy, distillation
from emolab.training.optimizers import configured
from emolab.training.schedules import WarmupCosine
from emolab.training.trainer import Trainer


def _network(seed: int) -> keras.Model:
    backbone = partial(custom_cnn, stem=4, widths=(), depths=())
    return build_network("tiny", backbone, 2, 16, dropout=0.3, seed=seed)


def _module(teacher: keras.Model, weight: float, epochs: int = 1) -> DistillationModule:
    trainer = Trainer(epochs=epochs)
    with trainer.building():
        module = DistillationModule(
            _network(1),
            [teacher],
            weight,
            temperature=2.0,
            loss=cross_entropy,
            optimizer=lambda steps, weights: configured(
                lambda learning_rate: keras.optimizers.AdamW(learning_rate),
                lambda total_steps: WarmupCosine(0.02, total_steps),
                steps,
                weights,
            ),
            prior=TinyData.prior,
            augmentation=Augmentation({"brightness": keras.layers.RandomBrightness(0.1, seed=1)}),
        )
    trainer.fit(module, TinyData())  # type: ignore[arg-type]
    return module


def test_a_student_misses_nothing_where_it_says_what_its_teacher_says() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (5, 4)).astype(np.float32)
    np.testing.assert_allclose(distillation(logits, logits + 7.0, 3.0), 0, atol=1e-5)
    assert (distillation(logits, -logits, 3.0).numpy() > 0).all()


def test_the_gradient_is_the_textbook_formula() -> None:
    student, teacher = (tf.constant(np.random.default_rng(seed).normal(0, 2, (3, 4)), tf.float32) for seed in (1, 2))
    with tf.GradientTape() as tape:
        tape.watch(student)
        missed = distillation(student, teacher, 4.0)
    expected = 4.0 * (tf.nn.softmax(student / 4.0) - tf.nn.softmax(teacher / 4.0))
    np.testing.assert_allclose(tape.gradient(missed, student), expected, rtol=1e-3, atol=1e-5)


def test_several_teachers_say_the_mean_of_their_probabilities() -> None:
    networks = [_network(2), _network(3)]
    images = tf.constant(np.random.default_rng(0).uniform(0, 255, (6, 16, 16, 3)), tf.float32)
    mean = sum(tf.nn.softmax(network(images)) for network in networks) / 2
    np.testing.assert_allclose(tf.nn.softmax(averaged_logits(networks, images)), mean, rtol=1e-4)
    np.testing.assert_allclose(tf.exp(averaged_logits(networks, images)), mean, rtol=1e-4)


def test_the_teacher_is_no_part_of_the_module_and_never_changes() -> None:
    teacher = _network(2)
    before = [weight.numpy() for weight in teacher.weights]
    module = _module(teacher, weight=0.5)
    assert not {id(weight) for weight in teacher.weights} & {id(weight) for weight in module.variables}
    for weight, old in zip(teacher.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)


def _contrary() -> keras.Model:
    """A teacher that calls bright faces dark, and dark ones bright."""
    images = keras.Input((16, 16, 3))
    light = keras.ops.mean(images, axis=(1, 2, 3)) / 15.0 - 125.0 / 15.0
    return keras.Model(images, keras.ops.stack([-light, light], axis=1))


def test_a_student_learns_what_its_teacher_says_even_where_the_labels_say_otherwise() -> None:
    student = _module(_contrary(), weight=1.0, epochs=8).network
    images, targets = TinyData().train_batch(3)
    named = student(images, training=True).numpy().argmax(axis=1)  # so few steps leave batch averages behind
    assert (named != targets.argmax(axis=1)).mean() > 0.8


def test_the_same_seed_gives_the_same_student() -> None:
    one, other = (_module(_network(2), weight=0.7) for _ in range(2))
    for first, second in zip(one.network.weights, other.network.weights, strict=True):
        np.testing.assert_array_equal(first.numpy(), second.numpy())
