"""Run by a test in a process of its own: two logical CPU devices must be set up before TensorFlow starts.

Usage: two_devices.py PRECISION
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from tiny_training import TinyData, tiny_module

from emolab.errors import ConfigError
from emolab.training.muon import Muon
from emolab.training.trainer import Trainer

OPTIMIZERS = {
    "plain": {},
    "clipped": {"global_clipnorm": 0.05, "epsilon": 1.0, "rate": 1.0},  # with a small epsilon Adam undoes any scale
    "averaged": {"averaging": 0.5},
    "muon": {"kind": Muon, "adam_weight_decay": 0.01, "computes_in": "float32", "rate": 0.003},
}
TOLERANCE = {"float32": 1e-4, "mixed_float16": 2e-3}


def main() -> None:
    """Train with one device and with two, without what differs by design (augmentation, batch statistics)."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for name, settings in OPTIMIZERS.items():
        one, two = (_trained(strategy, sys.argv[1], settings) for strategy in (None, mirrored))
        for first, second in zip(one, two, strict=True):
            np.testing.assert_allclose(first, second, rtol=1e-3, atol=TOLERANCE[sys.argv[1]], err_msg=name)
        print(name, "replicas", mirrored.num_replicas_in_sync)
    try:
        _trained(mirrored, sys.argv[1], {"gradient_accumulation_steps": 2})
    except ConfigError as error:
        print("refused:", error)


def _trained(strategy: tf.distribute.Strategy | None, precision: str, settings: dict) -> list[np.ndarray]:
    keras.utils.set_random_seed(0)
    trainer = Trainer(epochs=2, strategy=strategy, precision=precision)
    module = tiny_module(trainer, augmented=False, **settings)
    for layer in module.network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    trainer.fit(module, TinyData())
    return [weight.numpy() for weight in module.network.weights if "seed" not in weight.path]


if __name__ == "__main__":
    main()
