"""The run that another one learns from: found once, then held to, so that a resumed training has the same teacher."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from emolab.errors import ConfigError
from emolab.runs.network import load_network
from emolab.runs.record import RunRecord
from emolab.runs.select import resolve

if TYPE_CHECKING:
    from emolab.training.distillation import Teacher


def teacher_of(cfg: DictConfig, record: RunRecord) -> "Teacher | None":
    """Return what builds the teacher's network, or None where `cfg.teacher` names none; note it in the record.

    Args:
        cfg: the training's configuration.
        record: of the student. A resumed one names its teacher already: `teacher=best` may mean another by now.

    Raises:
        ConfigError: if the teacher has other classes, another size, or no longer the weights it began with.
        RunError: if there is no such run, or its weights are missing or changed.
    """
    if cfg.teacher is None:
        return None
    noted = record.fields.get("teacher")
    found, reason = resolve(noted["folder"] if noted else cfg.teacher, Path(cfg.paths.runs))
    weights = found.fields["sha256"].get(found.fields["checkpoints"].get("best"))
    if noted and weights != noted["weights"]:
        raise ConfigError(f"resume={cfg.resume}: the weights of its teacher {found.folder} have changed since it began")
    _check_fits(found, record)
    print(f"teacher {found.folder}: {reason}", flush=True)
    if not noted:
        record.update(teacher={"run": found.id, "folder": str(found.folder.resolve()), "weights": weights})
    return partial(load_network, found)


def _check_fits(teacher: RunRecord, student: RunRecord) -> None:
    if teacher.classes != student.classes:
        raise ConfigError(
            f"teacher={teacher.id} has the classes {', '.join(teacher.classes)}; the data have "
            f"{', '.join(student.classes)}. Choose a teacher with the same"
        )
    sizes = teacher.fields["image_size"], student.fields["image_size"]
    if sizes[0] != sizes[1]:
        raise ConfigError(f"teacher={teacher.id} takes faces of {sizes[0]} pixels: set data.image_size={sizes[0]}")
