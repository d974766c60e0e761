"""The curve of one value in a run's metrics."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any


def curve(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[int, float]]:
    """Return epoch (from 1) and value of the rows in which `name` is a finite number; others can't be drawn.

    Args:
        rows: as in `metrics.jsonl`, which may have come from anywhere: with "epoch", from 0.
        name: of the value.
    """
    return [(row["epoch"] + 1, row[name]) for row in rows if _is_finite(row["epoch"]) and _is_finite(row.get(name))]


def _is_finite(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= sys.float_info.max  # JSON's whole numbers may be larger; NaN is never less
