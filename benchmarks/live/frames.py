"""The frames of emolab's own video, at the size of a webcam's."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

import emolab.data
from realtime.sources.opencv import Video
from realtime.sources.source import SourceEnded

VIDEO = Path(emolab.data.__file__).parent / "demo" / "video.mp4"
WIDTH, HEIGHT = 1280, 720
RATE = 15  # frames a second of the video
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
