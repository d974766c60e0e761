"""The runs that another one learns from: found once, then held to, so that a resumed training has the same teachers."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from emolab.config.saved import typed_modules
from emolab.errors import ConfigError
from emolab.runs.network import load_network
from emolab.runs.record import RunRecord
from emolab.runs.select import resolve

if TYPE_CHECKING:
    import keras

    from emolab.training.distillation import Teachers


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
    if cfg.teacher is None:
        return None
    noted = record.fields.get("teachers") or _single(record)
    wanted = [teacher["folder"] for teacher in noted] if noted else _listed(cfg.teacher)
    found = []
    for place, name in enumerate(wanted):
        run, reason = resolve(name, Path(cfg.paths.runs))
        if noted and _weights_of(run) != noted[place]["weights"]:
            raise ConfigError(
                f"resume={cfg.resume}: the weights of its teacher {run.folder} have changed since it began"
            )
        _check_fits(run, record)
        print(f"teacher {run.folder}: {reason}", flush=True)
        found.append(run)
    if not noted:
        record.update(teachers=[_note(run) for run in found])
    return partial(_networks, found, typed_modules(cfg))


def _single(record: RunRecord) -> list[dict[str, str]] | None:
    """Return the teacher of a run that began when there could be one only."""
    teacher = record.fields.get("teacher")
    return [teacher] if teacher else None


def _listed(teacher: "str | Sequence[str]") -> Sequence[str]:
    return [teacher] if isinstance(teacher, str) else teacher


def _note(run: RunRecord) -> dict[str, str | None]:
    return {"run": run.id, "folder": str(run.folder.resolve()), "weights": _weights_of(run)}


def _weights_of(run: RunRecord) -> str | None:
    digest: str | None = run.fields["sha256"].get(run.fields["checkpoints"].get("best"))
    return digest


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
