"""Lines of progress: how much is done, and an estimate of the time left."""

import io
import time
from collections.abc import Iterator

from emolab.progress import track


def _slow_to_start() -> Iterator[list[int]]:
    time.sleep(0.3)
    yield [0]
    for number in range(1, 4):
        yield [number]


def test_the_estimate_leaves_out_what_starting_took() -> None:
    said = io.StringIO()
    assert list(track(_slow_to_start(), 100_000, "working", said, every=0.0)) == [0, 1, 2, 3]
    first, *others = said.getvalue().splitlines()
    assert first == "working: 1 of 100000"  # nothing is known yet
    assert len(others) == 3
    left = [int(line.split("about ")[1].split(" s left")[0]) for line in others]
    assert max(left) < 0.3 * 99_999  # seconds, were each to take as long as the start
    assert others[-1].startswith("working: 4 of 100000, about ")


def test_nothing_is_said_of_what_is_done_soon() -> None:
    said = io.StringIO()
    assert list(track([[1, 2], [3]], 3, "working", said)) == [1, 2, 3]
    assert said.getvalue() == ""
