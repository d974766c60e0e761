"""LiteRT (TensorFlow Lite): for phones and small boards, and quick to start anywhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emolab.engines.backends.base import Backend, Source

MODEL = "model.tflite"


@dataclass(frozen=True)
class LiteRt(Backend):
    """LiteRT with its XNNPACK kernels.

    A batch goes through face by face: another batch size means that all weights are packed anew (40 ms for 10 MB),
    and a batch of 32 took longer than 32 faces on their own (198 and 118 ms, custom_cnn at 48 pixels, two cores).
    """

    name: ClassVar[str] = "litert"
    extra: ClassVar[str] = "litert"
    modules: ClassVar[tuple[str, ...]] = ("ai_edge_litert",)
    builders: ClassVar[tuple[str, ...]] = ("tensorflow",)
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "ai-edge-litert")
    known: ClassVar[tuple[str, ...]] = ("fp32", "int8")

    def build(self, source: Source, precision: str, folder: Path) -> dict[str, Any]:
        """Convert the SavedModel: from concrete functions a Keras 3 model would silently lose its weights."""
        import tensorflow as tf

        converter = tf.lite.TFLiteConverter.from_saved_model(str(source.saved_model))
        if precision == "int8":
            images = source.calibration()
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: _one_by_one(images)
        (folder / MODEL).write_bytes(converter.convert())
        return {}

    def load(self, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the interpreter as a function of arrays."""
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(folder / MODEL), num_threads=threads)
        interpreter.allocate_tensors()
        (images,), (probabilities,) = interpreter.get_input_details(), interpreter.get_output_details()

        def classify_one(image: np.ndarray) -> np.ndarray:
            interpreter.set_tensor(images["index"], image[None])
            interpreter.invoke()
            return interpreter.get_tensor(probabilities["index"])[0]

        def classify(batch: np.ndarray) -> np.ndarray:
            found = np.stack([classify_one(image) for image in batch])
            return found / found.sum(axis=1, keepdims=True)  # in int8 the softmax comes in steps of 1/256

        return classify

    def load_errors(self) -> tuple[type[Exception], ...]:
        """ValueError of what is no model or takes other images, RuntimeError of operations that it hasn't."""
        return ValueError, RuntimeError


def _one_by_one(images: np.ndarray) -> Iterator[list[np.ndarray]]:
    for image in images:
        yield [image[None]]
