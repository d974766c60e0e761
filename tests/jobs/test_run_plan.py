import shutil
from typing import Any

import pytest
from made_plans import JOBS, add, plan
from omegaconf import OmegaConf

from emolab.config.command import composed
from emolab.data.configured import prepare_data
from emolab.errors import ConfigError
from emolab.exit_codes import FAILED
from emolab.jobs.process import Outcome
from emolab.jobs.run_plan import check_same, run_plan
from emolab.runs.sameness import config_text


def began_with(key: str, value: Any) -> str:
    """The settings of JOBS[0], but for one that conf/ had when it was trained."""
    cfg = composed("train", JOBS[0])
    OmegaConf.set_struct(cfg, value=False)
    OmegaConf.update(cfg, key, value)
    return config_text(cfg)


def test_of_a_plan_only_what_is_wanted_is_run_and_shown(tmp_path, capsys):
    plan(tmp_path).begin()
    add(tmp_path, 1, config=config_text(composed("train", JOBS[1])))
    assert run_plan(plan(tmp_path), [], "", numbers=[1, 1]) == 0
    told = capsys.readouterr().out
    assert "1 trainings, 1 of them done" in told
    assert told.count("finished") == 1
    assert "missing" not in told
    assert "next:" not in told  # what comes next is whoever planned it to say


def test_a_gate_that_a_finished_training_failed_is_told_and_decides_the_exit_code(tmp_path, capsys):
    plan(tmp_path).begin()
    for number, code in ((0, 0), (1, FAILED)):  # as of debug=overfit
        add(tmp_path, number, config=config_text(composed("train", JOBS[number])))
        plan(tmp_path).note(number, Outcome(code, 3.0, 100.0))
    assert run_plan(plan(tmp_path), [], "", numbers=[0]) == 0
    assert run_plan(plan(tmp_path), [], "", numbers=[0, 1]) == FAILED
    assert "finished, and not good enough: 1, see " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("optimizer.learning_rate", 0.5, "optimizer.learning_rate: 0.5 when it began, 0.0003 now"),
        ("trainer.strategy", {"_target_": "a.B"}, "trainer.strategy._target_: a.B when it began, nothing now"),
        ("callbacks", {"stop": {"patience": 5}}, "callbacks.stop.patience: 5 when it began, nothing now"),
        ("optimizer.beta_2", 0.9, "optimizer.beta_2: 0.9 when it began, nothing now"),
    ],
)
def test_runs_of_a_config_that_was_edited_since_are_refused_with_what_differs(tmp_path, key, value, told):
    plan(tmp_path).begin()
    add(tmp_path, 0, config=began_with(key, value))
    with pytest.raises(ConfigError) as caught:
        run_plan(plan(tmp_path), [], "", numbers=[0])
    assert told in str(caught.value)


def test_a_key_that_is_empty_counts_as_none_and_what_begins_anew_may_differ(tmp_path):
    plan(tmp_path).begin()
    add(tmp_path, 0, config=began_with("aug.sounds", []))  # of another emolab
    add(tmp_path, 1, "failed", config=began_with("trainer.batch_size", 4096))  # out of memory; mended since
    check_same(plan(tmp_path), [0, 1, 2], and_data=False)
    add(tmp_path, 2, "interrupted", state=True, config=began_with("trainer.batch_size", 4096))
    with pytest.raises(ConfigError, match=r"trainer.batch_size: 4096 when it began, 32 now"):
        check_same(plan(tmp_path), [0, 1, 2], and_data=False)


def test_what_is_missing_is_not_trained_on_other_data_than_the_rest(tmp_path, striped_faces):
    faces = tmp_path / "faces"
    shutil.copytree(striped_faces, faces)
    data = ("data=folder", f"data.root={faces}", "data.image_size=32", f"paths.cache={tmp_path / 'cache'}")
    jobs = ((*data, "seed=0"), (*data, "seed=1"))
    done = add(tmp_path, 0, config=config_text(composed("train", jobs[0])))
    done.update(data={**done.facts.data.model_dump(), "content": prepare_data(composed("train", jobs[0])).content})
    check_same(plan(tmp_path, jobs), [0, 1], and_data=True)
    next((faces / "train" / "sad").iterdir()).unlink()
    with pytest.raises(ConfigError, match=f"the data have changed since the run {done.id} began.*another name"):
        run_plan(plan(tmp_path, jobs), [], "")
    add(tmp_path, 1, config=config_text(composed("train", jobs[1])))
    shutil.rmtree(faces)
    assert run_plan(plan(tmp_path, jobs), [], "") == 0  # nothing is missing: its table needs no photographs
