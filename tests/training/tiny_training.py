"""A tiny network, data set and module, for tests of the training."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emolab.models.custom_cnn import custom_cnn
from emolab.models.network import build_network
from emolab.runs import RunRecord
from emolab.training.augmentation import Augmentation
from emolab.training.losses import cross_entropy
from emolab.training.module import EmotionModule
from emolab.training.optimizers import configured
from emolab.training.schedules import WarmupCosine
from emolab.training.trainer import Trainer


class TinyData:
    """Two classes, bright and dark; the same methods as `emolab.data.DataModule`."""

    name, fingerprint, classes, image_size = "tiny", "0" * 64, ("bright", "dark"), 16
    steps_per_epoch, batch_size = 5, 8
    prior = np.array([0.5, 0.5])

    def train_batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng([7, int(step)])
        labels = random.integers(0, 2, self.batch_size)
        light = np.where(labels == 0, 170, 80)[:, None, None, None]
        images = np.clip(light + random.normal(0, 40, (self.batch_size, 16, 16, 3)), 0, 255)
        return images.astype(np.uint8), np.eye(2, dtype=np.float32)[labels]

    def train_dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        return self._dataset(range(first_step, last_step))

    def evaluation_dataset(self, split: str, batch_size: int, devices: int = 1) -> tf.data.Dataset:
        first = {"validation": 10_000, "test": 20_000}[split]
        return self._dataset(range(first, first + 3))

    def _dataset(self, steps: range) -> tf.data.Dataset:
        images, targets = zip(*map(self.train_batch, steps), strict=True)
        return tf.data.Dataset.from_tensor_slices((np.stack(images), np.stack(targets)))


def tiny_module(
    trainer: Trainer,
    loss: Any = cross_entropy,
    augmented: bool = True,
    rate: float | None = None,
    averaging: float | None = None,
    kind: type[keras.Optimizer] = keras.optimizers.AdamW,
    **optimizer: Any,
) -> EmotionModule:
    """A module of some hundred weights with dropout, batch normalisation and augmentation."""
    with trainer.building():
        network = build_network(
            "tiny",
            lambda images: custom_cnn(images, stem=4, widths=(), depths=()),
            2,
            16,
            dropout=0.3,
        )
        layers = {"brightness": keras.layers.RandomBrightness(0.1, seed=1)} if augmented else {}
        settings = {"weight_decay": 0.01, **optimizer}
        return EmotionModule(
            network,
            loss,
            lambda steps, weights: configured(
                lambda learning_rate: kind(learning_rate=learning_rate, **settings),
                lambda total_steps: rate or WarmupCosine(0.02, total_steps),
                steps,
                weights,
            ),
            TinyData.prior,
            Augmentation(layers),
            averaging=averaging,
        )


def tiny_record(root: Path) -> RunRecord:
    """A fresh run folder."""
    return RunRecord.create(
        root,
        "tiny",
        {
            "group": {"name": None, "number": None},
            "choices": {},
            "classes": list(TinyData.classes),
            "image_size": 16,
            "monitor": {"name": "val_accuracy", "mode": "max"},
            "data": {
                "name": "tiny", "fingerprint": TinyData.fingerprint, "content": "0" * 64, "grey": False,
                "notice": None, "left_out": None,
            },
            "model": {"name": "tiny", "parameters": 0, "weights": {"requested": None, "used": "random"}},
            "seed": 0,
            "command": [],
        },
    )  # fmt: skip


def assert_same_weights(one: keras.Model, other: keras.Model) -> None:
    """Bit for bit."""
    for first, second in zip(one.network.weights, other.network.weights, strict=True):
        np.testing.assert_array_equal(first.numpy(), second.numpy(), err_msg=first.path)
