"""What a network said about labelled images: all that evaluation needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import softmax

from emolab import files
from emolab.errors import DataError, RunError
from emolab.partitions import joined

_ARRAYS = ("logits", "targets", "groups", "images")


@dataclass(frozen=True)
class Predictions:
    """Logits beside the truth, row by row.

    Attributes:
        logits: real numbers (N, C); float32 as a network gives them.
        targets: int64 (N,), the class numbers of the truth.
        groups: int64 (N,): images of one group (near-duplicates, or one person's) are resampled together.
        classes: C names, in the order of the logits.
        images: uint64 (N,): which images they are, whatever size they were given to the network in.

    Raises:
        DataError: if a logit isn't a number, a target no class, types or shapes don't belong together, or there are no
            images.
    """

    logits: np.ndarray
    targets: np.ndarray
    groups: np.ndarray
    classes: tuple[str, ...]
    images: np.ndarray

    def __post_init__(self) -> None:
        shape = (len(self.targets), len(self.classes))
        if self.logits.shape != shape or self.groups.shape != self.targets.shape:
            raise DataError(f"logits {self.logits.shape} don't fit {shape[0]} targets and {shape[1]} classes")
        kinds = self.logits.dtype.kind + self.targets.dtype.kind + self.groups.dtype.kind
        if kinds != "fii":
            raise DataError(
                f"logits of type {self.logits.dtype}, targets of {self.targets.dtype} and groups of "
                f"{self.groups.dtype}: expected real numbers and twice whole ones"
            )
        if self.images.dtype.kind != "u" or self.images.shape != self.targets.shape:
            raise DataError(
                f"images {self.images.shape} of {self.images.dtype}: expected a whole number for each target"
            )
        if not len(self.targets):
            raise DataError("there are no images to evaluate")
        first, last = int(self.targets.min()), int(self.targets.max())
        if first < 0 or last >= shape[1]:
            raise DataError(f"targets go from {first} to {last}: expected numbers of {shape[1]} classes, from 0")
        bad = int((~np.isfinite(self.logits)).any(axis=1).sum())
        if bad:
            raise DataError(f"the network gave NaN or infinity for {bad} of {len(self.targets)} images")

    def probabilities(self) -> np.ndarray:
        """Return softmax(logits): float64 (N, C), rows sum to 1."""
        return softmax(self.logits.astype(np.float64), axis=1)

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each image: int64 (N,)."""
        return self.logits.argmax(axis=1)

    @property
    def right(self) -> np.ndarray:
        """Whether each image was named rightly: bool (N,)."""
        return self.predicted == self.targets

    def subset(self, rows: np.ndarray) -> "Predictions":
        """Return these rows: positions, int64 (n,), or where a mask, bool (N,), is true."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _ARRAYS})


def same_images(one: Predictions, other: Predictions) -> bool:
    """Whether two predictions are on the same images, of the same classes, in the same order."""
    alike = one.classes == other.classes and np.array_equal(one.targets, other.targets)
    return alike and np.array_equal(one.images, other.images)


def groups_of_all(predictions: Sequence[Predictions]) -> np.ndarray:
    """Return what isn't independent by any of several predictions of the same images, whole numbers (N,)."""
    groups = [one.groups for one in predictions]
    return groups[0] if all(np.array_equal(groups[0], other) for other in groups) else joined(groups)


def averaged(predictions: Sequence[Predictions]) -> Predictions:
    """Return the mean of the probabilities of several predictions, as log-probabilities.

    Args:
        predictions: of the same images in the same order; calibrated, where the surer isn't to weigh more.
    """
    mean = np.mean([one.probabilities() for one in predictions], axis=0)
    logits, first = np.log(np.maximum(mean, 1e-30)).astype(np.float32), predictions[0]
    return Predictions(logits, first.targets, groups_of_all(predictions), first.classes, first.images)


def save_predictions(path: Path, splits: Mapping[str, Predictions]) -> None:
    """Write the predictions of each split as plain arrays, so that runs can be compared image by image."""
    arrays = {f"{split}_{name}": getattr(one, name) for split, one in splits.items() for name in _ARRAYS}
    classes = next(iter(splits.values())).classes
    with files.write_atomically(path) as temporary:
        np.savez_compressed(temporary, classes=np.array(classes), **arrays)


def load_predictions(path: Path) -> dict[str, Predictions]:
    """Return the predictions of each split in `path`. Nothing in the file is run.

    Raises:
        RunError: if it can't be read, or doesn't hold predictions.
    """
    try:
        arrays = files.read_arrays(path)
        classes = tuple(map(str, arrays["classes"]))
        splits = [name.removesuffix("_logits") for name in arrays if name.endswith("_logits")]
        return {
            split: Predictions(classes=classes, **{name: arrays[f"{split}_{name}"] for name in _ARRAYS})
            for split in splits
        }
    except (ValueError, KeyError, TypeError, DataError) as error:  # TypeError: an array that is a single value
        raise RunError(f"{path} doesn't hold a run's predictions: {error}") from error
