"""One self-contained page of tables and pictures, for sweeps, comparisons and the founding experiment."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from emolab.errors import printable
from emolab.pages import address_of, filled

_IN_FILES = 200  # characters of a line, where the output isn't a terminal
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class TableOf:
    """A table of texts: headings of the columns, and rows of as many cells."""

    headings: Sequence[str]
    rows: Rows


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        heading: of the part.
        text: what it shows, in a sentence or two.
        table: if it has one.
        png: a picture, if it has one.
        lines: sentences, one a line.
    """

    heading: str
    text: str = ""
    table: TableOf | None = None
    png: bytes | None = None
    lines: Sequence[str] = ()


def render(title: str, sections: Sequence[Section]) -> str:
    """Return the page: every picture inside it, nothing from elsewhere, every text escaped."""
    parts = [(section, address_of(section.png) if section.png else "") for section in sections]
    return filled("experiments", "page.html.jinja", title=title, parts=parts)


def show(table: TableOf, whole: str | None = None) -> None:
    """Print the table in the terminal; nothing is cut off, long cells go on in the next line.

    Args:
        table: to print. Columns without a text take no room.
        whole: heading of the column whose cells stay in one line, so that they can be copied.
    """
    columns = [number for number in range(len(table.headings)) if any(row[number] for row in table.rows)]
    shown = Table(box=SIMPLE, padding=0, pad_edge=False)
    for number in columns:
        heading = table.headings[number]
        widest = max(cell_len(row[number]) for row in table.rows) if heading == whole else None
        shown.add_column(f"{heading} ", overflow="fold", no_wrap=widest is not None, min_width=widest)
    for row in table.rows:
        shown.add_row(*(printable(row[number]) for number in columns))
    Console(markup=False, width=None if sys.stdout.isatty() else _IN_FILES).print(shown)
