"""A trained run from Python: `emolab.load("best").predict("face.jpg")`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emolab.data.crop import SquareBox, crop_and_resize
from emolab.data.image import UnusableImageError, read_image
from emolab.engines import Engine, load_engine
from emolab.engines.gates import why_not_used
from emolab.engines.network import NetworkClassifier
from emolab.engines.selection import usable_engine
from emolab.errors import DataError, RunError
from emolab.runs import RunRecord
from emolab.runs.select import told_run


@dataclass(frozen=True)
class Recogniser:
    """Names the expression that people who labelled such photographs would have named.

    Attributes:
        run: whose weights these are.
        engine: what computes: an engine of the run, or its network in TensorFlow.
    """

    run: RunRecord
    engine: Engine | NetworkClassifier

    @property
    def classes(self) -> tuple[str, ...]:
        """C names in the order of the probabilities."""
        return self.engine.classes

    @property
    def image_size(self) -> int:
        """S, the side of a face in pixels."""
        return self.engine.image_size

    def predict(
        self, photograph: str | Path | np.ndarray, box: SquareBox | tuple[int, int, int] | None = None
    ) -> dict[str, float]:
        """Return the probability of each class, calibrated; they sum to 1.

        Args:
            photograph: a file, or uint8 RGB (H, W, 3).
            box: the square with the face in pixels (left, top, side), as `emolab.data.crop.square_box` makes it of a
                detector's; None: the middle square, as in training.

        Raises:
            DataError: if the file is no photograph, or can't be read.
            ValueError: if an array has another type or shape, or the box lies outside the photograph.
        """
        square = None if box is None else SquareBox(*box)
        pixels = photograph if isinstance(photograph, np.ndarray) else self._read(Path(photograph), square is not None)
        face = crop_and_resize(pixels, square, self.image_size)
        return dict(zip(self.classes, map(float, self(face[None])[0]), strict=True))

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities, float32 (N, C), of uint8 RGB faces (N, S, S, 3), many at a time.

        Raises:
            ValueError: if the faces have another type or shape.
        """
        return self.engine(faces)

    def _read(self, path: Path, whole: bool) -> np.ndarray:
        # How much of a JPEG is decoded depends on the size that is needed, and a box is in pixels of the whole.
        try:
            return read_image(path, at_least=None if whole else self.image_size)
        except UnusableImageError as error:
            raise DataError(f"{path}: {error}. Give a photograph that other programs can open") from error


def load(
    ckpt: str | Path = "best",
    runs: str | Path = "runs",
    where: Mapping[str, Any] | None = None,
    threads: int | None = None,
    trusted_modules: Sequence[str] = (),
) -> Recogniser:
    """Return a trained run, ready to name faces: by its engine where an export selected one, else by its network.

    It prints which run that is, why, and what names the faces.

    Args:
        ckpt: "best", "last", a run's id or folder, or an artifact of W&B, as the commands take it.
        runs: folder of all runs.
        where: narrows "best" and "last", such as {"model": "vgg19", "data": "kaggle"}.
        threads: processor threads of an engine; None: every core.
        trusted_modules: modules of your own that the run's network may name.

    Raises:
        RunError: if nothing fits (the message lists what exists), or the run or its engine can't be used.

    Example:
        emolab.load("best", where={"data": "demo"}).predict("face.jpg")["happy"]
    """
    run = told_run(ckpt, Path(runs), where)
    folder = usable_engine(run)
    if folder is None:
        print(f"recogniser: {NetworkClassifier.name}")
        return Recogniser(run, NetworkClassifier(run, tuple(trusted_modules)))
    engine = load_engine(folder, threads, run)
    problem = why_not_used(engine.facts)
    if problem is not None:
        raise RunError(f"the engine {folder} {problem}. Export again: python -m emolab.export ckpt={run.id}")
    print(f"recogniser: {engine.name} {engine.precision}")
    return Recogniser(run, engine)
