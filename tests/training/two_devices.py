"""Run by a test in a process of its own: two logical CPU devices must be set up before TensorFlow starts."""

import keras
import numpy as np
import tensorflow as tf
from tiny_training import TinyData, tiny_module

from emolab.training.trainer import Trainer


def main() -> None:
    """Train with one device and with two, without what differs by design (augmentation, batch statistics)."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    weights = []
    for strategy in (None, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
        keras.utils.set_random_seed(0)
        trainer = Trainer(epochs=2, strategy=strategy)
        module = tiny_module(trainer)
        for layer in module.network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        module._augmentation.layers.clear()
        trainer.fit(module, TinyData())
        weights.append([weight.numpy() for weight in module.network.weights if "seed" not in weight.path])
        print("replicas", trainer.strategy.num_replicas_in_sync, "steps", int(module.step.numpy()))
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)


if __name__ == "__main__":
    main()
