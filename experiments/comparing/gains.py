"""Differences of shares: how they and their intervals are told, and what they decide."""

from emolab.evaluation.interval import Interval, ends


def points_text(gain: Interval) -> str:
    """Return a difference of shares in percentage points with its interval, such as "+1.8 (+0.2 to +3.4)", or none."""
    interval = "no interval" if (both := ends(gain)) is None else " to ".join(map(points, both))
    return f"{points(gain['value'])} ({interval})"


def verdict_of(gain: Interval) -> str:
    """Return "helps" or "hurts" where the whole interval of a gain says so, else "undecided"."""
    low, high = ends(gain) or (0.0, 0.0)
    return "helps" if low > 0 else "hurts" if high < 0 else "undecided"


def points(share: float) -> str:
    """Return a difference of shares in percentage points, such as "+1.8"."""
    return f"{share * 100:+.1f}"
