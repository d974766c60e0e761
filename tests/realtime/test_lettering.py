"""Texts on pictures."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.lettering import write

WHITE = (255, 255, 255)


def written(text: str, ground: int = 120, shape: tuple[int, int] = (60, 200), size: int = 20) -> np.ndarray:
    picture = np.full((*shape, 3), ground, np.uint8)
    write(picture, text, (8, 40), size, WHITE)
    return picture


@pytest.mark.parametrize(("text", "spoilt"), [("Ärger", "?rger"), ("грусть", "??????")])
def test_letters_of_other_languages_are_no_question_marks(text, spoilt):
    assert (written(text) != written(spoilt)).any()
    assert (written(text) != written("")).any()


@pytest.mark.parametrize("ground", [0, 255])
def test_a_rim_makes_texts_readable_on_any_ground(ground):
    levels = set(np.unique(written("Trauer", ground)))
    assert {255, 32} <= levels


def test_the_text_stands_on_the_baseline_in_its_colour():
    picture = np.zeros((60, 200, 3), np.uint8)
    write(picture, "H", (8, 40), 20, (10, 200, 30))
    rows, columns = np.nonzero((picture == (10, 200, 30)).all(axis=-1))
    assert rows.max() == 39
    assert 8 <= columns.min() <= 12


def test_a_text_too_long_for_the_picture_is_made_smaller():
    inked = np.nonzero((written("a text that is far too long for this picture", 120) != 120).any(axis=(0, 2)))[0]
    assert inked.max() < 200 - 4


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 60), width=st.integers(1, 60), x=st.integers(-80, 80), y=st.integers(-80, 80),
    size=st.integers(1, 40), text=st.text(max_size=12),
)  # fmt: skip
def test_any_text_fits_into_any_picture(height, width, x, y, size, text):
    whole = np.full((height + 2, width + 2, 3), 120, np.uint8)
    write(whole[1:-1, 1:-1], text, (x, y), size, WHITE)
    around = whole.copy()
    around[1:-1, 1:-1] = 120
    assert (around == 120).all()


def test_texts_that_change_all_the_time_take_little_memory():
    picture = np.zeros((200, 1600, 3), np.uint8)
    tracemalloc.start()
    for number in range(400):
        write(picture, f"{number} of 33 ms   {number / 7:.2f} frames/s", (8, 150), 66, WHITE)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 32 * 2**20
