"""The competition's `sample_submission.csv`: a submission is the same table with other classes in it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emolab.data.csv_file import read_rows
from emolab.data.names import class_name
from emolab.data.readers.kaggle import LABEL_COLUMN, PATH_COLUMN, SAMPLE
from emolab.errors import DataError


@dataclass(frozen=True)
class Sample:
    """A table of photographs and classes, whose form the competition asks for.

    Attributes:
        header: names of the columns, as they stand there.
        rows: fields of each row, as many as the header has.
        name: number of the column that names the photograph.
        label: number of the column that names its class.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    name: int = 0
    label: int = 1

    def names(self) -> list[str]:
        """Return the photographs' names, in the sample's order."""
        return [row[self.name].strip() for row in self.rows]

    def labels(self) -> set[str]:
        """Return the classes that stand there, in Unicode's composed form, as all classes have."""
        return {class_name(row[self.label].strip()) for row in self.rows} - {""}

    def filled(self, labels: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
        """Yield the rows with the class that `labels` has for the photograph's name; all else stays as it is.

        A class that the sample writes in another form of Unicode is written so.
        """
        spelled = {class_name(row[self.label].strip()): row[self.label].strip() for row in self.rows}
        for row, name in zip(self.rows, self.names(), strict=True):
            yield (*row[: self.label], spelled.get(labels[name], labels[name]), *row[self.label + 1 :])


def plain_sample(names: Sequence[str]) -> Sample:
    """Return the form where the competition gives none: `image_path,emotion`, a row a name."""
    return Sample((PATH_COLUMN, LABEL_COLUMN), tuple((name, "") for name in names))


def read_sample(root: Path, files: Collection[str]) -> Sample | None:
    """Return `sample_submission.csv`, or `None` without one.

    The columns are called `image_path` and `emotion`. Where they have other names, that of the photographs is the one
    with the most names of `files`, and of two columns the other one is that of the classes.

    Raises:
        DataError: if it can't be read, or has no such columns, or several of one name.
    """
    path = root / SAMPLE
    if not path.is_file():
        return None
    rows = read_rows(path)
    header = tuple(next(rows, ()))
    table = tuple((*row, *[""] * len(header))[: len(header)] for row in rows)
    columns = [found.strip().lower() for found in header]
    if twice := sorted({found for found in columns if found and columns.count(found) > 1}):
        raise DataError(
            f"{path} has more than one column called {', '.join(twice)[:200]}: each needs a name of its own"
        )
    if len(header) < 2:
        raise DataError(f"{path}: expected a column of photographs and one of classes; found {', '.join(header)[:200]}")
    name = _column(columns, PATH_COLUMN)
    if name is None:
        name = max(range(len(header)), key=lambda at: sum(row[at].strip() in files for row in table))
    label = _column(columns, LABEL_COLUMN)
    if label is None and len(header) == 2:
        label = 1 - name
    if label is None or label == name:
        raise DataError(
            f"{path} has the columns {', '.join(header)[:200]}, and which of them takes the class can't be told: "
            f"call it {LABEL_COLUMN}, or leave two columns, photograph and class, as the competition takes them"
        )
    return Sample(header, table, name, label)


def _column(columns: Sequence[str], name: str) -> int | None:
    return columns.index(name) if name in columns else None
