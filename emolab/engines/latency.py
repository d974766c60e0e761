"""How long one face takes, and how many faces a second: all engines in turns, so that noise hits all alike."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

Call = Callable[[np.ndarray], Any]
Clock = Callable[[], float]
Name = TypeVar("Name", bound=Hashable)

# Of the histogram, in milliseconds: ten a decade, the same for every engine, so that histograms can be compared.
EDGES = np.round(10 ** np.arange(-1.5, 4.01, 0.1), 4)


@dataclass(frozen=True)
class TimingPlan:
    """How much is measured.

    Attributes:
        calls: timed calls of one face, each engine; at least 200 for a p99 that means something.
        warm_up: calls before, reported apart.
        block: timed calls of one engine before the next one's turn.
        settle: calls at the beginning of each turn that aren't counted: the engine before left the caches its own.
        batches: faces at a time for the throughput.
        rounds: repetitions of each batch; the median counts.
    """

    calls: int = 200
    warm_up: int = 20
    block: int = 20
    settle: int = 2
    batches: Sequence[int] = (1, 8, 32, 128)
    rounds: int = 3


def measure(
    engines: Mapping[Name, Call], images: np.ndarray, plan: TimingPlan, clock: Clock = time.perf_counter
) -> dict[Name, dict[str, Any]]:
    """Return for each engine "latency_ms" and "throughput".

    Args:
        engines: functions of uint8 (N, S, S, 3), by name.
        images: faces to show them, uint8 (n, S, S, 3); repeated where there are too few.
        plan: how much is measured.
        clock: seconds.
    """
    faces = _Faces(images)
    warm = {name: _timed(call, faces.batches(1, plan.warm_up), clock) for name, call in engines.items()}
    single: dict[Name, list[float]] = {name: [] for name in engines}
    while min(map(len, single.values()), default=plan.calls) < plan.calls:
        for name, call in engines.items():
            _timed(call, faces.batches(1, plan.settle), clock)
            single[name] += _timed(call, faces.batches(1, min(plan.block, plan.calls - len(single[name]))), clock)
    speed = _throughput(engines, faces, plan, clock)
    return {name: {"latency_ms": _summary(single[name], warm[name]), "throughput": speed[name]} for name in engines}


class _Faces:
    """Faces without end, a different one each time."""

    def __init__(self, images: np.ndarray) -> None:
        self._images, self._at = np.ascontiguousarray(images), 0

    def batches(self, size: int, count: int) -> list[np.ndarray]:
        return [self._batch(size) for _ in range(count)]

    def _batch(self, size: int) -> np.ndarray:
        rows = (self._at + np.arange(size)) % len(self._images)
        self._at += size
        return self._images[rows]


def _timed(call: Call, batches: list[np.ndarray], clock: Clock) -> list[float]:
    """Milliseconds of each call."""
    spent = []
    for batch in batches:
        began = clock()
        call(batch)
        spent.append((clock() - began) * 1000)
    return spent


def _summary(single: list[float], warm_up: list[float]) -> dict[str, Any]:
    p50, p95, p99 = np.percentile(single, [50, 95, 99])
    counts, _ = np.histogram(np.clip(single, EDGES[0], EDGES[-1]), EDGES)
    return {
        "p50": float(p50),
        "p95": float(p95),
        "p99": float(p99),
        "longest": max(single),
        "calls": len(single),
        "warm_up": {"calls": len(warm_up), "first": warm_up[0], "mean": float(np.mean(warm_up))},
        "histogram": {"edges": EDGES.tolist(), "counts": counts.tolist()},
    }


def _throughput(
    engines: Mapping[Name, Call], faces: _Faces, plan: TimingPlan, clock: Clock
) -> dict[Name, dict[str, float]]:
    """Faces a second by batch size: the median over the rounds, of which one more comes first, uncounted."""
    found: dict[Name, dict[str, float]] = {name: {} for name in engines}
    for size in plan.batches:
        spent: dict[Name, list[float]] = {name: [] for name in engines}
        for _ in range(plan.rounds + 1):
            for name, call in engines.items():
                spent[name] += _timed(call, faces.batches(size, 1), clock)
        for name in engines:
            found[name][str(size)] = size * 1000 / float(np.median(spent[name][1:]))
    return found
