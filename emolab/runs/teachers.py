"""The runs that another one learns from: found once, then held to, so that a resumed training has the same teachers."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from emolab.config.saved import typed_modules
from emolab.errors import ConfigError, RunError, printable
from emolab.runs.ancestors import with_parents
from emolab.runs.layout import FACTS
from emolab.runs.network import load_network
from emolab.runs.record import RunRecord
from emolab.runs.schema import Teacher
from emolab.runs.select import check_distinct, is_artifact, list_runs, matching, resolve

if TYPE_CHECKING:
    import keras

    from emolab.data.datamodule import DataModule
    from emolab.training.distillation import Teachers

MOVING = ("best", "last")  # names that mean another run later
_VERSION = re.compile(r":v\d+$")  # of a W&B artifact; any other alias may mean another one later


def find_teachers(
    cfg: DictConfig, student: RunRecord | None, data: "DataModule | None" = None
) -> list[tuple[RunRecord, str]]:
    """Return the runs that `cfg.teacher` means, each with a sentence why it's that one; none where it's null.

    `best` and `last` are of the runs that can teach this training: with its classes and its size of faces.

    Args:
        cfg: the training's configuration; `teacher` names one run or a list.
        student: the run that learns from them, which may name them already: `teacher=best` may mean another by now.
            None where it hasn't begun.
        data: what it learns from, too. None where they aren't prepared: of `best` and `last` is only known then
            whether a run could be one, because its classes are still unknown, and W&B's artifacts, which would be
            downloaded, are left out, too.

    Raises:
        ConfigError: if a teacher has other classes, another size, or no longer the weights that the student began with.
        RunError: if there is no such run, two are the same, or its weights are missing or changed.
    """
    if cfg.teacher is None:
        return []
    noted = None if student is None else student.facts.teachers
    wanted = [_where_now(teacher) for teacher in noted] if noted else _listed(cfg.teacher)
    names = [name for name in wanted if data is not None or not (is_artifact(name) or _may_be(name, cfg))]
    found = [resolve(name, Path(cfg.paths.runs), _fitting(cfg, data)) for name in names]
    for place, (run, _) in enumerate(found):
        if noted and run.best_weights_sha256 != noted[place].weights:
            raise ConfigError(
                f"resume={cfg.resume}: the weights of its teacher {run.folder} have changed since it began"
            )
        run.checkpoint_path("best")
        if data is not None:
            _check_fits(run, data)
    if not noted:  # who has begun keeps the teachers it has
        check_distinct("teacher", names, [run for run, _ in found])
    return found


def note_teachers(student: RunRecord, found: Sequence[tuple[RunRecord, str]]) -> None:
    """Print who teaches, and why, and note it in the student's record, which keeps the teachers that it has."""
    for run, reason in found:
        print(printable(f"teacher {run.folder}: {reason}"), flush=True)
    if found and not student.facts.teachers:
        ancestors = with_parents(student.facts.ancestors, [run for run, _ in found])
        noted = {"teachers": [_note(run) for run, _ in found], "ancestors": [one.model_dump() for one in ancestors]}
        student.update(**noted)


def networks_of(cfg: DictConfig, found: Sequence[tuple[RunRecord, str]]) -> "Teachers | None":
    """Return what builds the networks of the teachers that were found, or None where there are none.

    A module of the user's own that the student's network comes from is trusted with the teachers', too.
    """
    return partial(_networks, [run for run, _ in found], typed_modules(cfg)) if found else None


def check_teachers_stay(cfg: DictConfig) -> None:
    """Refuse as teachers of many trainings what each would take for what it means when it begins.

    That is `best`, `last`, and W&B's artifacts by an alias, such as `latest`, which students are published under.
    The first student that beats its teacher would teach the next ones, and a table would compare unlike things.

    Args:
        cfg: the configuration of one of the trainings.

    Raises:
        ConfigError: with the id to give, where it's known.
    """
    given = [] if cfg.teacher is None else [name.strip() for name in _listed(cfg.teacher)]
    if moving := [name for name in given if name in MOVING]:
        now = [_id_now(name, cfg) if name in MOVING else name for name in given]
        names = now[0] if isinstance(cfg.teacher, str) else f"[{','.join(now)}]"
        raise ConfigError(
            f"teacher={moving[0]}: a student of these trainings may become that, and would teach the next ones. Name "
            f"the run, so that all have the same teacher, such as teacher={names}"
        )
    if moving := [name for name in given if is_artifact(name) and not _VERSION.search(name)]:
        raise ConfigError(
            f"teacher={moving[0]}: an alias may mean another artifact by the time the next of these trainings begins. "
            "Name a version, such as :v3, so that all have the same teacher"
        )


def _may_be(name: str, cfg: DictConfig) -> bool:
    """Whether it's `best` or `last` and there are runs of which one may be it, which the classes will tell."""
    return name.strip() in MOVING and bool(matching(list_runs(Path(cfg.paths.runs)), _fitting(cfg)))


def _id_now(name: str, cfg: DictConfig) -> str:
    """The id of what `best` or `last` may mean; the classes, which only the data know, could make it another."""
    try:
        return resolve(name, Path(cfg.paths.runs), _fitting(cfg))[0].id
    except RunError:  # none fits yet, or they can't be compared
        return "<its id>"


def _fitting(cfg: DictConfig, data: "DataModule | None" = None) -> dict[str, Any]:
    """What of a run must be as in this training for it to teach, as far as it's known; see `resolve`."""
    classes = {} if data is None else {"classes": list(data.classes)}
    return {"image_size": cfg.data.image_size, **classes}


def _where_now(teacher: Teacher) -> str:
    """The folder that a student noted, or, where the runs were moved since, its id."""
    try:
        there = (Path(teacher.folder) / FACTS).is_file()
    except OSError:  # it lies where this user may not look
        there = False
    return teacher.folder if there else teacher.run


def _listed(teacher: "str | Sequence[str]") -> Sequence[str]:
    return [teacher] if isinstance(teacher, str) else teacher


def _note(run: RunRecord) -> dict[str, str | None]:
    return {"run": run.id, "folder": str(run.folder.resolve()), "weights": run.best_weights_sha256}


def _networks(runs: Sequence[RunRecord], trusted_modules: Sequence[str]) -> "list[keras.Model]":
    return [load_network(run, trusted_modules) for run in runs]


def _check_fits(teacher: RunRecord, data: "DataModule") -> None:
    if teacher.classes != tuple(data.classes):
        raise ConfigError(
            f"teacher={teacher.id} has the classes {', '.join(teacher.classes)}; the data have "
            f"{', '.join(data.classes)}. Choose a teacher with the same"
        )
    size = teacher.facts.image_size
    if size != data.image_size:
        raise ConfigError(f"teacher={teacher.id} takes faces of {size} pixels: set data.image_size={size}")
