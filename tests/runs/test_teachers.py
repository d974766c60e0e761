from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from run_fields import made_record

from emolab.errors import ConfigError, RunError
from emolab.runs import RunRecord
from emolab.runs.teachers import check_teachers_stay, find_teachers, note_teachers


def _run(root: Path, name: str, best: float, classes: tuple[str, ...] = ("happy", "sad"), size: int = 48) -> RunRecord:
    """A finished run with a file for weights."""
    record = _begun(root, name, classes, size)
    monitor = {"name": "val_accuracy", "mode": "max", "best": best, "epoch": 0}
    record.save_checkpoint("best", lambda path: path.write_text(name), tag=0, monitor=monitor)
    record.finish("finished")
    return record


def _change_weights(run: RunRecord) -> None:
    RunRecord.open(run.folder).save_checkpoint("best", lambda path: path.write_text("changed"), tag=1)


def _begun(root: Path, name: str, classes: tuple[str, ...] = ("happy", "sad"), size: int = 48) -> RunRecord:
    return made_record(root, classes=list(classes), image_size=size, model={"name": name})


def _cfg(root: Path, teacher: str | list[str] | None = "best") -> DictConfig:
    model = {"backbone": {"_target_": "emolab.models.custom_cnn.custom_cnn"}}
    data = {"image_size": 48}
    return OmegaConf.create(
        {"teacher": teacher, "resume": None, "paths": {"runs": str(root)}, "model": model, "data": data}
    )


def _taught(cfg: DictConfig, student: RunRecord) -> list[str]:
    """Find and note the teachers as a training does, and return their ids."""
    data: Any = SimpleNamespace(classes=student.classes, image_size=student.facts.image_size)
    found = find_teachers(cfg, student, data)
    note_teachers(student, found)
    return [run.id for run, _ in found]


def test_without_a_teacher_there_is_none(tmp_path: Path) -> None:
    student = _begun(tmp_path, "student")
    assert _taught(_cfg(tmp_path, None), student) == student.facts.teachers == []


def test_the_record_names_its_teacher_and_holds_to_it(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    student = _begun(tmp_path, "student")
    assert _taught(_cfg(tmp_path), student) == [teacher.id]
    assert [noted.run for noted in student.facts.teachers] == [teacher.id]
    assert [(one.run, one.data) for one in student.facts.ancestors] == [(teacher.id, teacher.facts.data)]
    _run(tmp_path, "better", best=0.7)  # now teacher=best would mean another
    _taught(_cfg(tmp_path), student)
    assert [noted.run for noted in student.facts.teachers] == [teacher.id]


def test_a_teachers_letters_that_a_terminal_would_act_on_are_told_as_escapes(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    teacher.update(monitor={**teacher.facts.monitor.model_dump(), "name": "\x1b[2J"})
    _taught(_cfg(tmp_path), _begun(tmp_path, "student"))
    assert r"has the highest \x1b[2J, 0.6" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("teacher", "told"),
    [
        ("best", "such as teacher={0}$"),
        (" last", "such as teacher={0}$"),
        (["last", "other"], r"such as teacher=\[{0},other\]$"),
    ],
)
def test_many_trainings_must_name_their_teachers_and_are_told_the_name(
    tmp_path: Path, teacher: str | list[str], told: str
) -> None:
    run = _run(tmp_path, "teacher", best=0.6)
    with pytest.raises(ConfigError, match=told.format(run.id)):
        check_teachers_stay(_cfg(tmp_path, teacher))
    for named in (None, run.id, [str(run.folder), "wandb:me/emolab/train:v12"]):
        check_teachers_stay(_cfg(tmp_path, named))


@pytest.mark.parametrize("alias", ["latest", "v3-of-mine", "20261124-101500-k3f9"])
def test_many_trainings_must_name_the_version_of_a_teacher_in_wandb(tmp_path: Path, alias: str) -> None:
    teacher = f"wandb:me/emolab/train:{alias}"
    with pytest.raises(ConfigError, match=f"teacher={teacher}: an alias .* Name a version, such as :v3"):
        check_teachers_stay(_cfg(tmp_path, ["gone", f" {teacher}"]))


def test_several_teachers_are_noted_in_their_order_and_each_is_held_to(tmp_path: Path) -> None:
    one, other = (_run(tmp_path, name, best) for name, best in (("one", 0.6), ("other", 0.7)))
    student = _begun(tmp_path, "student")
    for _ in range(2):  # begun, then resumed
        _taught(_cfg(tmp_path, [one.id, other.id]), student)
        assert [noted.run for noted in student.facts.teachers] == [one.id, other.id]
    _change_weights(other)
    with pytest.raises(ConfigError, match=rf"{other.id} have changed since"):
        _taught(_cfg(tmp_path, [one.id, other.id]), student)


def test_a_teacher_teaches_once_however_it_is_named(tmp_path: Path) -> None:
    teacher, student = _run(tmp_path, "teacher", best=0.6), _begun(tmp_path, "student")
    with pytest.raises(RunError, match=f"teacher: best and {teacher.id} are the same run, {teacher.id}"):
        _taught(_cfg(tmp_path, ["best", teacher.id]), student)


def test_a_teacher_that_changed_since_is_refused(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    student = _begun(tmp_path, "student")
    _taught(_cfg(tmp_path), student)
    _change_weights(teacher)
    with pytest.raises(ConfigError, match="changed since"):
        _taught(_cfg(tmp_path), student)


def test_a_teacher_is_found_again_where_the_runs_lie_now_and_still_held_to(tmp_path: Path) -> None:
    teacher = _run(tmp_path / "runs", "teacher", best=0.6)
    student = _begun(tmp_path / "runs", "student")
    _taught(_cfg(tmp_path / "runs"), student)
    student.close()
    moved = (tmp_path / "runs").rename(tmp_path / "moved")
    student = RunRecord.open(moved / "student" / student.id)
    ((found, _),) = find_teachers(_cfg(moved), student)
    assert found.folder == moved / "teacher" / teacher.id
    nowhere = str(tmp_path / ("a" * 300))  # no system lets one look there
    noted = {**student.facts.teachers[0].model_dump(), "folder": nowhere}
    student = RunRecord.resume(student.folder)
    student.update(teachers=[noted])
    assert find_teachers(_cfg(moved), student)[0][0].folder == found.folder
    _change_weights(found)
    with pytest.raises(ConfigError, match="changed since"):
        find_teachers(_cfg(moved), student)


@pytest.mark.parametrize(
    ("other", "message"), [({"classes": ("angry", "sad")}, "angry, sad"), ({"size": 96}, "data.image_size=96")]
)
def test_of_runs_with_other_classes_or_another_size_none_is_the_best_and_one_that_is_named_is_refused(
    tmp_path: Path, other: dict[str, Any], message: str
) -> None:
    fitting = [_run(tmp_path, "small", 0.5), _run(tmp_path, "large", 0.6)]
    unlike = _run(tmp_path, "unlike", 0.9, **other)
    assert _taught(_cfg(tmp_path, ["best"]), _begun(tmp_path, "student")) == [fitting[1].id]
    assert _taught(_cfg(tmp_path, ["last"]), _begun(tmp_path, "student")) != [unlike.id]
    with pytest.raises(ConfigError, match=message):
        _taught(_cfg(tmp_path, unlike.id), _begun(tmp_path, "student"))


def test_where_no_run_can_teach_what_was_sought_is_told(tmp_path: Path) -> None:
    _run(tmp_path, "faces", 0.9, classes=("angry", "sad"))
    with pytest.raises(
        RunError, match=r"no finished run where image_size=48, classes=\['happy', 'sad'\]\.\nRuns under"
    ):
        _taught(_cfg(tmp_path), _begun(tmp_path, "student"))


def test_before_the_classes_are_known_no_run_that_could_never_teach_is_in_the_way(tmp_path: Path) -> None:
    other = _run(tmp_path, "faces", 0.9, classes=("angry", "sad"))
    other.update(monitor={"name": "val_loss", "mode": "min", "best": 0.1, "epoch": 0})
    other.checkpoint_path("best").unlink()
    _run(tmp_path, "teacher", 0.6)
    cfg = _cfg(tmp_path, ["best", "last"])
    assert find_teachers(cfg, None) == []
    cfg.data.image_size = 96
    with pytest.raises(RunError, match="no finished run where image_size=96"):
        find_teachers(cfg, None)
    with pytest.raises(ConfigError, match=r"such as teacher=<its id>$"):
        check_teachers_stay(_cfg(tmp_path))


def test_a_teacher_without_weights_is_refused_and_not_noted(tmp_path: Path) -> None:
    teacher, student = _begun(tmp_path, "teacher"), _begun(tmp_path, "student")
    with pytest.raises(RunError, match="has no 'best' checkpoint"):
        _taught(_cfg(tmp_path, teacher.id), student)
    assert student.facts.teachers == []


def test_teachers_are_found_before_the_student_has_begun_but_none_is_downloaded(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    cfg = _cfg(tmp_path, ["wandb:one/two/three:latest", teacher.id])
    assert [run.id for run, _ in find_teachers(cfg, None)] == [teacher.id]
    with pytest.raises(RunError, match="'gone' is neither a run folder nor a run id"):
        find_teachers(_cfg(tmp_path, [teacher.id, "gone"]), None)
