"""The rows of a submission, and its files: each whole or not there, the same bytes each time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from emolab.data.csv_file import read_columns
from emolab.data.names import class_name
from emolab.data.readers.kaggle import LABEL_COLUMN, PATH_COLUMN
from emolab.evaluation.plots import BLUE, GREY, png
from emolab.files import write_bytes, write_text
from emolab.tables import csv_text
from realtime.submission.sample import Sample

FAR = 0.15  # total variation distance: chance stays below 0.05 for 1,000 photographs in nine classes


class Row(NamedTuple):
    """A photograph's line: its bare name, its class, the class's probability, and a note for people."""

    name: str
    label: str
    confidence: float
    note: str = ""


def make_rows(
    names: Sequence[str], probabilities: np.ndarray, classes: Sequence[str], filled: dict[int, str], most_frequent: str
) -> list[Row]:
    """Return the rows in the order of the names.

    Args:
        names: bare names.
        probabilities: (N, C).
        classes: C names.
        filled: row -> why it couldn't be predicted; these get `most_frequent`.
        most_frequent: a class.
    """
    best = probabilities.argmax(axis=1)
    return [
        Row(name, most_frequent, 0.0, f"most frequent class; {filled[number]}")
        if number in filled
        else Row(name, classes[best[number]], float(probabilities[number, best[number]]))
        for number, name in enumerate(names)
    ]


def write_submission(path: Path, rows: Iterable[Row], sample: Sample) -> None:
    """Write the sample's table with the classes of the rows in it."""
    write_text(path, csv_text(sample.header, sample.filled({row.name: row.label for row in rows})))


def write_confidence(path: Path, rows: Iterable[Row]) -> None:
    """Write each row with its confidence (0 to 1) and note."""
    lines = ((row.name, row.label, f"{row.confidence:.4f}", row.note) for row in rows)
    write_text(path, csv_text((PATH_COLUMN, LABEL_COLUMN, "confidence", "note"), lines))


def write_picture(path: Path, predicted: np.ndarray, training: np.ndarray, classes: Sequence[str]) -> None:
    """Draw the share of each class among the predictions beside the training set's (both (C,))."""
    figure = Figure(figsize=(2.0 + 0.9 * len(classes), 3.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(classes))
    axes.bar(places - 0.2, training, 0.4, color=GREY, label="training set")
    axes.bar(places + 0.2, predicted, 0.4, color=BLUE, label="predicted")
    axes.set_xticks(places, classes, rotation=30, ha="right", rotation_mode="anchor")
    axes.set(ylabel="share of the photographs", title="classes, predicted and in training")
    axes.margins(y=0.25)  # room for the legend
    axes.legend(ncols=2, loc="upper center")
    write_bytes(path, png(figure))


def shares(labels: Iterable[str], classes: Sequence[str]) -> np.ndarray:
    """Return the share of each class among the labels: float64 (C,), sums to 1."""
    counts = Counter(labels)
    found = np.array([counts[name] for name in classes], float)
    return found / max(found.sum(), 1.0)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the total variation distance of two distributions: 0 (the same) to 1."""
    return float(np.abs(one - other).sum() / 2)


def read_submission(path: Path, sample: Sample) -> dict[str, str]:
    """Return name -> class of a submission, whose columns are called as in the sample.

    Raises:
        DataError: if it isn't one.
    """
    columns = [sample.header[at].strip().lower() for at in (sample.name, sample.label)]
    return {name: class_name(label) for name, label in read_columns(path, columns)}


def changes(rows: Sequence[Row], before: Mapping[str, str]) -> tuple[int, list[tuple[str, int]]]:
    """Return how many rows differ from an earlier submission, and the commonest changes ("a -> b") with their counts.

    A row that the earlier one doesn't have counts as changed.
    """
    pairs = [f"{before.get(row.name, 'nothing')} -> {row.label}" for row in rows if before.get(row.name) != row.label]
    return len(pairs), Counter(pairs).most_common(5)
