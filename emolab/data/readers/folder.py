"""Photographs in folders named after their classes."""

from functools import cached_property
from pathlib import Path

from emolab.data.readers.classes import classify
from emolab.data.readers.listing import identity_of, misplaced, photograph, require_folder, with_people
from emolab.data.readers.split_folders import find_splits, lies_too_low, other_splits
from emolab.data.readers.walk import Found, empty_classes, find_files
from emolab.data.records import Reading, Record
from emolab.errors import DataError


class FolderReader:
    """Reads `<split>/<class>/*` where `root` has folders called as splits are (`split_folders`); else `<class>/*`.

    Files that lie in no class are listed as excluded. Hidden files, a system's and those in folders that emolab made
    (`walk`) are passed over. Which classes the names of the folders mean, `classes` says.

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

    def notes(self) -> tuple[str, ...]:
        """Return which folders were passed over, which are empty, and which splits lie beside a root that is one."""
        places = [self.root / split for split in self._splits] or [self.root]
        return (*self._found.notes(), *empty_classes(places, self.read().classes), *other_splits(self.root))

    def read(self) -> Reading:
        """Return the classes, which are the names of the folders, and one record a file.

        Raises:
            DataError: if `root` isn't a folder or holds no class, or a folder may be a split or not.
        """
        return self._reading

    @cached_property
    def _found(self) -> Found:
        require_folder(self.root)
        return find_files(self.root)

    @cached_property
    def _splits(self) -> dict[str, str]:
        return find_splits(self.root, self._found.files)

    @cached_property
    def _reading(self) -> Reading:
        reading = classify([_record(self.root, name, self._splits) for name in self._found.files])
        if not reading.classes:
            raise DataError(
                f"data.root={self.root}: expected <split>/<class>/* or <class>/*; found no such file"
                f"{lies_too_low(self.root, self._found.files)}"
            )
        return with_people(reading, self.root, self.people)


def _record(root: Path, name: str, splits: dict[str, str]) -> Record:
    parts = name.split("/")
    depth = 2 if splits else 1
    if len(parts) <= depth or (splits and parts[0] not in splits):
        return misplaced(root, name)
    return photograph(root, name, parts[depth - 1], splits.get(parts[0], ""))
