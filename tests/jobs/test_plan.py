from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from emolab.cli import composed
from emolab.config.overrides import search_path
from emolab.config.tree import conf_folder
from emolab.errors import ConfigError
from emolab.jobs import Plan
from emolab.jobs.grid import check_settings, expanded, planned, run_plan, table_of
from emolab.jobs.plan import run_of
from emolab.runs import RunRecord
from emolab.runs.sameness import config_text

JOBS = (("model=vgg19", "seed=0"), ("model=vgg19", "seed=1"), ("model=resnet50", "seed=0"))
DATA = ("data=folder", "data.root=faces")


def plan(folder: Path, jobs=JOBS) -> Plan:
    return Plan(folder / "grids" / "g", "g", folder / "runs", jobs)


def add(
    root: Path, number: int, status: str = "finished", state: bool = False, group: str = "g", config: str = "{}"
) -> RunRecord:
    fields = {
        "classes": ["a", "b"], "image_size": 48, "seed": 0, "data": {"name": "d", "fingerprint": "f"},
        "model": {"name": "vgg19"}, "monitor": {"name": "val_accuracy", "mode": "max"},
        "group": {"name": group, "number": number},
    }  # fmt: skip
    record = RunRecord.create(root / "runs", "vgg19", fields, config)
    if state:
        record.save_checkpoint("last", ".npz", lambda path: path.write_text("w"), tag=1)
    record.finish(status)
    return record


def began_with(key: str, value: Any) -> str:
    """The settings of JOBS[0], but for one that conf/ had when it was trained."""
    cfg = composed("train", JOBS[0])
    OmegaConf.set_struct(cfg, value=False)
    OmegaConf.update(cfg, key, value)
    return config_text(cfg)


def test_every_combination_is_a_training_and_the_last_choice_varies_fastest():
    jobs = expanded(["data=fer2013", "model=vgg19,resnet50", "seed=0,1"])
    assert jobs == tuple(
        ("data=fer2013", f"model={model}", f"seed={seed}") for model in ("vgg19", "resnet50") for seed in (0, 1)
    )


def test_a_list_is_one_value_and_a_range_is_several():
    jobs = expanded(["model.backbone.widths=[4,8]", "seed=range(3)"])
    assert jobs == tuple(("model.backbone.widths=[4,8]", f"seed={seed}") for seed in range(3))


def test_a_grid_goes_on_with_what_is_not_finished(tmp_path):
    grid = plan(tmp_path)
    add(tmp_path, 0)
    add(tmp_path, 1, "interrupted")
    add(tmp_path, 2, "finished", group="another")
    assert grid.missing() == [1, 2]


def test_an_interrupted_training_is_resumed_where_it_has_a_state(tmp_path):
    grid = plan(tmp_path)
    assert grid.command(1)[3:] == ["model=vgg19", "seed=1", "group.name=g", "group.number=1"]
    add(tmp_path, 1, "failed")
    assert not grid.command(1)[-1].startswith("resume=")
    record = add(tmp_path, 1, "interrupted", state=True)
    assert grid.command(1)[-1] == f"resume={record.folder}"
    add(tmp_path, 0, "finished", state=True)
    assert not grid.command(0)[-1].startswith("resume=")


def test_the_newest_run_of_a_number_counts(tmp_path):
    add(tmp_path, 1, "failed")
    newest = add(tmp_path, 1)
    found = run_of(tmp_path / "runs", "g", 1)
    assert found is not None
    assert {found.id, newest.id} == {newest.id}
    assert run_of(tmp_path / "runs", "g", 7) is None


def test_a_plan_is_the_same_when_read_again(tmp_path):
    plan(tmp_path).begin()
    plan(tmp_path).begin()
    assert Plan.open(tmp_path / "grids" / "g") == plan(tmp_path)


def test_another_grid_in_the_same_folder_is_refused_with_what_differs(tmp_path):
    plan(tmp_path).begin()
    with pytest.raises(ConfigError, match="now: model=vgg19 seed=9") as caught:
        plan(tmp_path, (*JOBS[:2], ("model=vgg19", "seed=9"))).begin()
    assert "when it began: model=resnet50 seed=0" in str(caught.value)


def test_what_differs_heads_the_table(tmp_path):
    grid = plan(tmp_path, tuple(("data=x", *job) for job in JOBS))
    assert grid.differing() == ("seed", "model")
    assert [grid.value(number, "model") for number in range(3)] == ["vgg19", "vgg19", "resnet50"]
    columns = table_of(grid, range(3)).columns
    assert [str(column.header).strip() for column in columns][1:3] == ["seed", "model"]
    assert list(columns[2].cells) == ["vgg19", "vgg19", "resnet50"]


def test_trainings_that_each_set_something_else_have_it_in_one_column(tmp_path):
    levers = plan(tmp_path, (("data=x",), ("data=x", "optimizer=sgd", "seed=1"), ("data=x", "model=vgg19")))
    columns = table_of(levers, range(3)).columns
    assert str(columns[1].header).strip() == "sets"
    assert list(columns[1].cells) == ["", "optimizer=sgd seed=1", "model=vgg19"]


def test_resume_names_a_grid_and_a_wrong_one_is_answered_with_those_there_are(tmp_path):
    where = (f"paths.grids={tmp_path / 'grids'}", f"paths.runs={tmp_path / 'runs'}", *DATA, "seed=0,1")
    first, launcher = planned(["-m", *where, "hydra/launcher=basic"])
    assert launcher == ["hydra/launcher=basic"]
    first.begin()
    assert planned(["-m", *where, "resume=last"])[0] == first
    assert planned(["-m", *where, f"resume={first.name}"])[0] == first
    with pytest.raises(ConfigError, match=f"no such grid .*{first.name}"):
        planned(["-m", *where, "resume=20200101-000000-aaaa"])


def test_a_grid_that_cannot_be_written_says_which_setting_names_its_folder(tmp_path):
    (tmp_path / "grids").write_text("a file in the way")
    with pytest.raises(ConfigError, match=r"can't write to .*grids/g: .*paths\.grids"):
        plan(tmp_path).begin()


def test_configs_of_ones_own_reach_every_training_of_a_grid(tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    text = (conf_folder() / "model" / "custom_cnn.yaml").read_text().replace("stem: 48", "stem: 4")
    (tmp_path / "mine" / "model" / "small.yaml").write_text(text)
    grid, launcher = planned(["-m", *DATA, "model=small,vgg19", "--config-dir", str(tmp_path / "mine")])
    assert launcher == [search_path([tmp_path / "mine"])]  # a launcher may be one of them
    assert [composed("train", job).model.name for job in grid.jobs] == ["custom_cnn", "vgg19"]
    assert composed("train", grid.jobs[0]).model.backbone.stem == 4
    with pytest.raises(ConfigError, match="--cfg can't be given with -m"):
        planned(["-m", *DATA, "seed=0,1", "--cfg", "job"])


def test_runs_of_the_same_group_that_a_plan_does_not_know_are_not_taken_for_its_own(tmp_path):
    add(tmp_path, 0)
    for begin in (plan(tmp_path).begin, plan(tmp_path).grown):
        with pytest.raises(ConfigError, match="1 runs of a group 'g'"):
            begin()
    assert not (tmp_path / "grids").exists()


def test_a_grown_plan_keeps_the_numbers_of_what_was_there(tmp_path):
    assert plan(tmp_path, JOBS[:2]).grown().jobs == JOBS[:2]
    assert plan(tmp_path, (JOBS[2], JOBS[1])).grown().jobs == JOBS
    assert Plan.open(tmp_path / "grids" / "g").jobs == JOBS


def test_one_command_at_a_time_works_on_a_plan(tmp_path):
    with plan(tmp_path).owned():
        plan(tmp_path).begin()
        with pytest.raises(ConfigError, match=r"grids/g: another command .* Wait until"), plan(tmp_path).owned():
            pass
    with plan(tmp_path).owned():
        assert plan(tmp_path).grown() == plan(tmp_path)


def test_of_a_plan_only_what_is_wanted_is_run_and_shown(tmp_path, capsys):
    plan(tmp_path).begin()
    add(tmp_path, 1, config=config_text(composed("train", JOBS[1])))
    assert run_plan(plan(tmp_path), [], "", numbers=[1, 1], compares=False) == 0
    told = capsys.readouterr().out
    assert "1 trainings, 1 of them done" in told
    assert "compare" not in told
    assert told.count("finished") == 1
    assert "missing" not in told


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
        run_plan(plan(tmp_path), [], "", numbers=[0], compares=False)
    assert told in str(caught.value)


def test_a_key_that_is_empty_counts_as_none_and_what_begins_anew_may_differ(tmp_path):
    plan(tmp_path).begin()
    add(tmp_path, 0, config=began_with("aug.sounds", []))  # of another emolab
    add(tmp_path, 1, "failed", config=began_with("trainer.batch_size", 4096))  # out of memory; mended since
    check_settings(plan(tmp_path), [0, 1, 2])
    add(tmp_path, 2, "interrupted", state=True, config=began_with("trainer.batch_size", 4096))
    with pytest.raises(ConfigError, match=r"trainer.batch_size: 4096 when it began, 32 now"):
        check_settings(plan(tmp_path), [0, 1, 2])


def test_a_finished_run_counts_more_than_a_newer_one_that_is_not(tmp_path):
    done = add(tmp_path, 0)
    add(tmp_path, 0, status="interrupted")
    assert run_of(tmp_path / "runs", "g", 0).id == done.id
