"""What the measurements share: where results go, emolab's own video, and which recogniser is measured."""

import argparse
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import emolab.data
from emolab.runs import resolve
from realtime.frame import Classifier
from realtime.recogniser import recogniser
from realtime.sources.opencv import Video
from realtime.sources.source import SourceEnded

VIDEO = Path(emolab.data.__file__).parent / "demo" / "video.mp4"
RESULTS = Path(__file__).resolve().parents[2] / "results" / "realtime"
WIDTH, HEIGHT = 1280, 720
RATE = 15  # frames a second of emolab's own video
WARM_UP = 20  # frames that don't count


def demo_frames() -> Iterator[tuple[int, np.ndarray]]:
    """Yield number and picture (uint8 BGR (720, 1280, 3)) of each frame of emolab's own video, again and again."""
    while True:
        source = Video(str(VIDEO))
        source.open()
        try:
            for number in itertools.count():
                yield number, cv2.resize(source.read()[0], (WIDTH, HEIGHT))
        except SourceEnded:
            source.close()


def classifier(arguments: argparse.Namespace) -> Classifier:
    """Return the network or engine that the command names."""
    record, _ = resolve(arguments.run, Path("runs"))
    return recogniser(record, arguments.recogniser, None, True, "cache")


def seconds_of(work: Callable[[], Any]) -> float:
    """Return the seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
