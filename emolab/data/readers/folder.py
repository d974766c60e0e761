"""Photographs in folders named after their classes."""

from functools import cached_property
from pathlib import Path

from emolab.data.readers.listing import (
    identity_of,
    list_files,
    list_folders,
    misplaced,
    photograph,
    require_folder,
    with_people,
)
from emolab.data.records import Reading, Record
from emolab.errors import DataError

# How data sets call their splits -> how emolab does.
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


class FolderReader:
    """Reads `<split>/<class>/*` where `root` has a folder for training, or nothing but splits; else `<class>/*`.

    Splits may be called train, training, validation, valid, val, dev, test or testing. Files that lie in no
    class are listed as excluded. Hidden files are passed over.

    Args:
        root: The folder.
        people: CSV in `root` that says who is in which photograph (`image_path,person`, paths from `root`).
    """

    def __init__(self, root: str | Path, people: str | None = None) -> None:
        self.root = Path(root)
        self.people = people

    def identity(self) -> str:
        """Return a digest of the listing with sizes and times."""
        return identity_of("folder", self.read())

    def read(self) -> Reading:
        """Return the classes, which are the names of the folders, and one record a file.

        Raises:
            DataError: if `root` isn't a folder or holds no class.
        """
        return self._reading

    @cached_property
    def _reading(self) -> Reading:
        require_folder(self.root)
        splits = _splits(self.root)
        records = [_record(self.root, name, splits) for name in list_files(self.root)]
        classes = tuple(sorted({record.label for record in records if record.label}))
        if not classes:
            raise DataError(f"data.root={self.root}: expected <split>/<class>/* or <class>/*; found no such file")
        return with_people(Reading(classes, records), self.root, self.people)


def _splits(root: Path) -> dict[str, str]:
    folders = list_folders(root)
    splits = {name: SPLIT_NAMES[name.lower()] for name in folders if name.lower() in SPLIT_NAMES}
    only_splits = len(splits) == len(folders) and all(list_folders(root / name) for name in splits)
    return splits if "train" in splits.values() or only_splits else {}


def _record(root: Path, name: str, splits: dict[str, str]) -> Record:
    parts = name.split("/")
    depth = 2 if splits else 1
    if len(parts) <= depth or (splits and parts[0] not in splits):
        return misplaced(root, name)
    return photograph(root, name, parts[depth - 1], splits.get(parts[0], ""))
