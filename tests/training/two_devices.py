"""Run by a test in a process of its own: two logical CPU devices must be set up before TensorFlow starts."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tiny_training import TinyData, tiny_module

from emolab.errors import ConfigError
from emolab.training.module import EmotionModule
from emolab.training.muon import Muon
from emolab.training.randomness import seed_generators, set_seeds
from emolab.training.trainer import Trainer

OPTIMIZERS = {
    # With a small epsilon Adam would undo any scale.
    "clipped and averaged": {"global_clipnorm": 0.05, "epsilon": 1.0, "rate": 1.0, "averaging": 0.5},
    "muon": {"kind": Muon, "adam_weight_decay": 0.01, "computes_in": "float32", "rate": 0.003},
}
CASES = (  # with their tolerance
    ("clipped and averaged", "float32", 1e-4),
    ("clipped and averaged", "mixed_float16", 2e-3),
    ("muon", "float32", 1e-4),
)


def main() -> None:
    """Train with one device and with two."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for name, precision, tolerance in CASES:
        one, two = (_trained(strategy, precision, OddlyValidated(), OPTIMIZERS[name]) for strategy in (None, mirrored))
        for first, second in zip(one, two, strict=True):
            np.testing.assert_allclose(first, second, rtol=1e-3, atol=tolerance, err_msg=f"{name} in {precision}")
        print(name, "in", precision, "replicas", mirrored.num_replicas_in_sync)
    for data, settings in ((OddlyTrained(), {}), (TinyData(), {"gradient_accumulation_steps": 2})):
        try:
            _trained(mirrored, "float32", data, settings)
        except ConfigError as error:
            print("refused:", error)
    _check_each_device_draws_its_own(mirrored)
    print("each draws its own")


class OddlyValidated(TinyData):
    """A first and only batch of nine images, five for one device and four for the other."""

    def evaluation_dataset(self, split: str, batch_size: int, devices: int = 1) -> tf.data.Dataset:
        return super().evaluation_dataset(split, batch_size).unbatch().take(9).batch(9)


class OddlyTrained(TinyData):
    """Seven images a batch."""

    batch_size = 7


def _trained(
    strategy: tf.distribute.Strategy | None, precision: str, data: TinyData, settings: dict
) -> list[np.ndarray]:
    """Return the weights after a training, and the values of a validation."""
    keras.utils.set_random_seed(0)
    trainer = Trainer(epochs=2, strategy=strategy, precision=precision)
    module = _plain_module(trainer, **settings)
    trainer.fit(module, data)
    judged = module.evaluate(data.evaluation_dataset("validation", 9), verbose=0, return_dict=True)
    values = [judged[name] for name in ("loss", "accuracy", "balanced_accuracy", "macro_f1")]
    return [*(weight.numpy() for weight in module.network.weights if "seed" not in weight.path), *values]


def _plain_module(trainer: Trainer, **settings: Any) -> EmotionModule:
    """Without what differs by design: augmentation, dropout and batch statistics."""
    module = tiny_module(trainer, augmented=False, **settings)
    for layer in module.network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return module


def _check_each_device_draws_its_own(strategy: tf.distribute.Strategy) -> None:
    with strategy.scope():
        layers = [keras.layers.RandomTranslation(0.4, 0.4), keras.layers.Dropout(0.5)]
    generators = seed_generators(layers)
    faces = tf.reshape(tf.range(4 * 16 * 16 * 3, dtype=tf.float32) % 255.0, (4, 16, 16, 3))

    @tf.function
    def drawn(step: tf.Tensor) -> list[tf.Tensor]:
        def replica() -> list[tf.Tensor]:
            set_seeds(generators, 0, step)
            return [layer(faces, training=True) for layer in layers]

        return [strategy.experimental_local_results(value) for value in strategy.run(replica)]

    third, fourth, third_again = (drawn(tf.constant(step, tf.int64)) for step in (3, 4, 3))
    for one, other, again in zip(third, fourth, third_again, strict=True):
        assert len({*map(_bytes, one), *map(_bytes, other)}) == 4, "two devices or two steps draw the same"
        assert [*map(_bytes, one)] == [*map(_bytes, again)], "a step draws something else the second time"


def _bytes(values: tf.Tensor) -> bytes:
    return values.numpy().tobytes()


if __name__ == "__main__":
    main()
