from collections.abc import Callable

import numpy as np

from emolab.engines.latency import TimingPlan, measure


class FakeClock:
    """Time that passes only when an engine works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def engine(self, *milliseconds: float) -> Callable[[np.ndarray], None]:
        """An engine whose calls take these times, the last one for ever, times the faces in the batch."""
        calls = iter(milliseconds[:-1])

        def call(images: np.ndarray) -> None:
            self.now += len(images) * next(calls, milliseconds[-1]) / 1000

        return call


IMAGES = np.zeros((3, 4, 4, 3), np.uint8)


def test_the_warm_up_is_reported_apart_and_never_among_the_calls() -> None:
    clock = FakeClock()
    plan = TimingPlan(calls=200, warm_up=5, block=20, settle=2, batches=(1,), rounds=1)
    latency = measure({"a": clock.engine(900, 50, 4)}, IMAGES, plan, clock)["a"]["latency_ms"]
    assert latency["warm_up"] == {"calls": 5, "first": 900.0, "mean": np.mean([900, 50, 4, 4, 4])}
    np.testing.assert_allclose([latency[key] for key in ("p50", "p95", "p99", "longest")], 4)
    assert latency["calls"] == sum(latency["histogram"]["counts"]) == 200


def test_a_slow_call_is_kept_and_shows_in_the_tail() -> None:
    clock = FakeClock()
    plan = TimingPlan(calls=200, warm_up=1, block=200, settle=0, batches=(1,), rounds=1)
    slow = [1.0] * 190 + [70_000.0] * 12
    latency = measure({"a": clock.engine(*slow, 1.0)}, IMAGES, plan, clock)["a"]["latency_ms"]
    np.testing.assert_allclose([latency["p50"], latency["p99"], latency["longest"]], [1, 70_000, 70_000])
    assert latency["histogram"]["counts"][-1] == 11  # beyond the last edge, one of them in the warm-up's place


def test_engines_take_turns() -> None:
    order: list[str] = []
    plan = TimingPlan(calls=6, warm_up=1, block=3, settle=1, batches=(2,), rounds=1)
    calls = {name: lambda images, name=name: order.append(f"{name}{len(images)}") for name in "ab"}
    measure(calls, IMAGES, plan)
    assert order == ["a1", "b1", *["a1"] * 4, *["b1"] * 4, *["a1"] * 4, *["b1"] * 4, "a2", "b2", "a2", "b2"]


def test_throughput_counts_faces_and_not_batches() -> None:
    clock = FakeClock()
    found = measure({"a": clock.engine(5.0)}, IMAGES, TimingPlan(calls=1, warm_up=1, batches=(1, 32)), clock)
    np.testing.assert_allclose([found["a"]["throughput"][size] for size in ("1", "32")], 200)
