"""The founding table and the claims, beside the original's numbers."""

from collections.abc import Sequence
from pathlib import Path

from emolab import files, tables
from emolab.evaluation.interval import Interval, interval_text
from experiments.comparing.gains import points_text
from experiments.comparing.replicates import Results
from experiments.founded.cells import Cell
from experiments.founded.claims import ORIGINAL, Claim
from experiments.page import Section, TableOf, render

Judged = Sequence[tuple[Claim, Interval | None, str]]


def table_of(found: Results, cells: Sequence[Cell]) -> TableOf:
    """Return a row a cell: its accuracy here, and the original's."""
    headings = ["model", "augmentation", "fine-tuning", "seeds", "accuracy (95 %)", "original"]
    return TableOf(headings, [_row(found, cell) for cell in cells])


def claims_table(judged_claims: Judged) -> TableOf:
    """Return a row a claim: the verdict, what was found, what the original had."""
    headings = ["claim", "verdict", "found here, points (95 %)", "original"]
    rows = [[claim.text, verdict, _difference(found), claim.original] for claim, found, verdict in judged_claims]
    return TableOf(headings, rows)


def write_founding(folder: Path, table: TableOf, verdicts: TableOf, notes: Sequence[str]) -> Path:
    """Write `index.html`, `table.csv`, `table.md` and `claims.md`; return the page's path."""
    sections = [
        Section("Claims", "Confirmed: the whole interval is what was claimed. Refuted: none of it is.", verdicts),
        Section("Table", "Accuracy with 95 % intervals, averaged over seeds.", table),
        Section("How", lines=notes),
    ]
    files.write_text(folder / "table.csv", tables.csv_text(table.headings, table.rows))
    files.write_text(folder / "table.md", tables.markdown(table.headings, table.rows))
    files.write_text(folder / "claims.md", tables.markdown(verdicts.headings, verdicts.rows))
    files.write_text(folder / "index.html", render("The founding experiment", sections))
    return folder / "index.html"


def _row(found: Results, cell: Cell) -> list[str]:
    accuracy = found.accuracy(cell)
    known = ORIGINAL.get(cell.model) if cell.finetuning == "full" else None
    original = {"on": f"{known:.2f}", "off": "5 to 6 points less"}.get(cell.augmentation, "") if known else ""
    shown = "not trained" if accuracy is None else interval_text(accuracy, to="-")
    return [cell.model, cell.augmentation, cell.finetuning, str(len(found.seeds([cell]))), shown, original]


def _difference(found: Interval | None) -> str:
    return "not trained" if found is None else points_text(found)
