"""What an evaluation before this one measured besides, kept while it still holds."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, FiniteFloat

from emolab.errors import RunError
from emolab.evaluation.corruptions import CORRUPTIONS
from emolab.evaluation.predictions import Predictions, load_predictions, same_images
from emolab.evaluation.report import MIRRORED, NUMBERS, PREDICTIONS, Report
from emolab.files import read_json
from emolab.runs.robustness import robustness_picture


class _Interval(BaseModel):
    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat


class _Point(_Interval):
    level: FiniteFloat
    intact: FiniteFloat


class _Flipped(BaseModel):
    n: int
    accuracy: _Interval


class _Split(BaseModel):
    flip_averaged: _Flipped | None = None


class _Numbers(BaseModel):
    """What is kept of a `metrics.json`; an older emolab may have written it otherwise."""

    splits: dict[str, _Split]
    robustness: dict[str, list[_Point]] | None = None


def with_earlier(report: Report, folder: Path) -> Report:
    """Return the report with what the one in `folder` has of mirror images and of damaged faces.

    They're measured on request, and take long. They hold for each split where that report's predictions are this one's,
    bit for bit; those of damaged faces belong to the first of its splits.

    Args:
        report: the new one.
        folder: of a report that it will replace, or none.
    """
    try:
        predictions, numbers = load_predictions(folder / PREDICTIONS), _numbers(folder / NUMBERS)
    except (OSError, ValueError, RecursionError, RunError):  # none, damaged or of another shape: nothing to keep
        return report
    same = _same(predictions, report.predictions or {})
    if not same:
        return report
    mirrored = report.mirrored or _mirrored(folder, same) or {}
    before = {split: found for split, found in numbers["splits"].items() if split in mirrored}
    splits = {
        split: {**metrics, "flip_averaged": metrics["flip_averaged"] or before.get(split, {}).get("flip_averaged")}
        for split, metrics in report.splits.items()
    }
    report = replace(report, splits=splits, mirrored=mirrored or None)
    curves = {
        name: curve
        for name, curve in (numbers["robustness"] or {}).items()
        if name in CORRUPTIONS and any(point["intact"] for point in curve)
    }
    damaged = next(iter(predictions))
    if report.robustness is not None or not curves or damaged not in same:
        return report
    picture = robustness_picture(curves, damaged)
    return replace(report, robustness=curves, pictures=[*report.pictures, picture])


def _mirrored(folder: Path, predictions: Mapping[str, Predictions]) -> dict[str, Predictions] | None:
    """What that report's network said about the mirror images of these splits, where it's there and whole."""
    try:
        found = load_predictions(folder / MIRRORED)
    except RunError:
        return None
    fits = [split for split, one in predictions.items() if split in found and same_images(found[split], one)]
    return {split: found[split] for split in fits} or None


def _numbers(path: Path) -> dict[str, Any]:
    return _Numbers.model_validate(read_json(path), strict=True).model_dump()


def _same(before: Mapping[str, Predictions], now: Mapping[str, Predictions]) -> dict[str, Predictions]:
    """The predictions of those splits for which both say the same."""
    both = [split for split in now if split in before]
    return {split: now[split] for split in both if np.array_equal(before[split].logits, now[split].logits)}
