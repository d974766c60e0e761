"""Lines of progress: how much is done, and an estimate of the time left."""

import io
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from emolab import progress
from emolab.progress import track


def test_the_estimate_leaves_out_what_starting_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now))

    def slow_to_start() -> Iterator[list[int]]:
        nonlocal now
        for number, seconds in enumerate((30.0, 1.0, 2.0, 3.0)):
            now += seconds
            yield [number]

    said = io.StringIO()
    assert list(track(slow_to_start(), 100, "working", said, every=0.0)) == [0, 1, 2, 3]
    assert said.getvalue().splitlines() == [
        "working: 1 of 100",  # nothing is known yet
        "working: 2 of 100, about 98 s left",
        "working: 3 of 100, about 146 s left",
        "working: 4 of 100, about 192 s left",
    ]


def test_nothing_is_said_of_what_is_done_soon() -> None:
    said = io.StringIO()
    assert list(track([[1, 2], [3]], 3, "working", said)) == [1, 2, 3]
    assert said.getvalue() == ""
