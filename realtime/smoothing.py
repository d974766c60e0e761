"""What a face shows, steadied in time. Pure functions.

Smoothing goes by seconds and not by frames, so that a slow machine shows the same labels as a fast one.
"""

import math

import numpy as np

UNCERTAIN = -1


def smooth(before: np.ndarray, now: np.ndarray, seconds: float, time_constant: float) -> np.ndarray:
    """Return the exponential average of two distributions: float32 (C,), sums to 1 if they do.

    Args:
        before: the average so far (C,).
        now: what was just seen (C,).
        seconds: since `before`; 0 or more.
        time_constant: seconds after which a past value weighs 1/e; 0: nothing is smoothed.
    """
    kept = math.exp(-max(seconds, 0.0) / time_constant) if time_constant > 0 else 0.0
    return (kept * before + (1.0 - kept) * now).astype(np.float32)


def decide(probabilities: np.ndarray, shown: int | None, threshold: float, hysteresis: float) -> int:
    """Return the class to show, or `UNCERTAIN`.

    What is shown stays until another is more probable by `hysteresis`, so that labels don't flicker. A class is
    shown from `threshold` on, and once shown until it falls `hysteresis` below it.

    Args:
        probabilities: (C,).
        shown: the class that is shown, `UNCERTAIN`, or None for a new face.
        threshold: 0 to 1.
        hysteresis: 0 to 1.
    """
    best = int(np.argmax(probabilities))
    named = shown is not None and shown != UNCERTAIN
    if shown is not None and named and probabilities[best] - probabilities[shown] < hysteresis:
        best = shown
    needed = threshold - hysteresis if best == shown else threshold
    return best if probabilities[best] >= needed else UNCERTAIN
