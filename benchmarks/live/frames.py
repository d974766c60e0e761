"""emolab's own video: its frames at the size of a webcam's, and the true faces in them."""

import csv
import itertools
from collections.abc import Iterator

import cv2
import numpy as np

from emolab.data.readers.demo import FACES
from realtime.boxes import FaceBox
from realtime.sources.opencv import Video
from realtime.sources.source import SourceEnded

VIDEO = FACES / "video.mp4"
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


def true_faces() -> dict[int, list[tuple[FaceBox, str]]]:
    """Return the box, in pixels of the video, and the emotion of each face, by the number of its frame."""
    found: dict[int, list[tuple[FaceBox, str]]] = {}
    with VIDEO.with_suffix(".csv").open(newline="") as handle:
        for row in csv.DictReader(handle):
            box = FaceBox(*(float(row[name]) for name in ("x", "y", "width", "height")))
            found.setdefault(int(row["frame"]), []).append((box, row["emotion"]))
    return found
