"""A camera that fails in every way, and what becomes of the viewer's loop."""

import argparse
import itertools
import time
from typing import Any

import numpy as np
import psutil

from live.frames import demo_frames
from live.measured import classifier
from realtime.capture import Capture
from realtime.detectors.yunet import YuNet
from realtime.frame import FrameStep
from realtime.sources.source import SourceError


class Faulty:
    """A live camera that sees emolab's own video, with a fault every 20 seconds: unplugged, frozen, hanging in turn."""

    live = True
    faces_user = False
    rate = None
    patience = None
    file = ""
    description = "faulty camera"
    every = 600  # frames
    faults = itertools.cycle(("unplugged", "frozen", "hanging"))

    def __init__(self) -> None:
        self._frames = (image for _, image in demo_frames())
        self._number = 0
        self._fault = ""
        self._last = next(self._frames)

    def open(self) -> None:
        """Nothing to open."""

    def read(self) -> tuple[np.ndarray, None]:
        """Return the next frame 33 ms later, or fail."""
        time.sleep(1 / 30)
        self._number += 1
        if self._number == self.every:
            self._fault = next(self.faults)
        if self._fault == "unplugged":
            raise SourceError("unplugged")
        if self._fault == "hanging":
            time.sleep(20)
        if self._fault != "frozen":
            self._last = next(self._frames)
        return self._last.copy(), None

    def close(self) -> None:
        """Nothing to close."""


def faults(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return memory, frames and recoveries of a loop over `Faulty`."""
    step = FrameStep(YuNet(arguments.detector), classifier(arguments))
    process = psutil.Process()
    memory: list[float] = []
    longest, shown, last = 0.0, 0, time.monotonic()
    with Capture(Faulty) as capture:
        end = time.monotonic() + arguments.seconds
        while time.monotonic() < end:
            got = capture.next(0.1)
            now = time.monotonic()
            if got is not None:
                step(got.image, got.at)
                longest, last, shown = max(longest, now - last), now, shown + 1
            if not memory or now - (end - arguments.seconds) > 10 * len(memory):
                memory.append(round(process.memory_info().rss / 2**20, 1))
        began = time.monotonic()
        capture.close()
    return {
        "seconds": arguments.seconds,
        "frames_shown": shown,
        **{name: getattr(capture.counts, name) for name in ("read", "dropped", "faults", "recoveries")},
        "longest_gap_seconds": round(longest, 2),
        "closing_seconds": round(time.monotonic() - began, 2),
        "memory_mib_every_10_s": memory,
    }
