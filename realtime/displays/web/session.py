"""What all connections of the page's server have been shown, and when that's enough."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from realtime.loop import Stop
from realtime.timings import Timings


class Session:
    """Times every frame whose faces are named, whoever sees it; used from the server's own thread alone.

    Args:
        budget_ms: milliseconds that a frame may take.
        stop: when the server ends by itself.
    """

    def __init__(self, budget_ms: float, stop: Stop | None = None) -> None:
        self.budget_ms = budget_ms
        self.timings = Timings(budget_ms / 1e3)
        self._stop = stop or Stop()
        self._enough = asyncio.Event()

    def add(self, seconds: Mapping[str, float]) -> None:
        """Note the stages of one frame."""
        self.timings.add(seconds)
        if self._stop.frames is not None and self.timings.frames >= self._stop.frames:
            self._enough.set()

    async def over(self) -> None:
        """Wait until it's enough; without an end of its own for ever."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._enough.wait(), self._stop.seconds)
