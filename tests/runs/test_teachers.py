from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from run_fields import made_record

from emolab.errors import ConfigError, RunError
from emolab.runs import RunRecord
from emolab.runs.teachers import check_teachers_stay, find_teachers, teachers_of


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
    return OmegaConf.create({"teacher": teacher, "resume": None, "paths": {"runs": str(root)}, "model": model})


def test_without_a_teacher_there_is_none(tmp_path: Path) -> None:
    assert teachers_of(_cfg(tmp_path, None), _begun(tmp_path, "student")) is None


def test_the_record_names_its_teacher_and_holds_to_it(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    student = _begun(tmp_path, "student")
    assert teachers_of(_cfg(tmp_path), student) is not None
    assert [noted["run"] for noted in student.fields["teachers"]] == [teacher.id]
    _run(tmp_path, "better", best=0.7)  # now teacher=best would mean another
    teachers_of(_cfg(tmp_path), student)
    assert [noted["run"] for noted in student.fields["teachers"]] == [teacher.id]


def test_a_teachers_letters_that_a_terminal_would_act_on_are_told_as_escapes(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    teacher.update(monitor={**teacher.fields["monitor"], "name": "\x1b[2J"})
    teachers_of(_cfg(tmp_path), _begun(tmp_path, "student"))
    assert r"has the highest \x1b[2J, 0.6" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("teacher", "told"),
    [("best", "teacher={0} is"), (" last", "teacher={0} is"), (["last", "other"], r"teacher=\[{0},other\]")],
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
        teachers_of(_cfg(tmp_path, [one.id, other.id]), student)
        assert [noted["run"] for noted in student.fields["teachers"]] == [one.id, other.id]
    _change_weights(other)
    with pytest.raises(ConfigError, match=rf"{other.id} have changed since"):
        teachers_of(_cfg(tmp_path, [one.id, other.id]), student)


def test_a_teacher_teaches_once_however_it_is_named(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    with pytest.raises(RunError, match=f"teacher: best and {teacher.id} are the same run, {teacher.id}"):
        find_teachers(_cfg(tmp_path, ["best", teacher.id]), None)


def test_a_run_from_when_there_was_one_teacher_keeps_it(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    student = _begun(tmp_path, "student")
    teachers_of(_cfg(tmp_path), student)
    (noted,) = student.fields["teachers"]
    student.update(teachers=None, teacher=noted)
    _change_weights(teacher)
    with pytest.raises(ConfigError, match="changed since"):
        teachers_of(_cfg(tmp_path), student)


def test_a_run_that_says_it_had_no_teacher_gets_the_one_that_is_asked_for(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    student = _begun(tmp_path, "student")
    student.update(teachers=None, teacher=None)
    teachers_of(_cfg(tmp_path), student)
    assert [noted["run"] for noted in student.fields["teachers"]] == [teacher.id]


def test_a_teacher_that_changed_since_is_refused(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    student = _begun(tmp_path, "student")
    teachers_of(_cfg(tmp_path), student)
    _change_weights(teacher)
    with pytest.raises(ConfigError, match="changed since"):
        teachers_of(_cfg(tmp_path), student)


def test_a_teacher_is_found_again_where_the_runs_lie_now_and_still_held_to(tmp_path: Path) -> None:
    teacher = _run(tmp_path / "runs", "teacher", best=0.6)
    student = _begun(tmp_path / "runs", "student")
    teachers_of(_cfg(tmp_path / "runs"), student)
    student.close()
    moved = (tmp_path / "runs").rename(tmp_path / "moved")
    student = RunRecord.open(moved / "student" / student.id)
    ((found, _),) = find_teachers(_cfg(moved), student)
    assert found.folder == moved / "teacher" / teacher.id
    noted = {**student.fields["teachers"][0], "folder": str(tmp_path / ("a" * 300))}  # no system lets one look there
    student = RunRecord.resume(student.folder)
    student.update(teachers=[noted])
    assert find_teachers(_cfg(moved), student)[0][0].folder == found.folder
    _change_weights(found)
    with pytest.raises(ConfigError, match="changed since"):
        find_teachers(_cfg(moved), student)


@pytest.mark.parametrize(
    ("other", "message"), [({"classes": ("angry", "sad")}, "angry, sad"), ({"size": 96}, "data.image_size=96")]
)
def test_a_teacher_of_other_classes_or_another_size_is_refused(
    tmp_path: Path, other: dict[str, Any], message: str
) -> None:
    _run(tmp_path, "teacher", 0.6, **other)
    with pytest.raises(ConfigError, match=message):
        teachers_of(_cfg(tmp_path), _begun(tmp_path, "student"))


def test_a_teacher_without_weights_is_refused_and_not_noted(tmp_path: Path) -> None:
    teacher, student = _begun(tmp_path, "teacher"), _begun(tmp_path, "student")
    with pytest.raises(RunError, match="has no 'best' checkpoint"):
        teachers_of(_cfg(tmp_path, teacher.id), student)
    assert student.fields["teachers"] == []


def test_teachers_are_found_before_the_student_has_begun_but_none_is_downloaded(tmp_path: Path) -> None:
    teacher = _run(tmp_path, "teacher", best=0.6)
    cfg = _cfg(tmp_path, ["wandb:one/two/three:latest", teacher.id])
    assert [run.id for run, _ in find_teachers(cfg, None, download=False)] == [teacher.id]
    with pytest.raises(RunError, match="'gone' is neither a run folder nor a run id"):
        find_teachers(_cfg(tmp_path, [teacher.id, "gone"]), None, download=False)
