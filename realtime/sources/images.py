"""One photograph, or a folder of them."""

from pathlib import Path

import numpy as np

from emolab.data.image import SUFFIXES, UnusableImageError, read_image
from emolab.data.names import as_text
from emolab.data.readers.walk import Found, find_files
from emolab.errors import printable
from realtime.sources.source import SourceEnded, SourceError


class Images:
    """Photographs, in the order of their names; those that can't be read are left out with a line.

    Args:
        path: a file, or a folder whose photographs, and those of its folders, are shown one after the other.
        seconds: that each is shown.
    """

    live = False
    faces_user = False
    patience = None

    def __init__(self, path: str, seconds: float = 1.0) -> None:
        self.description = f"photographs {as_text(Path(path).name)}"
        self.rate: float | None = 1.0 / seconds
        self.file = ""
        self._path = Path(path)
        self._named = f"source.path={as_text(path)}"  # for messages, which strict UTF-8 must be able to hold
        self._folder = Path(path)
        self._seconds = seconds
        self._notes: list[str] = []  # told before the first photograph: a source may be opened only to see if it can be
        self._left: list[str] = []
        self._shown = 0

    def open(self) -> None:
        """List them; see `Source`."""
        try:
            if not self._path.exists():
                raise SourceError(f"{self._named}: no such file or folder")
            is_folder = self._path.is_dir()
            found = find_files(self._path) if is_folder else Found([self._path.name])
        except OSError as error:
            raise SourceError(f"{self._named} can't be read: {error.strerror}") from error
        self._folder = self._path if is_folder else self._path.parent
        self._notes = list(found.notes())
        self._left = [name for name in found.files if Path(name).suffix.lower() in SUFFIXES]
        self._shown = 0
        if not self._left:
            raise SourceError(f"{self._named}: no photographs there ({', '.join(SUFFIXES)})")

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next photograph, upright, and the time it's shown at; see `Source`."""
        while self._notes:
            print(printable(f"{self._named}: {self._notes.pop(0)}"))
        while self._left:
            name = self._left.pop(0)
            path = self._folder / name
            try:
                image = read_image(path)
            except UnusableImageError as error:
                print(printable(f"{as_text(str(path))} is left out: {error}"))
                continue
            self.file = as_text(name)
            self._shown += 1
            return np.ascontiguousarray(image[:, :, ::-1]), (self._shown - 1) * self._seconds
        if not self._shown:
            raise SourceError(f"{self._named}: none of its photographs can be read")
        raise SourceEnded

    def close(self) -> None:
        """Nothing is held open."""
