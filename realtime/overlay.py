"""Drawing faces on a frame. Pure functions: frames in, new frames out."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emolab.notices import NOTICE
from realtime.frame import Face
from realtime.lettering import DARK, write

# Okabe and Ito's colours, which people with any colour vision can tell apart; BGR.
COLOURS = ((66, 159, 230), (233, 180, 86), (115, 158, 0), (66, 228, 240), (0, 94, 213), (167, 121, 204))
WHITE, GREY, ALARM = (255, 255, 255), (170, 170, 170), (60, 60, 235)


@dataclass(frozen=True)
class Look:
    """How the picture is to look.

    Attributes:
        mirror: whether it's turned left to right; texts never are.
        bars: whether each face gets the bars of all classes, and not only its name.
    """

    mirror: bool = False
    bars: bool = False


def draw_faces(frame: np.ndarray, faces: Sequence[Face], classes: Sequence[str], look: Look) -> np.ndarray:
    """Return a copy of the frame (uint8 BGR (H, W, 3)) with its faces outlined and named."""
    picture = cv2.flip(frame, 1) if look.mirror else frame.copy()
    for face in faces:
        box = face.box.mirrored(frame.shape[1]) if look.mirror else face.box
        _draw_face(picture, face._replace(box=box), classes, look.bars)
    return picture


def draw_lines(picture: np.ndarray, lines: Sequence[str], problem: str | None) -> None:
    """Write lines at the top, what is wrong in the middle and the notice at the bottom, into `picture`."""
    scale = text_scale(picture)
    for number, line in enumerate(lines):
        _write(picture, line, (8, round((number + 1) * 34 * scale)), scale)
    if problem is not None:
        _write(picture, problem, (8, picture.shape[0] // 2), scale, ALARM)
    _write(picture, NOTICE, (8, picture.shape[0] - round(10 * scale)), 0.8 * scale)


def text_scale(picture: np.ndarray) -> float:
    """Return how large everything is drawn: 0.75 at 720 rows, readable in small ones."""
    return max(0.4, picture.shape[0] / 960)


def blank(width: int = 640, height: int = 480) -> np.ndarray:
    """Return a dark picture for when there is no frame."""
    return np.full((height, width, 3), 48, np.uint8)


def _draw_face(picture: np.ndarray, face: Face, classes: Sequence[str], bars: bool) -> None:
    scale = text_scale(picture)
    colour = GREY if face.label is None else COLOURS[classes.index(face.label) % len(COLOURS)]
    left, top, right, bottom = (
        round(face.box.left),
        round(face.box.top),
        round(face.box.left + face.box.width),
        round(face.box.top + face.box.height),
    )
    cv2.rectangle(picture, (left, top), (right, bottom), DARK, 4)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, 2)
    below = min(bottom + round(30 * scale), picture.shape[0] - round(34 * scale))  # within, but above the notice
    baseline = top - 8 if top > 34 * scale else below
    _write(picture, f"{face.name} {face.confidence:.0%}", (left, baseline), scale, colour)
    if bars:
        _draw_bars(picture, face, classes, (left, right, top), scale)


def _draw_bars(
    picture: np.ndarray, face: Face, classes: Sequence[str], place: tuple[int, int, int], scale: float
) -> None:
    """Bars beside the face, on the side with more room."""
    left, right, top = place
    row, long = round(24 * scale), round(110 * scale)
    wide = long + round(120 * scale)
    start = right + 8 if picture.shape[1] - right >= wide else max(0, left - wide - 8)
    first = int(np.clip(top, 0, max(0, picture.shape[0] - row * (len(classes) + 1))))
    for number, (name, value) in enumerate(zip(classes, face.probabilities, strict=True)):
        base = first + row * (number + 1)
        end = start + max(1, round(float(value) * long))
        cv2.rectangle(picture, (start, base - row + 6), (start + long, base), DARK, cv2.FILLED)
        cv2.rectangle(picture, (start, base - row + 6), (end, base), COLOURS[number % len(COLOURS)], cv2.FILLED)
        _write(picture, name, (start + long + 6, base), 0.7 * scale)


def _write(
    picture: np.ndarray, text: str, place: tuple[int, int], scale: float, colour: tuple[int, int, int] = WHITE
) -> None:
    write(picture, text, place, round(28 * scale), colour)
