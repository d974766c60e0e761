"""OpenVINO: the fastest on processors of Intel and AMD."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emolab.engines.backends.base import Backend, Source
from emolab.engines.deployable import CALIBRATION

MODEL = "model.xml"
COMPUTED_IN = {"fp32": "f32", "fp16": "f16", "bf16": "bf16", "int8": "f32"}  # int8: what isn't quantized


@dataclass(frozen=True)
class OpenVino(Backend):
    """OpenVINO.

    Attributes:
        device: "CPU", or "GPU" for Intel's.
        max_disagreement: of int8 with the run on calibration images, 0 to 1; slower to build. None: no such control.
    """

    device: str = "CPU"
    max_disagreement: float | None = None

    name: ClassVar[str] = "openvino"
    extra: ClassVar[str] = "openvino"
    modules: ClassVar[tuple[str, ...]] = ("openvino",)
    builders: ClassVar[tuple[str, ...]] = ("tensorflow", "nncf")
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "openvino", "nncf")
    known: ClassVar[tuple[str, ...]] = ("fp32", "fp16", "bf16", "int8")

    def machine_lacks(self, precision: str) -> str | None:
        """A device that isn't there, or a number format that it would only imitate."""
        core = _openvino().Core()
        devices = {device.partition(".")[0] for device in core.available_devices}
        if self.device not in devices:
            return f"OpenVINO finds no {self.device} here, only {', '.join(sorted(devices))}"
        wanted = {"bf16": "BF16", "fp16": "FP16"}.get(precision)
        if wanted is not None and wanted not in core.get_property(self.device, "OPTIMIZATION_CAPABILITIES"):
            return f"this {self.device} doesn't compute in {precision}"
        return None

    def build(self, source: Source, precision: str, folder: Path) -> dict[str, Any]:
        """Write OpenVINO's own form; for int8 quantized with NNCF."""
        openvino = _openvino()
        model = openvino.convert_model(str(source.saved_model))
        if precision == "int8":
            model = quantized(model, source.calibration(), self.max_disagreement)
        openvino.save_model(model, folder / MODEL, compress_to_fp16=False)
        return {"computed_in": COMPUTED_IN[precision]}

    def load(self, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the compiled model as a function of arrays.

        The number format is always set: left alone, OpenVINO takes bf16 on a processor that has it.
        """
        settings = {
            "INFERENCE_PRECISION_HINT": COMPUTED_IN[precision],
            "PERFORMANCE_HINT": "LATENCY",
            **({"INFERENCE_NUM_THREADS": threads} if self.device == "CPU" else {}),
        }
        request = _openvino().Core().compile_model(folder / MODEL, self.device, settings).create_infer_request()

        def classify(batch: np.ndarray) -> np.ndarray:
            return np.array(request.infer(batch, share_inputs=True)[0])  # a copy: the next call writes there again

        return classify

    def load_errors(self) -> tuple[type[Exception], ...]:
        """RuntimeError, whatever it is."""
        return (RuntimeError,)


def quantized(model: Any, calibration: np.ndarray, max_disagreement: float | None = None) -> Any:
    """Return the OpenVINO model in int8, its ranges from the calibration images.

    Args:
        model: in float32.
        calibration: training images, uint8 (n, S, S, 3).
        max_disagreement: share of them that may be named otherwise than before; operations go back to float32 until
            that holds. None: whatever comes.
    """
    import nncf

    faces = nncf.Dataset(list(calibration[:, None]))
    settings = {
        "subset_size": len(calibration),
        "preset": nncf.QuantizationPreset.MIXED,
        "ignored_scope": nncf.IgnoredScope(patterns=[f".*{CALIBRATION}.*"]),  # else in 256 steps of a logit
    }
    # Weights in 7 bits: on a processor without VNNI a sum of two products in 8 overflows, in silence.
    advanced = nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE)
    if max_disagreement is None:
        return nncf.quantize(model, faces, advanced_parameters=advanced, **settings)
    before = _named(_openvino().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}), calibration[:, None])

    def agreement(compiled: Any, shown: Iterable[np.ndarray]) -> tuple[float, list[float]]:
        same = [float(name) for name in _named(compiled, shown) == before]
        return float(np.mean(same)), same

    return nncf.quantize_with_accuracy_control(
        model, faces, faces, agreement, max_drop=max_disagreement, advanced_quantization_parameters=advanced, **settings
    )


def _named(compiled: Any, shown: Iterable[np.ndarray]) -> np.ndarray:
    return np.array([compiled(batch)[0].argmax() for batch in shown])


def _openvino() -> Any:
    """Import OpenVINO without its telemetry.

    Left alone, converting and quantizing report to Google Analytics without asking, and without a network each waits
    ten seconds for that. Both do without the package where it can't be imported.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python's own way to forbid an import
    import openvino

    return openvino
