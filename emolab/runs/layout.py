"""Names and checks of the run folder: `runs/<name>/<id>/`."""

import os
import random
import string
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from emolab.config.schema.parts import folder_name
from emolab.errors import RunError

FACTS = "run.json"
CONFIG = "config.yaml"
METRICS = "metrics.jsonl"
CHECKPOINTS = "checkpoints"
REPORT = "report"
ENGINES = "engines"
WRITTEN = (CONFIG, METRICS, CHECKPOINTS, REPORT, ENGINES, *("wandb", "wandb/client.log", "wandb/cache", "wandb/data"))
KINDS = ("best", "last")
STATUSES = ("running", "finished", "failed", "interrupted", "pruned")
REQUIRED = ("classes", "image_size", "monitor", "data", "model", "seed")

_LETTERS = string.ascii_lowercase + string.digits
_SHAPE: dict[str, type] = {
    "id": str, "status": str, "classes": list, "image_size": int, "monitor": dict, "data": dict,
    "model": dict, "sha256": dict, "checkpoints": dict, "started": str,
}  # fmt: skip


def new_id(moment: datetime | None = None) -> str:
    """Return an id that sorts by time, such as 20261124-101500-k3f9: UTC seconds and four random letters."""
    moment = datetime.now(UTC) if moment is None else moment.astimezone(UTC)
    letters = "".join(random.SystemRandom().choices(_LETTERS, k=4))  # never the seeded generator of a run
    return f"{moment:%Y%m%d-%H%M%S}-{letters}"


def check_name(name: str) -> str:
    """Return `name` if it can name a folder of runs.

    Raises:
        RunError: if it is empty, hidden, too long, or not one plain file name.
    """
    try:
        return folder_name(name)
    except ValueError as error:
        raise RunError(f"the run name {name!r} {error}") from error


def inside(folder: Path, name: str) -> Path:
    """Return `folder / name`, which must stay within the run folder.

    Raises:
        RunError: for an absolute path, one with `..`, or one that a link leads out of the folder.
    """
    parts = PurePosixPath(name)
    path = folder / parts
    if parts.is_absolute() or ".." in parts.parts or "\\" in name or "\0" in name:
        raise RunError(f"{folder / FACTS} names {name!r}, which lies outside the run folder: refused")
    arrived = Path(os.path.realpath(path))
    if not arrived.is_relative_to(os.path.realpath(folder)):
        raise RunError(
            f"{path} is a link to {arrived}, outside the run folder: refused. Remove the link, or put what it leads to "
            "in its place"
        )
    return path


def check_links(folder: Path) -> None:
    """Refuse a run folder in which a link leads out of it from where emolab writes: it may come from a stranger.

    Raises:
        RunError: naming the link and where it leads.
    """
    for name in WRITTEN:
        if (folder / name).is_symlink():
            inside(folder, name)


def check_facts(facts: Any, path: Path) -> dict[str, Any]:
    """Return `facts` if they are a run's.

    Raises:
        RunError: naming the first field that is missing or of the wrong type.
    """
    if not isinstance(facts, dict):
        raise RunError(f"{path} holds {type(facts).__name__}, expected a run's fields")
    for field, kind in _SHAPE.items():
        if not isinstance(facts.get(field), kind):
            raise RunError(f"{path} is damaged: the field {field!r} is {facts.get(field)!r}")
    if facts["status"] not in STATUSES:
        raise RunError(f"{path}: the status is {facts['status']!r}, expected one of {', '.join(STATUSES)}")
    if not 16 <= facts["image_size"] <= 1024:
        raise RunError(f"{path}: the image_size is {facts['image_size']}, expected 16 to 1024 pixels")
    classes = facts["classes"]
    if not all(isinstance(name, str) for name in classes) or classes != sorted(set(classes)):
        raise RunError(f"{path}: the classes are {classes}, expected texts sorted by code point, each once")
    known = {"content": "", **facts["data"]}  # older runs have none
    _check_texts({key: known.get(key) for key in ("name", "fingerprint", "content")}, "data", path)
    _check_texts({"name": facts["model"].get("name")}, "model", path)
    _check_texts(facts["checkpoints"], "checkpoints", path)
    _check_texts(facts["sha256"], "sha256", path)
    _check_numbers(facts, path)
    return facts


def _check_texts(table: Mapping[str, Any], field: str, path: Path) -> None:
    for key, value in table.items():
        if not isinstance(value, str):
            raise RunError(f"{path} is damaged: {field}.{key} is {value!r}, expected text")


def _check_numbers(facts: Mapping[str, Any], path: Path) -> None:
    """Check what runs are compared and found by: one that is odd would stop what looks at all of them."""
    best = facts["monitor"].get("best")
    if not isinstance(best, int | float | None) or abs(best or 0) > sys.float_info.max:
        raise RunError(f"{path} is damaged: monitor.best is {best!r}, expected a number or null")
    group = facts.get("group", {"number": None})  # older runs have none
    if not isinstance(group, dict) or not isinstance(group.get("number", ""), int | None):
        raise RunError(f"{path} is damaged: the field 'group' is {group!r}, expected a name and a number")


@contextmanager
def clear_write_errors(folder: Path, advice: str = "") -> Iterator[None]:
    """Turn a full disk or an unwritable folder into one clear message.

    Raises:
        RunError: for any OSError inside.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        message = (
            f"can't write to the run folder {folder}: {reason}. Free space, mend the rights, or set paths.runs to "
            f"another folder. {advice}"
        )
        raise RunError(message.rstrip()) from error
