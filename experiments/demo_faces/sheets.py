"""Contact sheets: photographs of the pack side by side, to be looked at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from emolab.files import write_atomically
from experiments.demo_faces.casting import ROUND, Shot
from experiments.demo_faces.expressions import CLASSES

CONTACT_SHEET = "contact_sheet.jpg"


def write_contact_sheet(folder: Path, shots: Sequence[Shot]) -> None:
    """Write one picture of the pack: a row a person, the tones from light to dark, and a column a class."""
    files = {(shot.person, shot.label): folder / shot.path for shot in shots}
    people = [tone + ROUND // 2 * (tone % 2) for tone in range(ROUND // 2)]  # both sexes by turns
    _save(folder / CONTACT_SHEET, [files[person, label] for person in people for label in CLASSES], len(CLASSES))


def write_class_sheets(folder: Path, output: Path, shots: Sequence[Shot], columns: int = 12) -> list[Path]:
    """Write a picture a class into `output`, of the first test people; return their paths."""
    sheets = []
    for label in CLASSES:
        files = [folder / shot.path for shot in shots if shot.label == label and shot.is_test]
        sheets.append(output / f"{label}.jpg")
        _save(sheets[-1], files[: columns * 5], columns)
    return sheets


def _save(path: Path, files: Sequence[Path], columns: int) -> None:
    with write_atomically(path) as temporary:
        Image.fromarray(grid([np.asarray(Image.open(file)) for file in files], columns)).save(temporary, quality=88)


def grid(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Return equal pictures (H, W, 3) laid out in rows of `columns`; what is left of the last row is black."""
    height, width, channels = pictures[0].shape
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * height, columns * width, channels), np.uint8)
    for place, picture in enumerate(pictures):
        top, left = place // columns * height, place % columns * width
        sheet[top : top + height, left : left + width] = picture
    return sheet
