"""The suspected labels as a list, a gallery and a table."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from emolab import files, tables
from emolab.data.prepared import PreparedData
from emolab.evaluation.plots import gallery_figure, png
from experiments.page import Section, TableOf, render

SUSPECTED = "suspected.csv"


def table_of(prepared: PreparedData, suspects: pd.DataFrame) -> TableOf:
    """Return a row a class: training images with that label, how many are suspected, what they look like instead."""
    labels = prepared.index["label"].to_numpy(str)[prepared.rows("train")]
    return TableOf(
        ["label", "images", "suspected", "share", "suggested instead"],
        [_row(name, int((labels == name).sum()), suspects[suspects["label"] == name]) for name in prepared.classes],
    )


def examples_of(prepared: PreparedData, suspects: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the `count` most doubtful suspects, each photograph once: duplicates of one can fill a gallery."""
    clusters = prepared.clusters(suspects["row"].to_numpy())
    return suspects[~pd.Series(clusters, suspects.index).duplicated()].head(count)


def write_label_noise(
    folder: Path, prepared: PreparedData, suspects: pd.DataFrame, table: TableOf, examples: int, notes: Sequence[str]
) -> Path:
    """Write `suspected.csv` (for `trainer.leave_out`), `table.csv`, `gallery.png` and the page; return its path."""
    shown = examples_of(prepared, suspects, examples)
    captions = [
        f"{one.label} {one.p_label:.0%}\n{one.suggested}? {one.p_suggested:.0%}"
        for one in shown.itertuples(index=False)
    ]
    gallery = png(gallery_figure(prepared.images[shown["row"].to_numpy()], captions)) if len(shown) else None
    sections = [
        Section("How many", "Labels that networks which hadn't seen the image find improbable.", table),
        Section(
            "The most doubtful", "Above: the label; below: what the network says. Either may be wrong.", png=gallery
        ),
        Section("How", lines=notes),
    ]
    files.write_text(folder / SUSPECTED, suspects.drop(columns="row").to_csv(index=False, lineterminator="\n"))
    files.write_text(folder / "table.csv", tables.csv_text(table.headings, table.rows))
    if gallery is not None:
        files.write_bytes(folder / "gallery.png", gallery)
    files.write_text(folder / "index.html", render(f"Suspected labels of {prepared.name}", sections))
    return folder / "index.html"


def _row(name: str, images: int, suspected: pd.DataFrame) -> list[str]:
    instead = suspected["suggested"].value_counts()
    told = ", ".join(f"{other} {count}" for other, count in instead.items())
    return [name, str(images), str(len(suspected)), f"{len(suspected) / max(images, 1):.0%}", told]
