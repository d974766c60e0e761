"""The tables of the pack, as a Kaggle competition has them, and those that it keeps to itself."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from emolab.data.readers.demo import PEOPLE, TEST_LABELS
from emolab.data.readers.kaggle import LABEL_COLUMN, LABELS, SAMPLE
from emolab.data.readers.listing import PATH_COLUMN, PERSON_COLUMN
from emolab.files import write_text
from emolab.tables import csv_text
from experiments.demo_faces.casting import Shot
from experiments.demo_faces.identity import sample_identity

GUESS = "neutral"  # what the sample submission says of every photograph


def write_tables(folder: Path, seed: int, shots: Sequence[Shot]) -> None:
    """Write labels, sample submission, hidden test labels, and who is in which photograph."""
    trained = sorted((shot for shot in shots if not shot.is_test), key=_number)
    tested = sorted((shot for shot in shots if shot.is_test), key=_number)
    labels = [(row, f"./{shot.path}", shot.label) for row, shot in enumerate(trained)]
    _write(folder / LABELS, ("", PATH_COLUMN, LABEL_COLUMN), labels)
    _write(folder / SAMPLE, (PATH_COLUMN, LABEL_COLUMN), [(Path(shot.path).name, GUESS) for shot in tested])
    _write(folder / TEST_LABELS, (PATH_COLUMN, LABEL_COLUMN), [(Path(shot.path).name, shot.label) for shot in tested])
    columns = (PATH_COLUMN, PERSON_COLUMN, "sex", "age", "skin_tone")
    _write(folder / PEOPLE, columns, [_who(seed, shot) for shot in [*trained, *tested]])


def _number(shot: Shot) -> int:
    return int(Path(shot.path).stem)


def _who(seed: int, shot: Shot) -> tuple[str, str, str, int, int]:
    identity = sample_identity(seed, shot.person)
    return shot.path, f"person{shot.person:03d}", identity.sex, round(identity.age), identity.tone


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    write_text(path, csv_text(columns, rows))
