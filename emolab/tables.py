"""Tables of texts as files have them: CSV and Markdown."""

import csv
from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO

from emolab.errors import printable


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV with LF line ends: the columns' names, then a line a row; quoted only where it must be."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, as GitHub reads it."""
    cells = [[markdown_text(markdown_cell(cell)) for cell in row] for row in [head, *rows]]
    lines = [cells[0], ["---"] * len(head), *cells[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def markdown_text(line: str) -> str:
    """Return a line as Markdown shows it: Markdown may hold HTML, which a stranger's name could be, too."""
    return escape(printable(line), quote=False)


def markdown_cell(text: object) -> str:
    """Return a text as a cell of a Markdown table holds it: a bar would begin the next cell, a line's end the text."""
    return " ".join(str(text).replace("|", "\\|").splitlines())
