from pathlib import Path

import pytest
from made_photographs import class_folders
from run_fields import FIELDS, made_record

from emolab.config.command import check_command, composed
from emolab.data.configured import prepare_data
from emolab.data.datamodule import DataModule
from emolab.errors import ConfigError, RunError
from emolab.runs import RunRecord
from emolab.runs.session import begin, check_named, run_to_resume, take_up, weights_to_begin_from


def _taken_up(folder: Path, *more: str) -> RunRecord:
    """A run of the photographs in `folder`, as a training begins it or takes it up, and lets go of it at once."""
    data = ("data=folder", f"data.root={folder / 'photographs'}", "data.image_size=32", "workers=1")
    paths = (f"paths.runs={folder / 'runs'}", f"paths.cache={folder / 'cache'}")
    cfg = composed("train", ["model=custom_cnn", *data, *paths, *more])
    data = DataModule(prepare_data(cfg), batch_size=4, seed=0)
    resumed = run_to_resume(cfg, data)
    weights = weights_to_begin_from(cfg, resumed)
    record = begin(cfg, data, weights, {}, more) if resumed is None else take_up(resumed, data)
    record.close()
    return record


def test_a_run_goes_on_with_the_data_that_it_began_with_and_with_no_others(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "photographs", {"anger": 20, "sad": 20})
    begun = _taken_up(tmp_path, "name=a b")
    with pytest.raises(ConfigError, match=r"that began it, python -m emolab\.train 'name=a b', or leave out resume"):
        _taken_up(tmp_path, "name=a b", "seed=1", f"resume={begun.id}")
    assert _taken_up(tmp_path, "name=a b", f"resume={begun.id}").folder == begun.folder
    (root / "anger" / "7.jpg").unlink()
    with pytest.raises(ConfigError, match=f"the data have changed since the run {begun.id} began"):
        _taken_up(tmp_path, "name=a b", f"resume={begun.id}")


def test_a_run_that_begins_from_another_notes_what_that_one_and_its_ancestors_learned_from(tmp_path: Path) -> None:
    class_folders(tmp_path / "photographs", {"anger": 20, "sad": 20})
    first = made_record(tmp_path / "runs", model={"name": "custom_cnn"})
    first.save_checkpoint("best", lambda path: path.write_bytes(b"weights"), tag=0)
    first.close()
    second = _taken_up(tmp_path, f"model.weights={first.folder}")
    second.save_checkpoint("best", lambda path: path.write_bytes(b"weights"), tag=0)
    third = _taken_up(tmp_path, f"model.weights={second.checkpoint_path('best')}")
    found = [(one.run, one.data.content) for one in third.facts.ancestors]
    assert found == [(second.id, second.facts.data.content), (first.id, "abc")]
    assert _taken_up(tmp_path, "model.weights=null").facts.ancestors == []


def test_a_name_of_digits_is_text(tmp_path: Path) -> None:
    check_command("train", ["data=folder", "data.root=photographs", "name=2026", "data.name=48"])
    class_folders(tmp_path / "photographs", {"anger": 20, "sad": 20})
    run = _taken_up(tmp_path, "name=2026", "data.name=48")
    assert (run.name, run.folder.parent.name, run.facts.data.name) == ("2026", "2026", "48")
    assert _taken_up(tmp_path, "name=2026", "data.name=48", f"resume={run.id}").folder == run.folder


def test_a_run_with_a_state_needs_neither_its_first_weights_nor_the_teachers_that_are_best_by_now(
    tmp_path: Path,
) -> None:
    teacher = RunRecord.create(tmp_path, "teacher", FIELDS)
    teacher.save_checkpoint("best", lambda path: path.write_bytes(b"weights"), tag=0)
    teacher.finish("finished")
    cfg = composed(
        "train", ["data=folder", "data.root=gone", f"paths.runs={tmp_path}", "model.weights=gone.h5", "teacher=best"]
    )
    begun = RunRecord.create(tmp_path, "student", FIELDS)
    noted = {
        "run": teacher.id,
        "folder": str(teacher.folder),
        "weights": teacher.facts.sha256["checkpoints/best-0.weights.h5"],
    }
    begun.update(teachers=[noted])
    cfg.resume = begun.id
    with pytest.raises(ConfigError, match=r"model.weights=gone.h5 is not a file"):
        check_named(cfg)
    begun.save_checkpoint("last", lambda path: path.write_bytes(b"state"), tag=3)
    check_named(cfg)
    cfg.resume = None
    cfg.model.weights = None
    cfg.teacher = "nobody"
    with pytest.raises(RunError, match="'nobody' is neither a run folder"):
        check_named(cfg)


def test_what_would_have_to_be_downloaded_is_left_for_later(tmp_path: Path) -> None:
    later = ("model.weights=imagenet", "teacher='wandb:one/two/three:latest'")
    check_named(composed("train", ["data=folder", "data.root=gone", f"paths.runs={tmp_path}", *later]))
    resumed = ("resume='wandb:one/two/three:latest'", "teacher=gone", "model.weights=gone.h5")
    check_named(composed("train", ["data=folder", "data.root=gone", f"paths.runs={tmp_path}", *resumed]))
