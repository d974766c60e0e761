"""Which checkpoint files a run has, and that they are whole."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from emolab import files
from emolab.errors import RunError
from emolab.runs.layout import CHECKPOINTS, FACTS, SUFFIXES, inside

if TYPE_CHECKING:  # it asks here for the names of checkpoints
    from emolab.runs.schema import RunFacts

_NAMES = {  # of the files of each kind: its epoch or step, and a number where that was saved before
    kind: re.compile(rf"{CHECKPOINTS}/{kind}-([0-9]{{1,18}})(?:-[0-9]{{1,9}})?{re.escape(suffix)}")
    for kind, suffix in SUFFIXES.items()
}


def write_new(folder: Path, kind: str, tag: int, write: Callable[[Path], None]) -> tuple[str, str]:
    """Write a checkpoint under a new name; return that name (relative to the run folder) and its SHA-256.

    A second save of the same step gets a name of its own: were the file replaced in place, a kill between it
    and `run.json` would leave a digest that doesn't match.
    """
    name = _free_name(folder, f"{kind}-{tag}", SUFFIXES[kind])
    with files.write_atomically(folder / name) as temporary:
        write(temporary)
        digest = files.sha256_of(temporary)
    return name, digest


def _free_name(folder: Path, stem: str, suffix: str) -> str:
    name, again = f"{CHECKPOINTS}/{stem}{suffix}", 1
    while (folder / name).exists():
        again += 1
        name = f"{CHECKPOINTS}/{stem}-{again}{suffix}"
    return name


def tag_of(kind: str, name: str) -> int:
    """Return the epoch or step that is part of a checkpoint's name.

    Raises:
        ValueError: if it's no name that `write_new` gives. Of another ending Keras may read files beside it, too.
    """
    found = _NAMES[kind].fullmatch(name)
    if found is None:
        such = f"{kind}-860{SUFFIXES[kind]}"
        raise ValueError(f"expected {CHECKPOINTS}/ and a name with its epoch or step, such as {such}")
    return int(found[1])


def verified(folder: Path, facts: "RunFacts", kind: str) -> Path:
    """Return the path of the checkpoint `kind` after comparing its SHA-256 with the one in `run.json`.

    Raises:
        RunError: if there is none, its file or digest is missing, it lies outside the folder, or differs.
    """
    name = facts.checkpoints.get(kind)
    if name is None:
        had = ", ".join(sorted(facts.checkpoints)) or "none"
        raise RunError(f"the run {facts.id} ({facts.status}) has no {kind!r} checkpoint; it has: {had}")
    path = inside(folder, name)
    if not path.is_file():
        raise RunError(f"{folder / FACTS} names the checkpoint {name}, but that file is missing")
    expected = facts.sha256.get(name)
    if expected is None:
        raise RunError(f"{folder / FACTS} has no SHA-256 for {name}: it can't be trusted")
    arrived = files.sha256_of(path)
    if arrived != expected:
        raise RunError(
            f"the checkpoint {path} was changed or damaged: its SHA-256 is {arrived}, "
            f"{FACTS} says {expected}. Copy it again from where it came, or train again"
        )
    return path


def remove_leftovers(folder: Path, facts: "RunFacts") -> list[Path]:
    """Remove what interrupted saves left: temporary files, and those of ours that `run.json` doesn't name."""
    named = {folder / name for name in facts.checkpoints.values()}
    found = (folder / CHECKPOINTS).glob("*")  # a copy may lack the folder
    saved = (path for path in found if any(ours.fullmatch(f"{CHECKPOINTS}/{path.name}") for ours in _NAMES.values()))
    temporary = (path for place in (folder, folder / CHECKPOINTS) for path in place.glob(f"{files.UNFINISHED}*"))
    left = [path for path in (*saved, *temporary) if path not in named and path.is_file()]
    for path in left:
        path.unlink(missing_ok=True)
    return left
