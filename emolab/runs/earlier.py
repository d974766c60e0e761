"""What an evaluation before this one measured besides, kept while it still holds."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from emolab.errors import RunError
from emolab.evaluation.predictions import Predictions, load_predictions
from emolab.evaluation.report import NUMBERS, PREDICTIONS, Report
from emolab.files import read_json
from emolab.runs.robustness import robustness_picture


def with_earlier(report: Report, folder: Path) -> Report:
    """Return the report with the mirror images' accuracy and the damaged faces' that the one in `folder` has.

    They're measured on request, and take long. They hold where that report's predictions are this one's, bit for bit.

    Args:
        report: the new one.
        folder: of a report that it will replace, or none.
    """
    try:
        predictions, numbers = load_predictions(folder / PREDICTIONS), read_json(folder / NUMBERS)
    except (OSError, ValueError, RunError):  # there is none, or it is damaged: nothing to keep
        return report
    if not _same(predictions, report.predictions or {}):
        return report
    before = numbers["splits"]
    splits = {
        split: {**metrics, "flip_averaged": metrics["flip_averaged"] or before[split]["flip_averaged"]}
        for split, metrics in report.splits.items()
    }
    report = replace(report, splits=splits)
    curves = numbers.get("robustness")
    if report.robustness is not None or curves is None:
        return report
    picture = robustness_picture(curves, next(iter(splits)))
    return replace(report, robustness=curves, pictures=[*report.pictures, picture])


def _same(before: Mapping[str, Predictions], now: Mapping[str, Predictions]) -> bool:
    return before.keys() == now.keys() and all(np.array_equal(before[split].logits, now[split].logits) for split in now)
