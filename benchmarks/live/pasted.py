"""Faces of FER2013 in frames: where they are is known to the pixel."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from emolab.data.readers.fer2013 import Fer2013Reader
from emolab.data.records import USABLE
from live.frames import HEIGHT, WIDTH


def read_faces(path: Path, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return FER2013's first PublicTest faces (uint8 (48, 48)) and their names."""
    records = Fer2013Reader(path).read().records
    found = list(islice((one for one in records if one.status == USABLE and one.split == "validation"), count))
    return [one.pixels for one in found], np.array([one.label for one in found])


def place(face: np.ndarray, side: int, random: np.random.Generator) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Return a frame with the face at a random place, and the face's square: left, top, side."""
    left, top = int(random.integers(0, WIDTH - side)), int(random.integers(0, HEIGHT - side))
    frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    _paste(frame, face, left, top, side)
    return frame, (left, top, side)


def continued(frame: np.ndarray, square: tuple[int, int, int]) -> np.ndarray:
    """Return the frame with nothing but the face, mirrored over and over."""
    left, top, side = square
    margins = top, HEIGHT - top - side, left, WIDTH - left - side
    return cv2.copyMakeBorder(frame[top : top + side, left : left + side], *margins, cv2.BORDER_REFLECT_101)


def moving(faces: list[np.ndarray], number: int) -> np.ndarray:
    """Return frame `number` of a video in which the faces sway."""
    frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for which, face in enumerate(faces):
        _paste(frame, face, 200 + 500 * which + round(80 * np.sin(number / 20 + which)), 200, 260)
    return frame


def _paste(frame: np.ndarray, face: np.ndarray, left: int, top: int, side: int) -> None:
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    frame[top : top + side, left : left + side] = large[..., None]
