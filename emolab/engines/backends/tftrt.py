"""TF-TRT: TensorRT inside TensorFlow, the step this project began with. An environment of its own: docs/engines.md.

TensorFlow 2.17.1 is the last whose wheel is built with TensorRT (8.6.1, GPUs up to Hopper).
"""

import ctypes
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from emolab.config.schema.parts import Count
from emolab.engines.backends.base import Backend, Source, in_parts
from emolab.engines.backends.saved_graph import nodes_of
from emolab.engines.backends.tensorflow import SAVED_MODEL, SIGNATURE, load, load_errors
from emolab.errors import RunError

LAST_WITH_TENSORRT = (2, 17)
LIBRARY = "libnvinfer.so.8.6.1"  # by that very name TensorFlow opens it
ENGINE = "TRTEngineOp"
OPERATIONS = (ENGINE, "CreateTRTResourceHandle", "InitializeTRTResource", "DestroyResourceOp")
OBJECTS = ("resource", "asset")  # its engines, and the files in which they lie
NATIVE = "TF_TRT_ALLOW_ENGINE_NATIVE_SEGMENT_EXECUTION"  # TensorFlow in float32 where TensorRT has no engine
MODES = {"fp32": "FP32", "fp16": "FP16", "int8": "INT8"}


@dataclass(frozen=True)
class TfTrt(Backend):
    """TF-TRT's `TrtGraphConverterV2`.

    Attributes:
        batches: numbers of faces for which engines are built ahead; a batch between two runs on the next larger's, and
            one that is larger than all of them in parts.
        workspace_bytes: memory that TensorRT may use while it runs.
        least_operations: a part of the graph with fewer stays TensorFlow's.
    """

    batches: Annotated[Sequence[Count], Field(min_length=1)] = (1, 8, 32, 128)
    workspace_bytes: int = 1 << 30
    least_operations: int = 3

    name: ClassVar[str] = "tftrt"
    extra: ClassVar[str] = "tftrt"
    modules: ClassVar[tuple[str, ...]] = ("tensorflow",)
    packages: ClassVar[tuple[str, ...]] = ("tensorflow",)
    known: ClassVar[tuple[str, ...]] = tuple(MODES)
    bound_to_hardware: ClassVar[bool] = True
    asks_tensorflow: ClassVar[bool] = True

    def why_not_built(self, precision: str) -> str | None:
        """A TensorFlow that is too new."""
        reason = super().why_not_built(precision)
        if reason is not None:
            return reason
        installed = version("tensorflow")
        if tuple(int(part) for part in installed.split(".")[:2]) > LAST_WITH_TENSORRT:
            return f"TensorFlow {installed} is built without TensorRT; 2.17.1 is the last with it (docs/engines.md)"
        return None

    def machine_lacks(self, precision: str) -> str | None:
        """No TensorRT in it, no library, or no GPU; nothing that would abort the process is asked."""
        return self.why_not_built(precision) or without_tensorrt() or without_gpu()

    def build(self, source: Source, precision: str, folder: Path) -> dict[str, Any]:
        """Convert, calibrate for int8, build the engines for `batches`, save: minutes.

        Raises:
            RunError: if TensorRT could build no engine; TensorFlow alone would only write that into its log.
        """
        os.environ[NATIVE] = "1"  # else an engine that can't be built ends it here, in words that say nothing
        converter = self.converted(source, precision)
        shape = (source.image_size, source.image_size, 3)
        sizes = sorted(self.batches)  # TensorFlow takes the first that is large enough
        converter.build(lambda: ([np.zeros((size, *shape), np.uint8)] for size in sizes))
        with _temporary_files():
            converter.save(str(folder / SAVED_MODEL))
        check_built(folder / SAVED_MODEL)
        return {"batches": list(self.batches)}

    def converted(self, source: Source, precision: str) -> Any:
        """Return the converter after it has put TensorRT's engines in place of TensorFlow's operations."""
        from tensorflow.python.compiler.tensorrt import trt_convert

        converter = trt_convert.TrtGraphConverterV2(
            input_saved_model_dir=str(source.saved_model),
            input_saved_model_signature_key=SIGNATURE,
            precision_mode=MODES[precision],
            use_calibration=precision == "int8",
            max_workspace_size_bytes=self.workspace_bytes,
            minimum_segment_size=self.least_operations,
            maximum_cached_engines=len(self.batches),
            use_dynamic_shape=True,
            # Deprecated, since it takes every input's first dimension for the batch, as it is here. A batch of any size
            # is served, at the speed of the next larger one that was built. "Optimal" serves none between these,
            # "Range" all at the speed of one, and "Range+Optimal" none below the smallest.
            dynamic_shape_profile_strategy="ImplicitBatchModeCompatible",
            allow_build_at_runtime=False,  # minutes in the middle of a video
        )
        if precision == "int8":
            images = source.calibration()
            converter.convert(calibration_input_fn=lambda: _batches(images, min(self.batches)))
        else:
            converter.convert()
        return converter

    def load(self, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the SavedModel's signature as a function of arrays, of at least one face.

        What TensorRT's own engines do, which it reads from files, can't be looked into. Where one can't work it's an
        error, not TensorFlow's float32 by the name of another precision.
        """
        os.environ[NATIVE] = "0"
        return in_parts(load(folder / SAVED_MODEL, threads, OPERATIONS, OBJECTS), max(self.batches))

    def load_errors(self) -> tuple[type[Exception], ...]:
        """TensorFlow's."""
        return load_errors()


def check_built(saved_model: Path) -> None:
    """Check that each part of a network that TensorRT should compute has its engine among the SavedModel's files.

    Where one can't be built, TensorFlow logs a warning, saves none, or an empty file, and computes that part itself.

    Raises:
        RunError: naming the parts that have none, or that there is no such part.
    """
    wanted = {name.rpartition("/")[2] for name in nodes_of(saved_model, ENGINE)}
    files = {name: saved_model / "assets" / f"trt-serialized-engine.{name}" for name in wanted}
    lacking = sorted(name for name, file in files.items() if not file.is_file() or not file.stat().st_size)
    if wanted and not lacking:
        return
    raise RunError(
        f"TensorRT built no engine for {', '.join(lacking) or 'any part of the network'}: TensorFlow would compute it "
        "in float32. Its log says why: export again with TF_CPP_MIN_LOG_LEVEL=1 before the command. Was the GPU's "
        "memory short, free some, or name fewer and smaller batches"
    )


def without_tensorrt() -> str | None:
    """Return why TensorFlow can't use TensorRT, or None where it can.

    That `trt_convert` imports proves nothing. The order matters: `get_loaded_tensorrt_version` aborts the whole process
    where the library can't be opened, so the library is opened by ourselves first.
    """
    from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as trt

    if trt.get_linked_tensorrt_version() == (0, 0, 0) or not trt.is_tensorrt_enabled():
        return "this TensorFlow is built without TensorRT; take the wheel tensorflow==2.17.1"
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return (
            f"{LIBRARY} can't be opened; install TensorRT 8.6.1 (docs/engines.md), name its folder in LD_LIBRARY_PATH"
        )
    linked, loaded = trt.get_linked_tensorrt_version(), trt.get_loaded_tensorrt_version()
    return None if linked == loaded else f"TensorFlow wants TensorRT {linked}, {LIBRARY} is {loaded}"


def without_gpu() -> str | None:
    """Return that there's no GPU, or None where TensorFlow sees one."""
    import tensorflow as tf

    return None if tf.config.list_physical_devices("GPU") else "TF-TRT needs an NVIDIA GPU, and TensorFlow sees none"


@contextmanager
def _temporary_files() -> Iterator[None]:
    """Remove what is left in the temporary folder: `save` writes each engine there first, and leaves it."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = before


def _batches(images: np.ndarray, size: int) -> Iterator[list[np.ndarray]]:
    for first in range(0, len(images) - size + 1, size):
        yield [images[first : first + size]]
