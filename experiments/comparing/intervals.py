"""Intervals, and how they are told."""

from typing import Any

from emolab.evaluation.rows import interval

Interval = dict[str, Any]  # "value", "low", "high"; the last two are None where there is no interval


def share_text(found: Interval) -> str:
    """Return a share with its interval, such as "0.612 (0.596-0.628)", or that it has none."""
    return interval(found, to="-")


def points_text(found: Interval) -> str:
    """Return a difference of shares in percentage points with its interval, such as "+1.8 (+0.2 to +3.4)", or none."""
    if found["low"] is None:
        return f"{points(found['value'])} (no interval)"
    return f"{points(found['value'])} ({points(found['low'])} to {points(found['high'])})"


def verdict_of(gain: Interval) -> str:
    """Return "helps" or "hurts" where the whole interval of a gain says so, else "undecided"."""
    if gain["low"] is None:
        return "undecided"
    return "helps" if gain["low"] > 0 else "hurts" if gain["high"] < 0 else "undecided"


def points(share: float) -> str:
    """Return a difference of shares in percentage points, such as "+1.8"."""
    return f"{share * 100:+.1f}"
