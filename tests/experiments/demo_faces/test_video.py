"""The video that comes with emolab: what its table says is what is seen, and detectors find it."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from emolab.data.readers.demo import FACES
from experiments.demo_faces.expressions import CLASSES
from experiments.demo_faces.video import COLUMNS, SIZE, TABLE, VIDEO

Boxes = list[tuple[float, float, float, float]]
MOST_BYTES = 3 * 2**20
EVERY = 10  # frames that the detectors look at


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    video = cv2.VideoCapture(str(FACES / VIDEO))
    read = []
    while (found := video.read())[0]:
        read.append(found[1])
    return read


@pytest.fixture(scope="module")
def truth() -> dict[int, Boxes]:
    boxes = defaultdict(list)
    with (FACES / TABLE).open(newline="") as handle:
        for row in csv.DictReader(handle):
            boxes[int(row["frame"])].append(tuple(float(row[name]) for name in ("x", "y", "width", "height")))
    return boxes


def overlap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Intersection over union."""
    corners = [(x, y, x + width, y + height) for x, y, width, height in (first, second)]
    low, high = np.maximum(*(c[:2] for c in corners)), np.minimum(*(c[2:] for c in corners))
    shared = float(np.prod(np.clip(high - low, 0, None)))
    return shared / (first[2] * first[3] + second[2] * second[3] - shared)


def found_share(find: Callable[[np.ndarray], Boxes], frames: list[np.ndarray], truth: dict[int, Boxes]) -> float:
    """Share of the true faces that a detector finds in every tenth frame."""
    hits = [
        any(overlap(box, found) > 0.4 for found in boxes)
        for number in range(0, len(frames), EVERY)
        for boxes in [find(frames[number])]
        for box in truth.get(number, [])
    ]
    return float(np.mean(hits))


def test_it_is_small_and_opencv_reads_all_of_it(frames: list[np.ndarray], truth: dict[int, Boxes]) -> None:
    assert (FACES / VIDEO).stat().st_size < MOST_BYTES
    assert 300 <= len(frames) <= 1000
    assert {frame.shape for frame in frames} == {(SIZE[1], SIZE[0], 3)}
    assert max(truth) < len(frames)


def test_there_are_frames_with_no_one_and_two_faces(frames: list[np.ndarray], truth: dict[int, Boxes]) -> None:
    counts = Counter(len(truth.get(number, [])) for number in range(len(frames)))
    assert set(counts) == {0, 1, 2}
    assert min(counts.values()) > 15


def test_its_table_shows_every_class_and_no_other() -> None:
    with (FACES / TABLE).open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert tuple(rows[0]) == COLUMNS
    assert {row["emotion"] for row in rows} == set(CLASSES)


def test_haar_finds_the_faces(frames: list[np.ndarray], truth: dict[int, Boxes]) -> None:
    cascade = cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_frontalface_default.xml")

    def find(frame: np.ndarray) -> Boxes:
        return [
            tuple(box)
            for box in cascade.detectMultiScale(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), 1.1, 5, minSize=(60, 60))
        ]

    assert found_share(find, frames, truth) > 0.85


def test_yunet_finds_the_faces(shared: Path, frames: list[np.ndarray], truth: dict[int, Boxes]) -> None:
    detector = cv2.FaceDetectorYN.create(str(shared / "detectors" / "yunet_n_320_320.onnx"), "", SIZE)

    def find(frame: np.ndarray) -> Boxes:
        found = detector.detect(frame)[1]
        return [] if found is None else [tuple(face[:4]) for face in found]

    assert found_share(find, frames, truth) > 0.95
