"""Times of stages, as percentiles."""

from collections import deque
from collections.abc import Mapping

import numpy as np
from rich.box import SIMPLE
from rich.table import Table

KEPT = 100_000  # times a stage; at 30 frames a second nearly an hour
WHOLE = "whole"


class Timings:
    """Collects the seconds of each stage of each frame.

    Args:
        budget: seconds that a whole frame may take.
    """

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.frames = 0
        self._seconds: dict[str, deque[float]] = {}

    def add(self, seconds: Mapping[str, float]) -> None:
        """Note the stages of one frame, and their sum."""
        for stage, value in {**seconds, WHOLE: sum(seconds.values())}.items():
            self._seconds.setdefault(stage, deque(maxlen=KEPT)).append(value)
        self.frames += 1

    def percentiles(self) -> dict[str, dict[str, float]]:
        """Return stage -> {"p50", "p95", "p99"} in milliseconds, of the last `KEPT` frames."""
        return {
            stage: dict(zip(("p50", "p95", "p99"), np.percentile(values, (50, 95, 99)) * 1e3, strict=True))
            for stage, values in self._seconds.items()
        }

    def share_in_budget(self) -> float:
        """Return the share of frames whose whole was within the budget: 0 to 1; 1 without frames."""
        whole = self._seconds.get(WHOLE)
        return float(np.mean(np.asarray(whole) <= self.budget)) if whole else 1.0

    def table(self) -> Table:
        """Return a table for the terminal: a row a stage."""
        table = Table(box=SIMPLE, pad_edge=False)
        for heading in ("ms a frame", "p50", "p95", "p99"):
            table.add_column(heading, justify="left" if heading == "ms a frame" else "right")
        for stage, row in self.percentiles().items():
            table.add_row(stage, *(f"{value:.1f}" for value in row.values()))
        return table
