"""The runs that another one learns from: found once, then held to, so that a resumed training has the same teachers."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from emolab.config.saved import typed_modules
from emolab.errors import ConfigError, printable
from emolab.runs.layout import FACTS
from emolab.runs.network import load_network
from emolab.runs.record import RunRecord
from emolab.runs.select import check_distinct, is_artifact, resolve

if TYPE_CHECKING:
    import keras

    from emolab.training.distillation import Teachers

MOVING = ("best", "last")  # names that mean another run later
_VERSION = re.compile(r":v\d+$")  # of a W&B artifact; any other alias may mean another one later


def teachers_of(cfg: DictConfig, record: RunRecord) -> "Teachers | None":
    """Return what builds the teachers' networks, or None where `cfg.teacher` names none; note them in the record.

    Args:
        cfg: the training's configuration; `teacher` names one run or a list. A module of the user's own that the
            student's network comes from is trusted with the teachers', too.
        record: of the student. A resumed one names its teachers already: `teacher=best` may mean another by now.

    Raises:
        ConfigError: if a teacher has other classes, another size, or no longer the weights it began with.
        RunError: if there is no such run, or its weights are missing or changed.
    """
    found = find_teachers(cfg, record)
    if not found:
        return None
    for run, reason in found:
        _check_fits(run, record)
        print(printable(f"teacher {run.folder}: {reason}"), flush=True)
    runs = [run for run, _ in found]
    if not record.fields["teachers"]:
        record.update(teachers=[_note(run) for run in runs])
    return partial(_networks, runs, typed_modules(cfg))


def find_teachers(cfg: DictConfig, student: RunRecord | None, download: bool = True) -> list[tuple[RunRecord, str]]:
    """Return the runs that `cfg.teacher` means, each with a sentence why it's that one; none where it's null.

    Args:
        cfg: the training's configuration.
        student: the run that learns from them, which may name them already; None where it hasn't begun.
        download: False leaves out those that are W&B's artifacts.

    Raises:
        ConfigError: if a teacher no longer has the weights that the student began with.
        RunError: if there is no such run, two are the same, or its weights are missing or changed.
    """
    if cfg.teacher is None:
        return []
    noted = None if student is None else student.fields["teachers"]
    wanted = [_where_now(teacher) for teacher in noted] if noted else _listed(cfg.teacher)
    names = [name for name in wanted if download or not is_artifact(name)]
    found = [resolve(name, Path(cfg.paths.runs)) for name in names]
    for place, (run, _) in enumerate(found):
        if noted and run.best_weights_sha256 != noted[place]["weights"]:
            raise ConfigError(
                f"resume={cfg.resume}: the weights of its teacher {run.folder} have changed since it began"
            )
        run.checkpoint_path("best")
    if not noted:  # who has begun keeps the teachers it has
        check_distinct("teacher", names, [run for run, _ in found])
    return found


def check_teachers_stay(cfg: DictConfig) -> None:
    """Refuse as teachers of many trainings what each would take for what it means when it begins.

    That is `best`, `last`, and W&B's artifacts by an alias, such as `latest`, which students are published under.
    The first student that beats its teacher would teach the next ones, and a table would compare unlike things.

    Args:
        cfg: the configuration of one of the trainings.

    Raises:
        ConfigError: with the id to give.
        RunError: if there is no such run.
    """
    given = [] if cfg.teacher is None else [name.strip() for name in _listed(cfg.teacher)]
    if moving := [name for name in given if name in MOVING]:
        now = [resolve(name, Path(cfg.paths.runs))[0].id if name in MOVING else name for name in given]
        names = now[0] if isinstance(cfg.teacher, str) else f"[{','.join(now)}]"
        raise ConfigError(
            f"teacher={moving[0]}: a student of these trainings may become that, and would teach the next ones. Name "
            f"the run, so that all have the same teacher: teacher={names} is it now"
        )
    if moving := [name for name in given if is_artifact(name) and not _VERSION.search(name)]:
        raise ConfigError(
            f"teacher={moving[0]}: an alias may mean another artifact by the time the next of these trainings begins. "
            "Name a version, such as :v3, so that all have the same teacher"
        )


def _where_now(teacher: Mapping[str, Any]) -> str:
    """The folder that a student noted, or, where the runs were moved since, its id."""
    try:
        there = (Path(teacher["folder"]) / FACTS).is_file()
    except OSError:  # it lies where this user may not look
        there = False
    return str(teacher["folder"] if there else teacher["run"])


def _listed(teacher: "str | Sequence[str]") -> Sequence[str]:
    return [teacher] if isinstance(teacher, str) else teacher


def _note(run: RunRecord) -> dict[str, str | None]:
    return {"run": run.id, "folder": str(run.folder.resolve()), "weights": run.best_weights_sha256}


def _networks(runs: Sequence[RunRecord], trusted_modules: Sequence[str]) -> "list[keras.Model]":
    return [load_network(run, trusted_modules) for run in runs]


def _check_fits(teacher: RunRecord, student: RunRecord) -> None:
    if teacher.classes != student.classes:
        raise ConfigError(
            f"teacher={teacher.id} has the classes {', '.join(teacher.classes)}; the data have "
            f"{', '.join(student.classes)}. Choose a teacher with the same"
        )
    sizes = teacher.fields["image_size"], student.fields["image_size"]
    if sizes[0] != sizes[1]:
        raise ConfigError(f"teacher={teacher.id} takes faces of {sizes[0]} pixels: set data.image_size={sizes[0]}")
