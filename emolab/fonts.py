"""Which font has the letters of a text: classes may be named in any language.

DejaVu Sans, which comes with matplotlib, has Latin, Greek, Cyrillic and Arabic letters. For others, such as Chinese and
Japanese ones, the fonts of this machine are searched.
"""

from collections.abc import Iterator, Set
from functools import lru_cache
from importlib.metadata import distribution
from itertools import chain
from pathlib import Path
from typing import NamedTuple

COMMON = 0x52F  # the last letter of Latin, Greek and Cyrillic, of which DejaVu Sans lacks none


class Font(NamedTuple):
    """A font of this machine.

    Attributes:
        family: as matplotlib names it.
        path: its TrueType or OpenType file.
    """

    family: str
    path: Path


def font_for(text: str) -> Font:
    """Return DejaVu Sans, or where that lacks letters of this text, a font that has them, if there is one."""
    return _font_with(frozenset(letter for letter in text if ord(letter) > COMMON and not letter.isspace()))


@lru_cache(maxsize=256)
def _font_with(letters: frozenset[str]) -> Font:
    dejavu = Path(str(distribution("matplotlib").locate_file("matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf")))
    default = Font("DejaVu Sans", dejavu)
    if not letters:
        return default  # at once: matplotlib takes a second to tell of others
    codes = {ord(letter) for letter in letters}
    return next((font for font in chain([default], _others()) if codes <= _codes_of(font)), default)


def _codes_of(font: Font) -> Set[int]:
    """The letters that a font has; none where its file was removed, or damaged, since matplotlib listed it."""
    from matplotlib.ft2font import FT2Font

    try:
        return FT2Font(str(font.path)).get_charmap().keys()
    except (OSError, RuntimeError):
        return frozenset()


def _others() -> Iterator[Font]:
    """Yield all fonts that matplotlib has listed, then those installed since; each can be used in a figure."""
    from matplotlib.font_manager import FontManager, fontManager

    known = {entry.fname for entry in fontManager.ttflist}
    for entry in fontManager.ttflist:
        if "Last Resort" not in entry.name:  # has a box for every letter
            yield Font(entry.name, Path(entry.fname))
    for entry in FontManager().ttflist:
        if entry.fname not in known:
            fontManager.addfont(entry.fname)
            yield Font(entry.name, Path(entry.fname))
