"""ONNX Runtime: on a processor, and through CUDA and TensorRT with a current TensorFlow."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emolab.config.schema.parts import Count
from emolab.engines.backends.base import Backend, Source, in_parts
from emolab.engines.backends.onnx_int8 import quantize
from emolab.errors import RunError

MODEL = "model.onnx"
ERRORS = 3  # of its log's severities
OPSET = 17  # 2022; every execution provider in use has it
TENSORRT = "TensorrtExecutionProvider"
PROVIDERS = ("CPUExecutionProvider", "CUDAExecutionProvider", TENSORRT)


@dataclass(frozen=True)
class OnnxRuntime(Backend):
    """ONNX Runtime.

    Attributes:
        providers: who executes, in order of preference; each is required, so that nothing falls back unseen.
        spinning: whether idle threads wait busily: a little faster alone, much slower beside other work.
        largest_batch: faces at a time for which TensorRT builds its engine, from one on, fastest for one; more run in
            parts. None: it builds anew, in the middle of its work, for each batch larger than all before.
    """

    providers: Sequence[str] = ("CPUExecutionProvider",)
    spinning: bool = False
    largest_batch: Count | None = 128

    name: ClassVar[str] = "onnxruntime"
    extra: ClassVar[str] = "onnxruntime"
    modules: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    builders: ClassVar[tuple[str, ...]] = ("tensorflow", "tf2onnx", "onnx")
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "tf2onnx", "onnx", "onnxruntime", "onnxruntime-gpu")
    known: ClassVar[tuple[str, ...]] = ("fp32", "fp16", "int8")

    def machine_lacks(self, precision: str) -> str | None:
        """A provider that isn't there, or fp16 on a processor."""
        import onnxruntime

        if not self.providers:
            return f"providers is empty: name at least one of {', '.join(PROVIDERS)}"
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
            return {"ranges": quantize(path, source.calibration(), symmetric=TENSORRT in self.providers)}
        if precision == "fp16":
            halve(path)
        return {}

    def load(self, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the session as a function of arrays."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = ERRORS
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(self.spinning)))
        providers, asked = list(self.providers), self.asked(precision, folder / MODEL)
        session = onnxruntime.InferenceSession(folder / MODEL, options, providers=asked, enable_fallback=0)
        used = session.get_providers()
        if used[: len(providers)] != providers:
            raise RunError(f"{folder}: asked for {', '.join(providers)}, got {', '.join(used)}; see above")
        (images,) = session.get_inputs()

        def classify(batch: np.ndarray) -> np.ndarray:
            return session.run(None, {images.name: batch})[0]

        most = self.largest_batch if TENSORRT in providers else None
        return classify if most is None else in_parts(classify, most)

    def asked(self, precision: str, model: Path) -> list[str | tuple[str, dict[str, Any]]]:
        """Return the providers as ONNX Runtime wants them; TensorRT must be allowed each number format below fp32.

        It keeps no engine in a file: what it writes there later would be none that was judged, and what lies there in a
        stranger's run can't be looked into.
        """
        if TENSORRT not in self.providers:
            return list(self.providers)
        formats = {"trt_fp16_enable": precision == "fp16", "trt_int8_enable": precision == "int8"}
        settings = {**formats, **({} if self.largest_batch is None else profile(model, self.largest_batch))}
        return [(provider, settings) if provider == TENSORRT else provider for provider in self.providers]

    def load_errors(self) -> tuple[type[Exception], ...]:
        """Its own; they have no base in common."""
        from onnxruntime.capi import onnxruntime_pybind11_state as state

        return tuple(kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))


def profile(model: Path, largest: int) -> dict[str, str]:
    """Return TensorRT's settings for an engine of 1 to `largest` images, fastest for one: `trt_profile_..._shapes`.

    Args:
        model: the ONNX file, which has the name and the shape of its input.
        largest: number of images.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it's only looked at
    (images,) = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]).get_inputs()
    size = "x".join(map(str, images.shape[1:]))
    counts = {"min": 1, "opt": 1, "max": largest}
    return {f"trt_profile_{name}_shapes": f"{images.name}:{count}x{size}" for name, count in counts.items()}


def halve(path: Path) -> None:
    """Replace the ONNX file by its fp16 form; what comes in and goes out stays as it is."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=True), path)
