"""What is wrong with a stream of frames. It looks at frames and times only, so that tests are exact."""

import zlib
from dataclasses import dataclass, replace

import numpy as np

STEP = 16  # every 16th pixel each way is looked at: enough to see a change, cheap in large frames
MARGIN = 1.0  # seconds that a source that gives up by itself is late at most, before it hangs
STEADIER = 1.125  # so that a rate that wavers around the limit isn't slow and quick by turns
DARKEST = 12  # of 255: a covered lens; a dark room still has brighter pixels


@dataclass(frozen=True)
class FaultLimits:
    """When something is wrong.

    Attributes:
        opening: seconds that opening may take, then it hangs; some cameras need ten on Windows.
        silent: seconds that a frame may take, then the source hangs.
        frozen: seconds of the very same live frame; a lens's noise makes every two differ.
        black: seconds of black.
        slow: frames a second; it's over from `STEADIER` times as many.
    """

    opening: float = 15.0
    silent: float = 3.0
    frozen: float = 3.0
    black: float = 1.0
    slow: float = 8.0

    def patient(self, seconds: float | None) -> "FaultLimits":
        """Return limits that a source whose own are `seconds` reaches before it's said to hang; None: it has none."""
        least = 0.0 if seconds is None else seconds + MARGIN
        return replace(self, opening=max(self.opening, least), silent=max(self.silent, least))


class Health:
    """Follows the frames of one source.

    Args:
        live: whether anything can be a fault: a file is as it was made.
        limits: when something is wrong.
    """

    def __init__(self, live: bool, limits: FaultLimits) -> None:
        self._live = live
        self._limits = limits
        self._digest = 0
        self._changed: float | None = None
        self._lit: float | None = None
        self._last: float | None = None
        self._between = 0.0  # seconds, smoothed: one late frame makes no slow camera
        self._is_slow = False

    def observe(self, image: np.ndarray, at: float) -> None:
        """Look at a frame (uint8 (H, W, 3)) that came at `at` (seconds)."""
        sample = image[::STEP, ::STEP]
        digest = zlib.crc32(sample.tobytes())
        is_lit = int(sample.max()) > DARKEST
        if digest != self._digest or self._changed is None or not is_lit:  # black has a warning of its own
            self._digest, self._changed = digest, at
        if self._lit is None or is_lit:
            self._lit = at
        if self._last is not None:
            self._between = 0.9 * self._between + 0.1 * (at - self._last)
            least = self._limits.slow * (STEADIER if self._is_slow else 1.0)
            self._is_slow = self._between > 1.0 / least
        self._last = at

    def is_frozen(self) -> bool:
        """Whether a live source has given the same frame for too long."""
        if not self._live or self._changed is None or self._last is None:
            return False
        return self._last - self._changed >= self._limits.frozen

    def warning(self) -> str | None:
        """Return what is wrong with a live source's frames that do come, or None.

        The sentence stays the same as long as that does: it's printed, and read out, whenever it changes.
        """
        if not self._live or self._last is None or self._lit is None:
            return None
        if self._last - self._lit >= self._limits.black:
            return "the picture is black: is the lens covered?"
        return "the camera is slow: more light helps most webcams" if self._is_slow else None


class Pauses:
    """How long to wait before the next attempt: twice as long each time.

    Args:
        first: seconds.
        longest: seconds.
    """

    def __init__(self, first: float = 0.5, longest: float = 15.0) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def next(self) -> float:
        """Return the seconds to wait now."""
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause

    def reset(self) -> None:
        """Begin again with the shortest: it worked."""
        self._next = self._first
