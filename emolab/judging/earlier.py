"""What an evaluation before this one measured besides, on request and at length, while it still holds."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel, FiniteFloat

from emolab.errors import RunError
from emolab.evaluation.corruptions import CORRUPTIONS
from emolab.evaluation.predictions import Predictions, load_predictions, same_images
from emolab.evaluation.report import MIRRORED, NUMBERS, PREDICTIONS
from emolab.files import read_json
from emolab.judging.robustness import Curve


class _Point(BaseModel):
    level: FiniteFloat
    intact: FiniteFloat
    value: FiniteFloat
    low: FiniteFloat | None
    high: FiniteFloat | None


class _Numbers(BaseModel):
    """What is kept of a `metrics.json`, which may be damaged."""

    robustness: dict[str, list[_Point]] | None = None


def has_test(folder: Path) -> bool:
    """Whether the report in a folder, if there is one that can be read, has predictions of the test images."""
    return "test" in _predictions(folder / PREDICTIONS)


def mirrored_before(folder: Path, now: Mapping[str, Predictions]) -> dict[str, Predictions]:
    """Return what was said about the mirror images of each split where the report's predictions are those of now.

    Args:
        folder: of a report that will be replaced, or of none.
        now: the predictions of each split.
    """
    before = _predictions(folder / MIRRORED)
    kept = [split for split in _unchanged(folder, now) if split in before and same_images(before[split], now[split])]
    return {split: before[split] for split in kept}


def curves_before(folder: Path, now: Mapping[str, Predictions]) -> dict[str, Curve] | None:
    """Return the accuracy on damaged faces of the first split, if the report's predictions of it are those of now.

    Args:
        folder: of a report that will be replaced, or of none.
        now: the predictions of each split.
    """
    if next(iter(now)) not in _unchanged(folder, now):
        return None
    try:
        numbers = _Numbers.model_validate(read_json(folder / NUMBERS), strict=True).model_dump()
    except (OSError, ValueError, RecursionError):  # none, damaged or of another shape
        return None
    curves = (numbers["robustness"] or {}).items()
    drawable = {name: curve for name, curve in curves if name in CORRUPTIONS and any(at["intact"] for at in curve)}
    return drawable or None


def _unchanged(folder: Path, now: Mapping[str, Predictions]) -> list[str]:
    """The splits of which the report's predictions are those of now, bit for bit."""
    before = _predictions(folder / PREDICTIONS)
    return [split for split in now if split in before and np.array_equal(before[split].logits, now[split].logits)]


def _predictions(path: Path) -> dict[str, Predictions]:
    try:
        return load_predictions(path)
    except RunError:  # none, or damaged
        return {}
