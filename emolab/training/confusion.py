"""Which classes a validation named for which."""

import keras
import tensorflow as tf

from emolab.evaluation.metrics import balanced_accuracy, macro_f1

_OF_THE_MATRIX = {"balanced_accuracy": balanced_accuracy, "macro_f1": macro_f1}  # as the report computes them


class ConfusionMatrix(keras.Metric):
    """Counts images by true and by named class; devices count their own, which are summed when read.

    Args:
        classes: C.
    """

    names = tuple(_OF_THE_MATRIX)  # of its values

    def __init__(self, classes: int) -> None:
        super().__init__(name="confusion_matrix", dtype="float32")
        self._classes = classes
        self._counts = self.add_variable((classes, classes), "zeros", name="counts")

    def update_state(self, targets: tf.Tensor, named: tf.Tensor) -> None:
        """Count images of these true classes and of these named ones, both int (N,)."""
        true, said = (tf.one_hot(classes, self._classes) for classes in (targets, named))
        self._counts.assign_add(tf.matmul(true, said, transpose_a=True))  # GPUs add so in one order, unlike a scatter

    def result(self) -> dict[str, float]:
        """Return the value of each of `names`, 0 to 1; nothing where nothing was counted."""
        counts = self._counts.numpy()
        return {name: float(value(counts)) for name, value in _OF_THE_MATRIX.items()} if counts.any() else {}
