"""What is learned: Lightning's hooks on a Keras model."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import tensorflow as tf

from emolab.training.augmentation import Augmentation
from emolab.training.averaging import MovingAverage
from emolab.training.confusion import ConfusionMatrix
from emolab.training.optimizers import anew
from emolab.training.randomness import seed_generators, set_seeds
from emolab.training.replicas import bare_optimizer

Loss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


class Module(keras.Model):
    """A Keras model that says what is learned in three hooks; Keras's own `fit` runs them.

    Subclasses write `training_step`, `validation_step` and `configure_optimizers`. The steps return values of
    each image, (N,), as "loss", which is minimised, and "accuracy"; their means are the metrics. `step` counts the
    training steps; being a weight, it is saved and resumed with the others.

    Args:
        network: uint8-range RGB (N, S, S, 3) -> logits (N, C); see `emolab.models.network`. Its weights are what a run
            keeps as its best.

    Attributes:
        network: as given.
        average: of the weights, validated and kept in their place; None, unless a subclass sets it.
        confusion: counts what validation named, for balanced accuracy and macro-F1; None, unless a subclass sets it
            and its `validation_step` returns the class of each image, int (N,), as "named", too.
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__()
        self.average: MovingAverage | None = None
        self.confusion: ConfusionMatrix | None = None
        self._means = {name: keras.metrics.Mean(name=name) for name in ("loss", "accuracy")}
        self.step = self.add_weight(
            name="step",
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )
        self.network = network
        self.built = True  # the network came whole; `build` would forbid a subclass to add to it

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing is left to build: the network came whole."""
        self.built = True

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return logits float32 (N, C) of uint8-range RGB (N, S, S, 3)."""
        return self.network(tf.cast(images, tf.float32), training=training)

    def averaged(self) -> AbstractContextManager[None]:
        """Return a context in which the weights are their moving average, where one is kept."""
        return nullcontext() if self.average is None else self.average.in_place()

    def training_step(self, images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Return the values (N,) of a training batch, of which "loss" is minimised."""
        raise NotImplementedError(f"{type(self).__name__} needs a training_step")

    def validation_step(self, images: tf.Tensor, targets: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Return the values (N,) of a validation batch."""
        raise NotImplementedError(f"{type(self).__name__} needs a validation_step")

    def configure_optimizers(self, total_steps: int) -> keras.Optimizer:
        """Return the optimizer, with a schedule over `total_steps` steps."""
        raise NotImplementedError(f"{type(self).__name__} needs configure_optimizers")

    @property
    def steps_done(self) -> int:
        """How many training steps there have been; asking for it waits until a GPU has done them."""
        return int(self.step.numpy())

    @property
    def metrics(self) -> list[keras.Metric]:
        """The means that `fit` resets at the beginning of each epoch."""
        return list(self._means.values())

    @property
    def loss_so_far(self) -> float:
        """The mean loss of the epoch's steps so far; asking for it waits until a GPU has done them."""
        return float(self._means["loss"].result())

    @property
    def validated(self) -> tuple[str, ...]:
        """The names of all values that validation gives."""
        return (*self._means, *(() if self.confusion is None else self.confusion.names))

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Keras's hook: one step of the optimizer."""
        images, targets = data
        with tf.GradientTape() as tape:
            values = self.training_step(images, targets, tf.cast(self.step.value, tf.int64))
            regularisers = sum(tf.cast(one, tf.float32) for one in self.losses)  # a backbone's own
            minimised = tf.reduce_mean(values["loss"]) + regularisers
            loss = minimised / tf.distribute.get_strategy().num_replicas_in_sync
            scaled = self.optimizer.scale_loss(loss)  # for float16, whose small gradients would vanish
        gradients = tape.gradient(scaled, self.trainable_weights)
        updates = tf.convert_to_tensor(self.optimizer.iterations)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        if self.average is not None:
            self._take_into(self.average, updates)
        self.step.assign_add(1)
        return self._track(values)

    def test_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Keras's hook: one batch of validation."""
        values = self.validation_step(*data)
        if self.confusion is not None and "named" in values:
            self.confusion.update_state(tf.argmax(data[1], -1), values["named"])
        return self._track(values)

    def evaluate(self, *args: Any, return_dict: bool = False, **settings: Any) -> Any:
        """Keras's hook: a validation; as a dict its values have those of the confusion matrix, too.

        The matrix is none of `metrics`: training doesn't count it, and each validation begins with an empty one.
        """
        if self.confusion is not None:
            self.confusion.reset_state()
        values = super().evaluate(*args, return_dict=return_dict, **settings)
        return {**values, **self.confusion.result()} if return_dict and self.confusion is not None else values

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Keras's hook, which builds what isn't built yet: nothing here.

        With a strategy Keras would sum the devices' shares of a first batch for it, and fail where they differ in size.
        """

    def _take_into(self, average: MovingAverage, updates: tf.Tensor) -> None:
        """Update the average where the weights were, of which there had been so many `updates` before this step."""
        if bare_optimizer(self.optimizer).gradient_accumulation_steps is None:
            average.update(self.step.value)
        else:  # most steps only gather gradients, and the average would forget too fast; it's on one device
            tf.cond(tf.equal(self.optimizer.iterations, updates), lambda: None, lambda: average.update(updates))

    def _track(self, values: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, mean in self._means.items():
            mean.update_state(values[name])
        return {name: mean.result() for name, mean in self._means.items()}


class EmotionModule(Module):
    """Learns to name the emotion of a face.

    Args:
        network: as `Module`'s.
        loss: (logits, targets, prior) -> loss of each image; see `emolab.training.losses`.
        optimizer: Keras's, of which each training takes one with the same settings; or (total steps, weights) ->
            optimizer, where its learning rate depends on how long the training is: `emolab.training.optimizers`.
        prior: shares (C,) of the classes in training.
        augmentation: of the training batches.
        seed: of augmentation and dropout, with the step.
        averaging: momentum of a moving average of the weights, 0 to 1; None keeps none.
    """

    def __init__(
        self,
        network: keras.Model,
        loss: Loss,
        optimizer: keras.Optimizer | Callable[[int, list[Any]], keras.Optimizer],
        prior: Any,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        averaging: float | None = None,
    ) -> None:
        super().__init__(network)
        self.autocast = False  # augmented pixels keep their fractions, for which bfloat16 has no bits
        self.seed = seed
        self._loss = loss
        self._optimizer_of = (lambda *_: anew(optimizer)) if isinstance(optimizer, keras.Optimizer) else optimizer
        self._prior = tf.constant(prior, tf.float32)
        self._augmentation = augmentation or Augmentation()
        self._dropouts = seed_generators(network.layers)
        if averaging is not None:
            averages = [self._average_of(weight, number) for number, weight in enumerate(network.weights)]
            self.average = MovingAverage(network.weights, averages, averaging)
        self.confusion = ConfusionMatrix(network.output_shape[-1])
        self.build((None, *network.input_shape[1:]))

    def training_step(self, images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        """Augment, classify, compare."""
        images, targets = self.augmented(images, targets, step)
        return self._values(self(images, training=True), targets)

    def augmented(self, images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the batch of this step augmented, with dropout ready for the step, too."""
        set_seeds(self._dropouts, self.seed + 500_009, step)
        return self._augmentation(images, targets, step)

    def validation_step(self, images: tf.Tensor, targets: tf.Tensor) -> dict[str, tf.Tensor]:
        """Classify, compare."""
        logits = self(images, training=False)
        return {**self._values(logits, targets), "named": tf.argmax(logits, -1)}

    def configure_optimizers(self, total_steps: int) -> keras.Optimizer:
        """Return the configured optimizer for a training of `total_steps` steps."""
        return self._optimizer_of(total_steps, self.trainable_weights)

    def _average_of(self, weight: keras.Variable, number: int) -> keras.Variable:
        average = self.add_weight(
            name=f"average{number}", shape=weight.shape, dtype=weight.dtype, trainable=False, aggregation="mean"
        )
        average.assign(weight)
        return average

    def _values(self, logits: tf.Tensor, targets: tf.Tensor) -> dict[str, tf.Tensor]:
        right = tf.equal(tf.argmax(logits, -1), tf.argmax(targets, -1))
        return {"loss": self._loss(logits, targets, self._prior), "accuracy": tf.cast(right, tf.float32)}
