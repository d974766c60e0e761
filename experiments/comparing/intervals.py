"""Intervals, and how they are told."""

from typing import Any

from emolab.evaluation.rows import interval

Interval = dict[str, Any]  # "value", "low", "high"; of a share, the last two are None where there is no interval


def share_text(found: Interval) -> str:
    """Return a share with its interval, such as "0.612 (0.596-0.628)", or that it has none."""
    return interval(found, to="-")


def points_text(found: Interval) -> str:
    """Return a difference of shares in percentage points with its interval, such as "+1.8 (+0.2 to +3.4)"."""
    return f"{points(found['value'])} ({points(found['low'])} to {points(found['high'])})"


def points(share: float) -> str:
    """Return a difference of shares in percentage points, such as "+1.8"."""
    return f"{share * 100:+.1f}"
