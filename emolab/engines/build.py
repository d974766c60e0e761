"""Building an engine from a run: its folder is whole or not there; built again only when it must be."""

import errno
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from emolab.data.crop import CROP_VERSION
from emolab.data.datamodule import DataModule
from emolab.data.prepared import PreparedData
from emolab.engines import manifest, registry
from emolab.engines.backends.base import Backend, Source
from emolab.engines.backends.saved_graph import check_graph
from emolab.engines.backends.tensorflow import SAVED_MODEL, TensorFlow
from emolab.engines.deployable import deployed
from emolab.engines.schema import EngineFacts
from emolab.engines.selection import engine_folder
from emolab.errors import RunError
from emolab.files import write_folder
from emolab.runs import RunRecord, environment
from emolab.runs.layout import clear_write_errors

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)  # what no other converter would do better
BUILD_VERSION = 3  # counted up when the same run gives another engine, so that those built before are built anew
Say = Callable[[str], None]


class Builder:
    """Builds the engines of one run.

    Every engine is made from the SavedModel, so the `tensorflow` engine is always built first.

    Args:
        record: the run.
        prepared: its data, of which int8 takes training images to find the ranges of values.
        network: the run's, uint8-range RGB (N, S, S, 3) -> logits (N, C).
        temperatures: of each class.
        calibration_images: how many training images int8 takes.
        say: told what is being done.
    """

    def __init__(
        self,
        record: RunRecord,
        prepared: PreparedData,
        network: Any,
        temperatures: Mapping[str, float],
        calibration_images: int = 300,
        say: Say = print,
    ) -> None:
        self.record, self.temperatures = record, {name: temperatures[name] for name in record.classes}
        self.network = deployed(network, self.temperatures)
        self._prepared, self._calibration_images, self.say = prepared, calibration_images, say

    def build(self, backend: Backend, precision: str) -> Path:
        """Return the engine's folder; one that was built from the same with the same is kept.

        Raises:
            RunError: if it can't be built, or not be written into the run's folder.
        """
        folder = engine_folder(self.record, backend.name, precision)
        recipe = self._recipe(backend, precision)
        if _is_built(folder, recipe["fingerprint"]):
            self.say(f"{folder.name}: built before")
            return folder
        self.say(f"{folder.name}: building")
        source = self._source(folder if isinstance(backend, TensorFlow) else self._base)
        with clear_write_errors(self.record.folder), write_folder(folder) as made:
            with _converting():
                found = backend.build(source, precision, made)
            manifest.write(made, {**recipe, **found})
        return folder

    def lacks(self, precision: str) -> str | None:
        """Return in one line what the data lack for this precision, or None where they have all it needs."""
        if precision != "int8" or len(self._prepared.rows("train")):
            return None
        return f"int8 needs training images, and {self._prepared.name} has none; precision=fp32 needs none"

    def is_current(self, facts: EngineFacts) -> bool:
        """Whether an engine with these facts (`engine.json`) is of the same as what would be built now."""
        try:
            one = registry.backend(facts.engine, facts.options)
        except RunError:  # of another emolab
            return False
        return bool(self._recipe(one, facts.precision)["fingerprint"] == facts.fingerprint)

    @cached_property
    def _base(self) -> Path:
        folder = self.build(TensorFlow(), "fp32")
        check_graph(folder / SAVED_MODEL)  # it may have come with the run, and converters load it
        return folder

    def _source(self, tensorflow: Path) -> Source:
        size = self.record.facts.image_size
        return Source(self.network, tensorflow / SAVED_MODEL, size, self._calibration)

    def _calibration(self) -> np.ndarray:
        """Training images, the classes in proportion: uint8 (n, S, S, 3)."""
        count = min(self._calibration_images, len(self._prepared.rows("train")))
        return DataModule(self._prepared, count, seed=0, train_images=count).train_batch(0)[0]

    def _recipe(self, backend: Backend, precision: str) -> dict[str, Any]:
        """What the engine is made from, and how: the beginning of its `engine.json`."""
        recipe = {
            "build_version": BUILD_VERSION,
            "engine": backend.name,
            "precision": precision,
            "run": self.record.id,
            "model": self.record.facts.model.name,
            "weights": self.record.best_weights_sha256,
            "data": {"name": self._prepared.name, "content": self._prepared.content},
            "classes": list(self.record.classes),
            "image_size": self.record.facts.image_size,
            "crop_version": CROP_VERSION,
            "temperatures": self.temperatures,
            "options": backend.options(),
            "calibration_images": self._calibration_images if precision == "int8" else 0,
            "versions": environment.versions(backend.packages),
        }
        hardware = manifest.this_hardware()
        bound = {**recipe, "gpus": hardware.gpus} if backend.bound_to_hardware else recipe
        return {**recipe, "fingerprint": _fingerprint(bound), "hardware": hardware.model_dump()}


@contextmanager
def _converting() -> Iterator[None]:
    """Let a converter that misses a library or a program of its own not pass for a folder that can't be written."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK:
            raise
        raise RuntimeError(f"the converter failed: {error}") from error


def _fingerprint(recipe: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


def _is_built(folder: Path, fingerprint: str) -> bool:
    try:
        return manifest.verified(folder).fingerprint == fingerprint
    except RunError:  # there's none, or it's damaged: it is built anew
        return False
