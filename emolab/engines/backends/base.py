"""What an engine's backend has to say and do."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict

from emolab.errors import first_line


@dataclass(frozen=True)
class Source:
    """What every engine is built from.

    Attributes:
        network: Keras model, uint8 (N, S, S, 3) -> probabilities float32 (N, C).
        saved_model: the same as a SavedModel; its signature "serving_default" takes `images`.
        image_size: S in pixels.
        calibration: training images for int8, uint8 (n, S, S, 3); called only where they are needed.
    """

    network: Any
    saved_model: Path
    image_size: int
    calibration: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Backend:
    """One kind of engine. The fields of a subclass are its options, kept in `engine.json`.

    Attributes:
        name: of the engine.
        extra: of pyproject.toml, which installs what it needs.
        modules: what it imports to run; `builders`: what else it imports to be built.
        packages: whose versions decide what is built.
        bound_to_hardware: whether what is built runs only on the kind of GPU that built it.
        asks_tensorflow: whether `machine_lacks` imports TensorFlow.
        known: the precisions it can be built in.
    """

    __pydantic_config__: ClassVar = ConfigDict(strict=True, extra="forbid")  # of options, which may be a stranger's

    name: ClassVar[str]
    extra: ClassVar[str | None] = None
    modules: ClassVar[tuple[str, ...]] = ()
    builders: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()
    bound_to_hardware: ClassVar[bool] = False
    asks_tensorflow: ClassVar[bool] = False
    known: ClassVar[tuple[str, ...]] = ("fp32",)

    def available(self, precision: str) -> str | None:
        """Return in one line why this machine can't build and run it, or None where it can."""
        return self.why_not_built(precision) or self.why_not_run(precision)

    def why_not_built(self, precision: str) -> str | None:
        """Return why it can't be built here as far as that shows without importing anything slow."""
        if precision not in self.known:
            return f"{self.name} has no precision {precision}; it has {', '.join(self.known)}"
        return self._missing((*self.modules, *self.builders))

    def why_not_run(self, precision: str) -> str | None:
        """Return in one line why this machine can't run it once it's built, or None where it can."""
        try:
            return self._missing(self.modules) or self.machine_lacks(precision)
        except (ImportError, OSError) as error:  # such as a library of the system's that is missing
            return f"{self.name} is installed, but can't be imported: {first_line(error)}"

    def machine_lacks(self, precision: str) -> str | None:
        """Return what besides packages is missing, such as a GPU; asked only where the packages are there."""
        return None

    def options(self) -> dict[str, Any]:
        """Return the options that decide what it is, for `engine.json`."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    def build(self, source: Source, precision: str, folder: Path) -> dict[str, Any]:
        """Write the engine's files into `folder`; return what else `engine.json` should say."""
        raise NotImplementedError(f"{type(self).__name__} needs build")

    def load(self, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function from uint8 (N, S, S, 3) to probabilities float32 (N, C)."""
        raise NotImplementedError(f"{type(self).__name__} needs load")

    def load_errors(self) -> tuple[type[Exception], ...]:
        """Return what `load`, and the function that it gives, raise where the files are none that the runtime can use.

        Asked only once `load` has imported what it needs.
        """
        return ()

    def _missing(self, modules: Sequence[str]) -> str | None:
        gone = [module for module in modules if find_spec(module.partition(".")[0]) is None]
        if not gone:
            return None
        return f"{', '.join(gone)} isn't installed: pip install -e '.[{self.extra}]' -c constraints/main.txt"


def in_parts(classify: Callable[[np.ndarray], np.ndarray], most: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return `classify` for batches of any size, of which it's given at most so many images at a time."""

    def parts(images: np.ndarray) -> np.ndarray:
        return np.concatenate([classify(images[first : first + most]) for first in range(0, len(images), most)])

    return parts
