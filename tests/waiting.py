"""Waiting for what other processes and threads do, never without a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

Answer = TypeVar("Answer")


def within(seconds: float, condition: Callable[[], Answer], pause: float = 0.05) -> Answer:
    """Ask again and again until it's so, at most so many seconds long; return what was answered last."""
    end = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < end:
        time.sleep(pause)
    return answer


def wait_for(condition: Callable[[], Answer], seconds: float = 300.0, pause: float = 0.05) -> Answer:
    """Return what the condition answers as soon as it's so; after so many seconds the test fails where it waits."""
    __tracebackhide__ = True  # so that pytest shows the line that says what was waited for
    answer = within(seconds, condition, pause)
    if not answer:
        pytest.fail(f"waited {seconds:g} seconds in vain; the last answer was {answer!r}")
    return answer
