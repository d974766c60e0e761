"""Names of the run folder `runs/<name>/<id>/`, how one is made, and checks of its paths."""

import os
import random
import string
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from emolab import files
from emolab.config.schema.parts import check_folder_name
from emolab.errors import RunError

FACTS = "run.json"
CONFIG = "config.yaml"
METRICS = "metrics.jsonl"
CHECKPOINTS = "checkpoints"
REPORT = "report"
ENGINES = "engines"
_WANDB = ("wandb", "wandb/client.log", "wandb/cache", "wandb/data")
WRITTEN = (FACTS, CONFIG, METRICS, CHECKPOINTS, REPORT, ENGINES, *_WANDB)
SUFFIXES = {"best": ".weights.h5", "last": ".npz"}  # of each kind of checkpoint
Status = Literal["running", "finished", "failed", "interrupted", "pruned"]
STATUSES: tuple[str, ...] = get_args(Status)
REQUIRED = ("group", "choices", "classes", "image_size", "monitor", "data", "model", "seed", "command")

_LETTERS = string.ascii_lowercase + string.digits


def new_id() -> str:
    """Return an id that sorts by time, such as 20261124-101500-k3f9: UTC seconds and four random letters."""
    letters = "".join(random.SystemRandom().choices(_LETTERS, k=4))  # never the seeded generator of a run
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{letters}"


def new_folder(place: Path) -> Path:
    """Make a run folder of a new id in `place`, with the folder of its checkpoints, and return its path.

    Raises:
        RunError: if it can't be written.
    """
    with clear_write_errors(place):
        files.make_folder(place)
        while True:
            folder = place / new_id()
            try:
                files.make_folder(folder, exist_ok=False)
            except FileExistsError:  # another run began in the same second and drew the same letters
                continue
            (folder / CHECKPOINTS).mkdir()
            return folder


def check_name(name: str) -> str:
    """Return `name` if it can name a folder of runs.

    Raises:
        RunError: if it is empty, hidden, too long, or not one plain file name.
    """
    try:
        return check_folder_name(name)
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


def check_writable(folder: Path, advice: str = "") -> None:
    """Refuse a folder that can't be written, or made, before what is to lie in it is worked out.

    Raises:
        RunError: saying why.
    """
    with clear_write_errors(folder, advice):
        files.try_writing(folder)


def clear_write_errors(folder: Path, advice: str = "") -> AbstractContextManager[None]:
    """Return what turns any OSError inside it into a RunError that names the run folder, and `advice` of one's own."""
    advice = f"set paths.runs to another folder. {advice}".rstrip()
    return files.clear_write_errors(f"the run folder {folder}", advice, RunError)
