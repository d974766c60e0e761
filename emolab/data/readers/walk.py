"""What lies in a folder: its files, and the folders within that are passed over."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emolab.data.names import as_text, class_name
from emolab.files import MARK

# What systems and programs put beside a user's files, in small letters; names that begin with "." are hidden, too.
_SYSTEMS = frozenset(
    {"__macosx", "@eadir", "#recycle", "@recycle", "$recycle.bin", "system volume information", "lost+found"}
    | {"thumbs.db", "ehthumbs.db", "desktop.ini"}
)
_SHOWN = 5  # names in a note


@dataclass(frozen=True)
class Found:
    """What was found below a folder.

    Attributes:
        files: relative names with "/", sorted by code point; no hidden ones.
        made: folders that emolab marked as its own, which weren't entered.
        hidden: folders that are hidden or a system's, which weren't either.
        linked: links to folders, which weren't either; they stand among the files, too.
    """

    files: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)

    def notes(self) -> tuple[str, ...]:
        """Return a line for each kind of folder that was passed over."""
        reasons = {
            f"the file {MARK} in each says that emolab made it (remove that file where they are photographs to learn "
            "from)": self.made,
            "hidden or a system's": self.hidden,
            "links to folders (move or copy the folders here)": self.linked,
        }
        return tuple(f"passed over, as {why}: {_named(names)}" for why, names in reasons.items() if names)


def find_files(folder: Path) -> Found:
    """Return the files below `folder`, and what was passed over.

    A folder behind a symbolic link isn't entered, but listed among the files, too, so that it can't be overlooked. A
    mark in `folder` itself counts for nothing: it was named.

    Raises:
        OSError: if a folder can't be read.
    """
    found = Found()
    for parent, folders, files in os.walk(folder, onerror=_fail):
        base = Path(parent).relative_to(folder).as_posix()
        if MARK in files and base != ".":
            found.made.append(as_text(base))
            folders.clear()
            continue
        found.hidden.extend(as_text(_joined(base, name)) for name in folders if _is_hidden(name))
        folders[:] = [name for name in folders if not _is_hidden(name)]
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        found.linked.extend(as_text(_joined(base, name)) for name in linked)
        found.files.extend(_joined(base, name) for name in [*files, *linked] if not _is_hidden(name))
    for names in (found.files, found.made, found.hidden, found.linked):
        names.sort()
    return found


def list_folders(folder: Path) -> list[str]:
    """Return the names, as the system has them, of the folders directly in `folder` that aren't passed over, sorted."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir() and not _is_hidden(entry.name)]
    return sorted(name for name in names if not (folder / name / MARK).exists())


def empty_classes(places: Sequence[Path], classes: Sequence[str]) -> list[str]:
    """Return a line, if any folder in `places` has the name of none of the classes and nothing in it."""
    folders = [place / name for place in places for name in list_folders(place) if class_name(name) not in classes]
    empty = [as_text(folder.name) for folder in folders if not folder.is_symlink() and not find_files(folder).files]
    return [f"no class, as nothing is in the folder: {_named(empty)}"] if empty else []


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEMS


def _joined(base: str, name: str) -> str:
    return name if base == "." else f"{base}/{name}"


def _named(names: Sequence[str]) -> str:
    """The names; those that many folders have, such as each class, once."""
    counts = Counter(name.rpartition("/")[2] for name in names)
    whole = {name.rpartition("/")[2]: name for name in names}
    shown = [whole[last] if count == 1 else f"{last} ({count} of them)" for last, count in counts.items()]
    return ", ".join(shown[:_SHOWN]) + (f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else "")


def _fail(error: OSError) -> None:
    raise error
