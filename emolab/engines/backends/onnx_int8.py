"""ONNX in int8: what is quantized, and from which images the ranges come."""

import shutil
from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

# Clip is MobileNetV2's ReLU6: left out, what comes before it is kept in steps too coarse for what comes after.
OPERATIONS = ("Conv", "MatMul", "Add", "Relu", "Clip", "GlobalAveragePool", "AveragePool", "MaxPool")
RANGES: Mapping[str, Mapping[str, Any]] = {
    "min_max": {},
    "percentile": {"CalibPercentile": 99.99},
}
_AT_ONCE = 20  # images whose feature maps are held: 300 of VGG19 at 224 pixels would be 20 GB


def quantize(path: Path, calibration: np.ndarray, symmetric: bool = False) -> str:
    """Replace the ONNX file by its int8 form: QDQ, weights by channel.

    Whether the whole range of a feature map is kept, or one without its rarest values, in finer steps, is better
    depends on the network: both are made, and the one whose probabilities differ less from float32's on the
    calibration images stays (mean difference, whole range and 99.99 %, on validation images: MobileNetV2 0.0042 and
    0.0038, custom_cnn 0.0030 and 0.0025, ResNet50 0.0016 and 0.0042, VGG19 0.0016 and 0.0052).

    Args:
        path: of the float32 model, uint8 `images` (N, S, S, 3) -> probabilities (N, C).
        calibration: training images, uint8 (n, S, S, 3), n at least 1.
        symmetric: around 0, signed, and biases in float32: TensorRT takes nothing else; less exact on a processor.

    Returns:
        a key of `RANGES`.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = path.with_name("prepared.onnx")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    before = _probabilities(path, calibration)
    differences: dict[str, float] = {}
    for ranges in RANGES:
        made = path.with_name(f"{ranges}.onnx")
        _write(prepared, made, calibration, ranges, symmetric)
        differences[ranges] = float(np.abs(_probabilities(made, calibration) - before).mean())
    best = min(differences, key=differences.__getitem__)
    shutil.copy(path.with_name(f"{best}.onnx"), path)
    for made in (prepared, *(path.with_name(f"{ranges}.onnx") for ranges in RANGES)):
        made.unlink()
    return best


def _write(prepared: Path, path: Path, calibration: np.ndarray, ranges: str, symmetric: bool) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    reader = _Reader(calibration)
    extra = {"ActivationSymmetric": symmetric, "QuantizeBias": not symmetric, "CalibStridedMinMax": reader.at_once}
    methods = {"min_max": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}
    with redirect_stdout(StringIO()):  # it prints how it makes its histograms
        quantize_static(
            str(prepared),
            str(path),
            reader,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,  # weights in 7 bits: without VNNI a sum of two products in 8 overflows, in silence
            activation_type=QuantType.QInt8 if symmetric else QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=methods[ranges],
            op_types_to_quantize=list(OPERATIONS),
            extra_options={**extra, **RANGES[ranges]},
        )


def _probabilities(path: Path, images: np.ndarray) -> np.ndarray:
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"images": image[None]})[0] for image in images])


class _Reader:
    """The calibration images one by one, and so many at once, as `quantize_static` wants to read them.

    It wants their number to be a multiple of `at_once`; the few that are too many are left out.
    """

    def __init__(self, images: np.ndarray) -> None:
        self.at_once = min(_AT_ONCE, len(images))
        self._images = images[: len(images) // self.at_once * self.at_once]
        self._rows = iter(range(0))

    def __len__(self) -> int:
        return len(self._images)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Read these next."""
        self._rows = iter(range(start_index, end_index))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next image, or None where there is none."""
        row = next(self._rows, None)
        return None if row is None else {"images": self._images[row : row + 1]}
