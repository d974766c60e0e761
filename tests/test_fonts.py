"""Fonts that have the letters of a text."""

import warnings

import numpy as np
import pytest
from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.ft2font import FT2Font

from emolab.evaluation.plots import confusion_figure, png
from emolab.fonts import _font_with, font_for


def letters(path: object) -> set[int]:
    return set(FT2Font(str(path)).get_charmap())


@pytest.fixture(scope="module")
def rare() -> str:
    """A letter that DejaVu Sans lacks, and another of the fonts that come with matplotlib has."""
    stix = next(entry.fname for entry in fontManager.ttflist if entry.name == "STIXGeneral")
    return min(letter for letter in map(chr, letters(stix) - letters(font_for("a").path)) if letter.isalpha())


@pytest.mark.parametrize("text", ["happy 87%", "Ärger", "θυμός", "грусть"])
def test_dejavu_has_the_letters_of_europe(text):
    font = font_for(text)
    assert font.family == "DejaVu Sans"
    assert {ord(letter) for letter in text} <= letters(font.path)


def test_what_it_lacks_is_looked_for_in_other_fonts(rare):
    font = font_for(f"{rare} 87%")
    assert font.family != "DejaVu Sans"
    assert ord(rare) in letters(font.path)


def test_a_font_that_was_removed_or_damaged_since_matplotlib_listed_it_is_passed_over(rare, tmp_path, monkeypatch):
    (tmp_path / "damaged.ttf").write_text("no font")
    gone = [FontEntry(str(tmp_path / name), name) for name in ("removed.ttf", "damaged.ttf")]
    monkeypatch.setattr(fontManager, "ttflist", [*gone, *fontManager.ttflist])
    _font_with.cache_clear()
    assert ord(rare) in letters(font_for(rare).path)


def test_letters_that_no_font_has_are_left_to_the_default():
    assert font_for("\U0010fffd") == font_for("a")


def test_pictures_of_a_report_have_the_letters_of_every_class(rare):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of missing letters
        shown, other = (png(confusion_figure(np.array([[2, 1], [0, 3]]), ["грусть", name])) for name in (rare, "x"))
    assert shown != other
