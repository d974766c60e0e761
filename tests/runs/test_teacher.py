from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from emolab.errors import ConfigError
from emolab.runs import RunRecord
from emolab.runs.teacher import teacher_of


def _run(root: Path, name: str, best: float, classes: tuple[str, ...] = ("happy", "sad"), size: int = 48) -> RunRecord:
    """A finished run with a file for weights."""
    record = _begun(root, name, classes, size)
    monitor = {"name": "val_accuracy", "mode": "max", "best": best, "epoch": 0}
    record.save_checkpoint("best", ".weights.h5", lambda path: path.write_text(name), tag=0, monitor=monitor)
    record.finish("finished")
    return record


def _begun(root: Path, name: str, classes: tuple[str, ...] = ("happy", "sad"), size: int = 48) -> RunRecord:
    fields: dict[str, Any] = {
        "classes": list(classes),
        "image_size": size,
        "monitor": {"name": "val_accuracy", "mode": "max"},
        "data": {"name": "tiny", "fingerprint": "0"},
        "model": {"name": name, "parameters": 1, "weights": {}},
        "seed": 0,
    }
    return RunRecord.create(root, name, fields)


def _cfg(root: Path, teacher: str | None = "best") -> DictConfig:
    return OmegaConf.create({"teacher": teacher, "resume": None, "paths": {"runs": str(root)}})


def test_without_a_teacher_there_is_none(tmp_path: Path) -> None:
    assert teacher_of(_cfg(tmp_path, None), _begun(tmp_path, "student")) is None


def test_the_record_names_its_teacher_and_holds_to_it(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    student = _begun(tmp_path, "student")
    assert teacher_of(_cfg(tmp_path), student) is not None
    assert student.fields["teacher"]["run"] == teacher.id
    _run(tmp_path, "better", best=0.7)  # now teacher=best would mean another
    teacher_of(_cfg(tmp_path), student)
    assert student.fields["teacher"]["run"] == teacher.id


def test_a_teacher_that_changed_since_is_refused(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    student = _begun(tmp_path, "student")
    teacher_of(_cfg(tmp_path), student)
    again = RunRecord.resume(teacher.folder)
    again.save_checkpoint("best", ".weights.h5", lambda path: path.write_text("other"), tag=1)
    again.finish("finished")
    with pytest.raises(ConfigError, match="changed since"):
        teacher_of(_cfg(tmp_path), student)


@pytest.mark.parametrize(
    ("other", "message"), [({"classes": ("angry", "sad")}, "angry, sad"), ({"size": 96}, "data.image_size=96")]
)
def test_a_teacher_of_other_classes_or_another_size_is_refused(
    tmp_path: Path, other: dict[str, Any], message: str
) -> None:
    _run(tmp_path, "teacher", 0.6, **other)
    with pytest.raises(ConfigError, match=message):
        teacher_of(_cfg(tmp_path), _begun(tmp_path, "student"))
