"""The folder of a Kaggle competition: labelled photographs in `train/`, unlabelled ones beside it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from emolab.config.overrides import typed
from emolab.data.csv_file import read_columns
from emolab.data.names import class_name
from emolab.data.readers.classes import classify
from emolab.data.readers.listing import (
    PATH_COLUMN,
    identity_of,
    misplaced,
    photograph,
    require_folder,
    with_people,
)
from emolab.data.readers.split_folders import KEY, folder_above
from emolab.data.readers.walk import Found, empty_classes, find_files, list_folders
from emolab.data.records import EXCLUDED, QUARANTINED, USABLE, Reading, Record
from emolab.errors import DataError

TRAIN, TEST = "train", "test_kaggle"
LABELS, SAMPLE = "train.csv", "sample_submission.csv"
LABEL_COLUMN = "emotion"
MANY = 0.01  # share of unlisted files above which the table is likely to lack some


class KaggleReader:
    """Reads `train/<class>/<n>.jpg` with `train.csv` (`,image_path,emotion`), where there is one.

    `train.csv` is the truth: a file that it doesn't list is excluded, a name that isn't there quarantined. A
    label is a class if it names a folder in `train/`; where no label does, every label is a class. Without
    `train.csv` the folders are the labels. Which of them are the same class, and which is none, `classes` says.

    Args:
        root: The folder of the competition.
        test_labels: CSV in `root` with the labels of `test_kaggle/` (`image_path,emotion`, bare names), for those
            who have them: these photographs are then the test split, but for those under two labels. `None`: they
            stay unused.
        people: CSV in `root` that says who is in which photograph (`image_path,person`, paths from `root`).
    """

    def __init__(self, root: str | Path, test_labels: str | None = None, people: str | None = None) -> None:
        self.root = Path(root)
        self.test_labels = test_labels
        self.people = people

    def identity(self) -> str:
        """Return a digest of labels and listing with sizes and times."""
        return identity_of("kaggle", self.read())

    def notes(self) -> tuple[str, ...]:
        """Return which folders in `train/` were passed over, and, without `train.csv`, which are empty."""
        folders = [] if (self.root / LABELS).is_file() else [self.root / TRAIN]
        return (*self._train.notes(), *empty_classes(folders, self.read().classes))

    def read(self) -> Reading:
        """Return the classes and one record a row and unlisted file.

        Raises:
            DataError: if `root` has neither labels nor folders of classes, or a table lacks its columns.
        """
        return self._reading

    @cached_property
    def _train(self) -> Found:
        require_folder(self.root)
        return find_files(self.root / TRAIN) if (self.root / TRAIN).is_dir() else Found()

    @cached_property
    def _reading(self) -> Reading:
        files = [f"{TRAIN}/{name}" for name in self._train.files]
        tested = _labelled_test(self.root, self.test_labels) if self.test_labels else []
        read = _from_csv if (self.root / LABELS).is_file() else _from_folders
        return with_people(read(self.root, files, tested), self.root, self.people)


def unlabelled_files(root: Path) -> dict[str, Path]:
    """Return the files among the unlabelled photographs: bare name -> file, sorted by name.

    Raises:
        DataError: if there is no such folder.
    """
    folder = root / TEST
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the competition's folder with its {TEST}/")
    return {name: folder / name for name in find_files(folder).files}


def _from_folders(root: Path, files: Sequence[str], tested: Sequence[Record]) -> Reading:
    records = [_by_folder(root, name) for name in files]
    labels = {record.label for record in records if record.label}
    if not labels:
        above = folder_above(root)
        higher = f"; {typed(KEY, above)} has a folder {TRAIN}: give that" if Path(above, TRAIN).is_dir() else ""
        raise DataError(f"data.root={root}: expected {LABELS} or {TRAIN}/<class>/*; found neither{higher}")
    return classify([*records, *tested], labels)


def _by_folder(root: Path, name: str) -> Record:
    parts = name.split("/")
    if len(parts) < 3:
        return misplaced(root, name)
    return photograph(root, name, parts[1])


def _from_csv(root: Path, files: Sequence[str], tested: Sequence[Record]) -> Reading:
    listed = _listed(root, LABELS, partial(photograph, root))
    extra = _unlisted(files, listed, LABELS)
    warning = f"{len(extra)} of the {len(files)} files in {TRAIN}/ aren't listed in {LABELS}"
    folders = list_folders(root / TRAIN) if (root / TRAIN).is_dir() else []
    named = {class_name(folder).casefold() for folder in folders}
    labels = {record.label for record in listed if record.label}
    reading = classify([*listed, *extra, *tested], {name for name in labels if name.casefold() in named} or labels)
    return replace(reading, warnings=(*reading.warnings, *(warning,) * (len(extra) > MANY * len(files))))


def _labelled_test(root: Path, table: str) -> list[Record]:
    """Return the test photographs; what is there under two labels can't judge."""
    listed = _listed(root, table, partial(_tested, root))
    counts = Counter(record.source for record in listed if record.status == USABLE)
    several = f"listed under several labels in {table}"
    judging = [
        replace(record, status=QUARANTINED, reason=several)
        if record.status == USABLE and counts[record.source] > 1
        else record
        for record in listed
    ]
    return [*judging, *_unlisted([f"{TEST}/{name}" for name in unlabelled_files(root)], listed, table)]


def _tested(root: Path, name: str, label: str) -> Record:
    bare = name.replace("\\", "/").removeprefix("./")
    if "/" in bare:
        return Record(name, label, "test", status=QUARANTINED, reason=f"expected a bare name of a file in {TEST}/")
    return photograph(root, f"{TEST}/{bare}", label, "test")


def _listed(root: Path, table: str, record_of: Callable[[str, str], Record]) -> list[Record]:
    """Return a record a row of the table; a row that repeats an earlier one is excluded."""
    seen: set[tuple[str, str]] = set()
    records = []
    for number, (name, label) in enumerate(read_columns(root / table, (PATH_COLUMN, LABEL_COLUMN)), start=2):
        record = record_of(name, label)
        if not name:
            record = Record(f"{table} row {number}", label, status=QUARANTINED, reason="malformed row: no file name")
        elif (record.source, record.label.casefold()) in seen:
            record = Record(record.source, label, status=EXCLUDED, reason=f"listed more than once in {table}")
        seen.add((record.source, record.label.casefold()))
        records.append(record)
    return records


def _unlisted(files: Sequence[str], listed: Sequence[Record], table: str) -> list[Record]:
    names = {record.source for record in listed}
    return [Record(name, status=EXCLUDED, reason=f"not listed in {table}") for name in files if name not in names]
