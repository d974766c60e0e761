"""An engine, loaded: uint8 faces in, probabilities out."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emolab.engines import manifest
from emolab.engines.backends.base import Backend
from emolab.engines.registry import backend
from emolab.engines.schema import EngineFacts
from emolab.errors import RunError, one_line
from emolab.processor import usable_cores

if TYPE_CHECKING:
    from emolab.runs import RunRecord

log = logging.getLogger(__name__)

ToProbabilities = Callable[[np.ndarray], np.ndarray]  # a judge's `Classify` returns logits


@dataclass(frozen=True)
class Engine:
    """A run's network, ready to be called.

    Attributes:
        name: of the engine, such as "openvino".
        precision: "fp32", "fp16", "bf16" or "int8".
        classes: C names in the order of the probabilities.
        image_size: S, the side of a face in pixels.
        facts: `engine.json`.
        classify: uint8 (N, S, S, 3) -> float32 (N, C).
    """

    name: str
    precision: str
    classes: tuple[str, ...]
    image_size: int
    facts: EngineFacts
    classify: ToProbabilities

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return the probabilities, after temperature scaling, of some faces: float32 (N, C), rows sum to 1.

        Args:
            images: uint8 RGB (N, S, S, 3) as `emolab.data.crop` makes them; N may be 0.

        Raises:
            ValueError: if the images have another type or shape.
        """
        check_faces(images, self.image_size)
        if not len(images):
            return np.zeros((0, len(self.classes)), np.float32)
        return self.classify(np.ascontiguousarray(images))


def check_faces(images: np.ndarray, size: int) -> None:
    """Check that these are what an engine takes: TensorFlow would make black faces of pixels from 0 to 1.

    Raises:
        ValueError: if they aren't uint8 (N, size, size, 3).
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (size, size, 3):
        raise ValueError(f"this engine takes uint8 (N, {size}, {size}, 3); got {images.dtype} {images.shape}")


def load_engine(folder: Path, threads: int | None = None, run: "RunRecord | None" = None) -> Engine:
    """Load the engine in `folder` after comparing its checksums, and let it name one black face.

    Args:
        folder: such as `runs/<name>/<id>/engines/openvino-int8`.
        threads: processor threads it may use; None: every core that this process may use.
        run: refuse the engine if its classes, weights or temperatures aren't those that this run has now.

    Raises:
        RunError: if it's damaged, incomplete, none that its runtime can use or not of the run as it is, or it can't run
            on this machine.
    """
    folder = Path(folder)
    facts = manifest.verified(folder)
    outdated = None if run is None else manifest.problem_with_run(facts, run)
    if outdated is not None:
        raise RunError(f"the engine {folder} isn't of the run as it is: {outdated}. Export it again")
    chosen = backend(facts.engine, facts.options)
    problem = problem_here(facts)
    if problem is not None:
        raise RunError(f"the engine {folder} can't run here: {problem}")
    note = manifest.note_on_hardware(facts.hardware)
    if note is not None:
        log.warning("the engine %s: %s", folder, note)
    classes, size = tuple(facts.classes), facts.image_size
    classify = _tried(chosen, folder, facts.precision, threads or usable_cores(), (size, len(classes)))
    return Engine(facts.engine, facts.precision, classes, size, facts, classify)


def problem_here(facts: EngineFacts) -> str | None:
    """Return in one line why this machine can't run an engine with these facts, or None where it can."""
    try:
        kind = backend(facts.engine, facts.options)
    except RunError as error:  # of another emolab
        return one_line(error)
    return manifest.problem_with_hardware(facts.hardware, kind.bound_to_hardware) or kind.why_not_run(facts.precision)


def _tried(chosen: Backend, folder: Path, precision: str, threads: int, expected: tuple[int, int]) -> ToProbabilities:
    """Load what the digests hold for whole, which may be another network all the same, or what no runtime can read.

    Args:
        chosen: the backend.
        folder: of the engine.
        precision: of its numbers.
        threads: processor threads it may use.
        expected: side of a face in pixels, and number of classes.
    """
    size, classes = expected
    again = "Delete the engine's folder and export it again"
    try:
        classify = chosen.load(folder, precision, threads)
        found = classify(np.zeros((1, size, size, 3), np.uint8))
    except chosen.load_errors() as error:
        raise RunError(f"the engine {folder} can't be used by {chosen.name}: {one_line(error)}. {again}") from error
    if found.shape != (1, classes):
        raise RunError(f"the engine {folder} gives {found.shape} for a face; expected (1, {classes}). {again}")
    return classify
