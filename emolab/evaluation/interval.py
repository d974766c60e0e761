"""A number with its 95 % interval: what it is, how resamples give it, and how it is told."""

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np

LEAST_GROUPS = 20  # of fewer a resample has so few different ones that its spread says nothing
_TAILS = (0.025, 0.975)  # between them lie 95 % of the resamples


class Interval(TypedDict):
    """A value and the ends of its 95 % interval, None where it has none."""

    value: float
    low: float | None
    high: float | None


def interval_of(value: float, drawn: np.ndarray, groups: int, least: float | None) -> Interval:
    """Return the interval between whose ends 95 % of the resamples lie.

    Fewer than `LEAST_GROUPS` groups have none. Nor can resamples that all say the same, as of an accuracy of 1, tell
    how sure it is. A mean over images still has an interval then: the greatest share of groups that stays unseen once
    in 40 times may be as bad, or as good, as an image can be. For an accuracy that is the interval of Clopper and
    Pearson (1934).

    Resamples of few groups spread too little: of 20 groups the interval of a mean is about 9 % too short, of 40 4 %.

    Args:
        value: of all images.
        drawn: float (resamples,), the value of each resample.
        groups: how many groups were resampled.
        least: what an image can be at worst, at best being 1; None if the value is no mean over images.
    """
    low, high = np.nanquantile(drawn, _TAILS)
    if low == high and least is not None:
        unseen = 1 - _TAILS[0] ** (1 / groups)
        low, high = value - unseen * (value - least), value + unseen * (1 - value)
    known = groups >= LEAST_GROUPS and low < high
    return {"value": value, "low": float(low) if known else None, "high": float(high) if known else None}


def ends(interval: Interval) -> tuple[float, float] | None:
    """Return both ends, or None where it has none."""
    low, high = interval["low"], interval["high"]
    return None if low is None or high is None else (low, high)


def number_text(value: float | None, digits: int = 3) -> str:
    """Return a value with so many digits; "none" for what can't be known, as the recall of a class without images."""
    return "none" if value is None else f"{value:.{digits}f}"


def interval_text(interval: Interval | Mapping[str, Any], to: str = " to ", digits: int = 3) -> str:
    """Return a value and its interval, such as "0.712 (0.697 to 0.727)", or that it has none."""
    value, low, high = (number_text(interval[key], digits) for key in ("value", "low", "high"))
    return f"{value} (no interval)" if interval["low"] is None else f"{value} ({low}{to}{high})"
