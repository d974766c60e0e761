"""Where batches come from: what the trainer is given."""

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emolab.data.left_out import read_left_out
from emolab.data.prepared import PreparedData
from emolab.data.records import SPLITS
from emolab.data.report import only_training
from emolab.data.stream import Stream
from emolab.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

Batch = Callable[[int], tuple[np.ndarray, np.ndarray]]

READERS = 2  # steps gathered at a time; one core gathers far more images a second than a network takes
AHEAD = 8  # batches kept ready


class DataModule:
    """Batches of a prepared data set, for training and for evaluation.

    Args:
        prepared: The data set.
        batch_size: Images a training step.
        seed: Seed of the order of training.
        train_images: Use only so many training images, the classes in proportion; `None`: all.
        leave_out: A CSV of training images not to use; see `emolab.data.left_out`.

    Example:
        `DataModule(prepared, batch_size=64, seed=0).train_dataset(first_step=0, last_step=100)`

    Raises:
        DataError: if the data set has one class only, or no training or validation images, or the list can't be used.
    """

    def __init__(
        self,
        prepared: PreparedData,
        batch_size: int,
        seed: int,
        train_images: int | None = None,
        leave_out: Path | None = None,
    ) -> None:
        self.prepared = prepared
        self.name, self.fingerprint, self.content = prepared.name, prepared.fingerprint, prepared.content
        self.classes, self.image_size, self.grey = prepared.classes, prepared.image_size, prepared.grey
        self._images = np.asarray(prepared.images)  # a plain view: np.memmap's own indexing is slower
        self.left_out = None if leave_out is None else read_left_out(leave_out, prepared)
        usable = prepared.rows("train")
        kept = usable if self.left_out is None else np.setdiff1d(usable, self.left_out.rows, assume_unique=True)
        self._rows = _part(prepared, kept, train_images)
        check_trainable(prepared, self._rows)
        self._targets = prepared.targets(self._rows)
        self.stream = Stream(len(self._rows), batch_size, seed)
        self.batch_size = self.stream.batch_size

    @property
    def steps_per_epoch(self) -> int:
        """Training steps an epoch."""
        return self.stream.steps_per_epoch

    @property
    def summary(self) -> str:
        """In words: "demo: 1,377 train, 243 validation, 540 test images of 48 pixels, 9 classes"."""
        held = {split: len(self.prepared.rows(split)) for split in SPLITS}
        part = f"{len(self._rows):,} of " if len(self._rows) < held["train"] else ""
        images = ", ".join(f"{count:,} {split}" for split, count in held.items())
        return f"{self.name}: {part}{images} images of {self.image_size} pixels, {len(self.classes)} classes"

    @property
    def prior(self) -> np.ndarray:
        """Frequency of each class in training: float64 (C,), sums to 1."""
        return self._targets.mean(axis=0, dtype=np.float64)

    def train_batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch of training step `step` (0, 1, ...), a pure function of the seed and the step.

        Returns:
            Images, uint8 RGB (B, S, S, 3), and targets, float32 (B, C).
        """
        positions = self.stream.positions(int(step))
        return self._images[self._rows[positions]], self._targets[positions]

    def train_dataset(self, first_step: int, last_step: int) -> "tf.data.Dataset":
        """Return the batches of the steps from `first_step` up to, not including, `last_step`, in order."""
        import tensorflow as tf

        steps = tf.data.Dataset.range(first_step, last_step)
        return self._gathered(steps, self.train_batch, self.batch_size)

    def evaluation_dataset(self, split: str, batch_size: int, devices: int = 1) -> "tf.data.Dataset":
        """Return images and targets of a split in the order of its rows.

        Args:
            split: its name.
            batch_size: images a batch at most; the last batch may be smaller.
            devices: that share each batch. None may go without images, which TensorFlow's kernels can't bear: where
                a batch would have too few, all have fewer than `batch_size`, or more where that can't be.

        Raises:
            DataError: if the split is empty or unknown, or has fewer images than there are devices.
        """
        import tensorflow as tf

        rows = self.prepared.rows(split)
        if not len(rows):
            raise DataError(f"{self.prepared.folder} has no {split} images; set data.split or choose another split")
        if len(rows) < devices:
            raise DataError(f"{devices} devices can't share {len(rows)} {split} images: leave trainer.strategy out")
        sizes = chain(range(batch_size, devices - 1, -1), range(max(batch_size + 1, devices), len(rows) + 1))
        batch_size = next(size for size in sizes if not 0 < len(rows) % size < devices)
        targets = self.prepared.targets(rows)

        def batch(first: int) -> tuple[np.ndarray, np.ndarray]:
            chosen = slice(first, first + batch_size)
            return self._images[rows[chosen]], targets[chosen]

        firsts = tf.data.Dataset.range(0, len(rows), batch_size)
        return self._gathered(firsts, batch, None)

    def _gathered(self, numbers: "tf.data.Dataset", batch: Batch, length: int | None) -> "tf.data.Dataset":
        import tensorflow as tf

        def gather(number: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
            images, targets = tf.numpy_function(batch, [number], (tf.uint8, tf.float32), stateful=False)
            images.set_shape((length, self.image_size, self.image_size, 3))
            targets.set_shape((length, len(self.classes)))
            return images, targets

        return numbers.map(gather, num_parallel_calls=READERS, deterministic=True).prefetch(AHEAD)


def check_trainable(prepared: PreparedData, rows: np.ndarray) -> None:
    """Check that a recogniser can be trained on `rows`, its training images, and chosen by validation images.

    Raises:
        DataError: if the data set has one class only, or no training or validation images.
    """
    if len(prepared.classes) < 2:
        raise DataError(
            f"the data set {prepared.name!r} has one class, {prepared.classes[0]}; a recogniser needs two. If the "
            "folders of the classes lie deeper, give the folder that holds them"
        )
    if not len(prepared.rows("validation")):
        raise DataError(
            f"{prepared.folder} has no validation images, which say what weights are best: "
            f"{_how_to_get_some(prepared.account)}"
        )
    if not len(rows):
        raise DataError(f"{prepared.folder} has no training images left; give another data set, split or list")


def _how_to_get_some(account: Mapping[str, Any]) -> str:
    if not account["options"]["validation"]:
        return "set data.split.validation"
    return "; ".join([*only_training(account), "give more photographs"])


def _part(prepared: PreparedData, rows: np.ndarray, count: int | None) -> np.ndarray:
    """Return `count` of the rows, sorted; each class keeps its share, and a smaller part lies in a larger."""
    if count is None or count >= len(rows):
        return rows
    labels = prepared.targets(rows).argmax(axis=1)
    order = np.random.default_rng(0).permutation(len(rows))
    rank = np.empty(len(rows))
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(rows[np.lexsort((order, rank))[:count]])
