"""ONNX Runtime: on a processor, and through CUDA and TensorRT with a current TensorFlow."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emolab.engines.backends.base import Backend, Source

MODEL = "model.onnx"
OPSET = 17  # 2022; every execution provider in use has it
PROVIDERS = ("CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider")


@dataclass(frozen=True)
class OnnxRuntime(Backend):
    """ONNX Runtime.

    Attributes:
        providers: who executes, in order of preference; each is required, so that nothing falls back unseen.
        spinning: whether idle threads wait busily: a little faster alone, much slower beside other work.
    """

    providers: Sequence[str] = ("CPUExecutionProvider",)
    spinning: bool = False

    name: ClassVar[str] = "onnxruntime"
    extra: ClassVar[str] = "onnxruntime"
    modules: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    builders: ClassVar[tuple[str, ...]] = ("tensorflow", "tf2onnx", "onnx")
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "tf2onnx", "onnx", "onnxruntime", "onnxruntime-gpu")
    known: ClassVar[tuple[str, ...]] = ("fp32", "fp16", "int8")

    def unrunnable(self, precision: str) -> str | None:
        """A provider that isn't there, or fp16 on a processor."""
        import onnxruntime

        lacking = [provider for provider in self.providers if provider not in onnxruntime.get_available_providers()]
        if lacking:
            return f"this onnxruntime has no {', '.join(lacking)}: on a GPU machine install onnxruntime-gpu instead"
        if precision == "fp16" and self.providers[0] == "CPUExecutionProvider":
            return "on a processor ONNX Runtime computes fp16 by converting to fp32 and back, slower than fp32"
        return None

    def build(self, source: Source, precision: str, folder: Path) -> dict[str, Any]:
        """Write the ONNX file; for int8 quantize it with calibration images."""
        import keras

        logging.getLogger("tf2onnx").setLevel(logging.WARNING)
        path = folder / MODEL
        images = keras.InputSpec("uint8", (None, *source.network.input_shape[1:]), name="images")
        source.network.export(str(path), format="onnx", verbose=False, input_signature=[images], opset_version=OPSET)
        if precision == "int8":
            quantize(path, source.calibration())
        elif precision == "fp16":
            halve(path)
        return {}

    def load(self, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the session as a function of arrays."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(self.spinning)))
        session = onnxruntime.InferenceSession(folder / MODEL, options, providers=list(self.providers))
        (images,) = session.get_inputs()

        def classify(batch: np.ndarray) -> np.ndarray:
            return session.run(None, {images.name: batch})[0]

        return classify


def quantize(path: Path, calibration: np.ndarray) -> None:
    """Replace the ONNX file by its int8 form: QDQ, weights by channel, ranges from the calibration images."""
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = path.with_name("prepared.onnx")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared),
        str(path),
        _Calibration(calibration),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        op_types_to_quantize=["Conv", "MatMul", "Add", "Relu", "GlobalAveragePool", "AveragePool", "MaxPool"],
        extra_options={"ActivationSymmetric": False},
    )
    prepared.unlink()


def halve(path: Path) -> None:
    """Replace the ONNX file by its fp16 form; what comes in and goes out stays as it is."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=True), path)


class _Calibration:
    """The calibration images, one by one, as `quantize_static` wants to read them."""

    def __init__(self, images: np.ndarray) -> None:
        self._batches: Iterator[dict[str, np.ndarray]] = ({"images": image[None]} for image in images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._batches, None)
