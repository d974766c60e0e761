"""Texts on a picture, in any language: OpenCV's own fonts have nothing but ASCII."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emolab.fonts import font_for

DARK = (32, 32, 32)


class _Letters(NamedTuple):
    """A text's pixels.

    Attributes:
        ink, rim: how much of each pixel they cover, uint8 (H, W, 1), 255 is all; the rim is below the ink, too.
        above: pixels from the first row to the baseline.
    """

    ink: np.ndarray
    rim: np.ndarray
    above: int


def write(picture: np.ndarray, text: str, place: tuple[int, int], size: int, colour: tuple[int, int, int]) -> None:
    """Write a text with a dark rim, readable on any ground, into `picture`.

    Args:
        picture: uint8 BGR (H, W, 3), changed.
        text: one line.
        place: x and y of the baseline's left end; moved, and the text made smaller, to keep it within the width.
        size: of the font, pixels.
        colour: BGR.
    """
    room = picture.shape[1] - 8
    letters = _letters(text, size)
    if letters.ink.shape[1] > room:
        letters = _letters(text, max(1, size * room // letters.ink.shape[1]))
    height, width = letters.ink.shape[:2]
    left, top = int(np.clip(place[0], 0, max(0, room - width))), place[1] - letters.above
    rows = slice(max(0, -top), max(0, min(height, picture.shape[0] - top)))
    columns = slice(0, picture.shape[1] - left)
    ground = picture[max(0, top) : max(0, top + height), left : left + width]
    for cover, paint in ((letters.rim, DARK), (letters.ink, colour)):
        share = cover[rows, columns] / np.float32(255)
        ground[:] = np.rint(ground + (np.array(paint, np.float32) - ground) * share)


@lru_cache(maxsize=128)  # more than a frame has; the line of speed is another one each time
def _letters(text: str, size: int) -> _Letters:
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    font = _font(str(font_for(text).path), size)
    rim = max(1, round(size / 14))
    left, top, right, bottom = font.getbbox(text, anchor="ls", stroke_width=rim)

    def cover(stroke: int) -> np.ndarray:
        image = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))))
        ImageDraw.Draw(image).text((-left, -top), text, 255, font, anchor="ls", stroke_width=stroke)
        return np.asarray(image)[..., np.newaxis]

    return _Letters(cover(0), cover(rim), round(-top))


@lru_cache(maxsize=32)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
