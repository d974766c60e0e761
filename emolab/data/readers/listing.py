"""Files of a data set that lies in a folder: what is there, and where a name leads."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from emolab.data.records import QUARANTINED, Reading, Record
from emolab.errors import DataError

OUTSIDE = "leaves the folder of the data set"


def require_folder(root: Path) -> None:
    """Check that `root` is a folder.

    Raises:
        DataError: if it isn't.
    """
    if not root.is_dir():
        raise DataError(f"data.root={root}: no such folder; give the folder that holds the photographs")


def list_files(folder: Path) -> list[str]:
    """Return the files below `folder` as relative names with "/", sorted by code point; no hidden ones.

    Folders behind symbolic links aren't entered.
    """
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        base = Path(parent).relative_to(folder).as_posix()
        found += [name if base == "." else f"{base}/{name}" for name in files if not name.startswith(".")]
    return sorted(found)


def list_folders(folder: Path) -> list[str]:
    """Return the names of the folders directly in `folder`, sorted by code point; no hidden ones."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def photograph(root: Path, name: str, label: str, split: str = "") -> Record:
    """Return the record of the file `name` (relative to `root`), quarantined if it leads out of `root`."""
    if not name or "\0" in name:
        return Record(name.replace("\0", "?"), label, split, status=QUARANTINED, reason="no usable file name")
    source = os.path.normpath(name).replace(os.sep, "/")
    path = root / source
    if not _is_inside(root, path, source):
        return Record(name, label, split, status=QUARANTINED, reason=OUTSIDE)
    return Record(source, label, split, path=path)


def identity_of(kind: str, reading: Reading) -> str:
    """Return a digest of the classes and of every record with the size and time of its file."""
    digest = hashlib.sha256(repr((kind, reading.classes)).encode())
    for record in sorted(reading.records, key=lambda record: (record.source, record.label)):
        parts = (record.source, record.label, record.split, record.status, record.reason, _stamp(record.path))
        digest.update(repr(parts).encode())
    return f"{kind} {digest.hexdigest()}"


def _is_inside(root: Path, path: Path, source: str) -> bool:
    if os.path.isabs(source) or source == ".." or source.startswith("../"):
        return False
    if path.is_symlink():
        return Path(os.path.realpath(path)).is_relative_to(_real_folder(root))
    return _real_folder(path.parent).is_relative_to(_real_folder(root))


@lru_cache(maxsize=4096)  # resolving every path of a million photographs anew would take minutes
def _real_folder(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found else None
