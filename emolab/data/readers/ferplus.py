"""FER+: the faces of FER2013 with the votes of ten raters each (Barsoum et al. 2016, arXiv:1608.01041)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from emolab.data.csv_file import read_columns
from emolab.data.readers.fer2013 import USAGE_SPLIT, Fer2013Reader
from emolab.data.records import EXCLUDED, QUARANTINED, USABLE, Reading, Record
from emolab.errors import DataError
from emolab.files import sha256_of

# Column of the votes file -> class, named as in the Kaggle competition, so that data sets share classes.
EMOTIONS = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "contempt": "contempt",
}
NAME = "Image name"  # fer0000000.png and on, ascending; not the number of the row
NO_EMOTION = ("unknown", "NF")  # raters saw none of the eight, or no face
COLUMNS = ("Usage", NAME, *EMOTIONS, *NO_EMOTION)
CLASSES = tuple(sorted(EMOTIONS.values()))
LABELS = ("majority", "soft")


class FerPlusReader:
    """Reads the FER2013 CSV and, row by row beside it, the votes in `fer2013new.csv`.

    As in the paper and its published code (microsoft/FERPlus, `src/ferplus.py`), an option with a single vote
    is taken for a slip and loses it. Then

    - `majority`: the option with more than half of the remaining votes is the label; without one, or where
      it is "unknown" or "no face", the row is excluded;
    - `soft`: the remaining votes for the eight emotions are the target, as shares; the row is excluded
      where no emotion has at least as many votes as "unknown" and "no face" each. The published
      `crossentropy` mode drops minor votes as well; here the raters' whole distribution stays.

    Args:
        path: The FER2013 CSV, plain or compressed with gzip.
        votes: `fer2013new.csv`.
        labels: "majority" or "soft".

    Raises:
        DataError: if `labels` is neither.
    """

    def __init__(self, path: str | Path, votes: str | Path, labels: str = "majority") -> None:
        if labels not in LABELS:
            raise DataError(f"data.labels={labels}: expected one of {', '.join(LABELS)}")
        self.faces = Fer2013Reader(path)
        self.votes = Path(votes)
        self.labels = labels

    def identity(self) -> str:
        """Return the digests of both files and the kind of labels."""
        faces = self.faces.identity()
        if not self.votes.is_file():
            raise DataError(f"data.votes={self.votes}: no such file; give FER+'s fer2013new.csv")
        return f"ferplus {self.labels} {sha256_of(self.votes)} {faces}"

    def notes(self) -> tuple[str, ...]:
        """Return nothing: in a table nothing is passed over."""
        return ()

    def read(self) -> Reading:
        """Return the eight classes and one record a row.

        Raises:
            DataError: if a file is missing or damaged, or the two don't have the same rows in the same order.
        """
        records = self.faces.read().records
        rows = _read_votes(self.votes)
        if len(rows) != len(records):
            raise DataError(
                f"{self.votes} has {len(rows)} rows and {self.faces.path} {len(records)}: they must hold the "
                "same faces in the same order; fetch both in their published form"
            )
        _require_order(rows, self.votes)
        pairs = zip(records, rows, strict=True)
        return Reading(CLASSES, [_labelled(record, row, self.labels) for record, row in pairs])


def count_votes(row: Mapping[str, str]) -> np.ndarray | None:
    """Return the votes for the eight classes, "unknown" and "no face", without single votes: float64 (10,).

    `None` stands for a row whose votes aren't numbers of 0 or more.
    """
    column = {name: published for published, name in EMOTIONS.items()}
    try:
        votes = np.array([float(row[column.get(name, name)]) for name in (*CLASSES, *NO_EMOTION)])
    except (ValueError, TypeError):
        return None
    return np.where(votes > 1, votes, 0.0) if np.isfinite(votes).all() and (votes >= 0).all() else None


def majority_label(votes: np.ndarray) -> str | None:
    """Return the class with more than half of the votes (float64 (10,)), or `None`."""
    best = int(votes.argmax())
    return CLASSES[best] if best < len(CLASSES) and votes[best] > votes.sum() / 2 else None


def soft_target(votes: np.ndarray) -> np.ndarray | None:
    """Return the raters' distribution over the classes, float64 (8,), or `None` where no emotion leads."""
    emotions = votes[: len(CLASSES)]
    return emotions / emotions.sum() if emotions.max() > 0 and emotions.max() >= votes.max() else None


def _read_votes(path: Path) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in read_columns(path, COLUMNS)]


def _require_order(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Check that the names ascend, as FER2013's rows do; rows that show no face have none."""
    named = [row[NAME] for row in rows if row[NAME]]
    for before, after in pairwise(named):
        if before >= after:
            raise DataError(
                f"{path} has {after} after {before}: its rows aren't in the order of FER2013's CSV, so that votes "
                "would go to other faces; fetch it in its published form"
            )


def _labelled(record: Record, row: Mapping[str, str], labels: str) -> Record:
    if record.status != USABLE:
        return record
    if USAGE_SPLIT.get(row["Usage"]) != record.split:
        return _without(record, QUARANTINED, "the two files disagree on its Usage")
    votes = count_votes(row)
    if votes is None:
        return _without(record, QUARANTINED, "malformed row of votes")
    return _majority(record, votes) if labels == "majority" else _soft(record, votes)


def _majority(record: Record, votes: np.ndarray) -> Record:
    label = majority_label(votes)
    return replace(record, label=label) if label else _without(record, EXCLUDED, _why_not(votes))


def _soft(record: Record, votes: np.ndarray) -> Record:
    target = soft_target(votes)
    if target is None:
        return _without(record, EXCLUDED, _why_not(votes))
    return replace(record, label=CLASSES[int(target.argmax())], target=tuple(target.tolist()))


def _why_not(votes: np.ndarray) -> str:
    best = int(votes.argmax())
    if best >= len(CLASSES) and votes[best] > votes.sum() / 2:
        return ("most raters saw no known emotion", "most raters saw no face")[best - len(CLASSES)]
    return "no majority among the raters"


def _without(record: Record, status: str, reason: str) -> Record:
    return replace(record, label="", pixels=None, status=status, reason=reason)
