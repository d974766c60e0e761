import shutil
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from commands import TINY
from made_runs import made_run

from emolab.config.command import composed
from emolab.errors import ConfigError, DataError
from emolab.runs.sameness import plain_settings
from experiments.search.beginning import Beginning, begin
from experiments.sweep import prepare_once, sweep

SPACE = {"optimizer": {"key": "optimizer", "choices": ["adamw", "sgd"]}, "rate": {"key": "r", "low": 0.1}}
FIRST = Beginning(
    ("model=vgg19", "name=s"), ("validation",), SPACE, {"model": {"name": "vgg19"}, "trainer": {"epochs": 5}}
)


@pytest.fixture
def study(tmp_path: Path) -> optuna.Study:
    """In a database, as a sweep's is: what it keeps comes back as JSON."""
    return optuna.create_study(study_name="s", storage=f"sqlite:///{tmp_path / 'study.db'}")


def test_the_same_command_goes_on_in_whatever_order_it_is_given(study, tmp_path):
    begin(study, FIRST, tmp_path / "runs")
    study.ask()
    begin(study, FIRST, tmp_path / "runs")
    begin(study, replace(FIRST, command=FIRST.command[::-1], space=dict(reversed(SPACE.items()))), tmp_path / "runs")
    settings = plain_settings(composed("train", ["data=demo"]))
    begin(study, replace(FIRST, settings={**FIRST.settings, "paths": {"runs": "elsewhere"}}), tmp_path / "runs")
    assert study.user_attrs["command"] == list(FIRST.command)  # as it began
    another = optuna.create_study()
    begin(another, replace(FIRST, settings=settings), tmp_path / "runs")
    another.ask()
    begin(another, replace(FIRST, settings=settings), tmp_path / "runs")
    assert another.user_attrs["settings"] == settings


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"command": ("name=s", "optimizer=adamw")}, r"began with: model=vgg19 name=s\. Now: name=s optimizer=adamw"),
        ({"settings": {"model": {"name": "resnet50"}, "trainer": {"epochs": 5}}}, r"model\.name: vgg19 when it began"),
        ({"objectives": ("flops",)}, r"other objectives: validation\. Now: flops\."),
        ({"space": {**SPACE, "optimizer": {"key": "optimizer", "choices": ["sgd"]}}}, r"What differs: optimizer$"),
        (
            {"settings": {"model": {"name": "vgg19"}, "trainer": {"epochs": 9}}},
            r"config files as they were.* It was: model=vgg19 name=s\.(.|\n)*trainer\.epochs: 5 when it began, 9 now",
        ),
    ],
)
def test_another_command_is_refused_with_what_differs(study, tmp_path, other, told):
    begin(study, FIRST, tmp_path / "runs")
    study.ask()
    with pytest.raises(ConfigError, match=told):
        begin(study, replace(FIRST, **other), tmp_path / "runs")


def test_a_command_that_means_the_same_goes_on(study, tmp_path):
    def beginning(*command: str) -> Beginning:
        return Beginning(command, ("validation",), SPACE, plain_settings(composed("train", command)))

    begin(study, beginning("data=folder", "data.root=photographs"), tmp_path / "runs")
    study.ask()
    for others in (["data.root='photographs'"], ["data.root=/mnt/photographs", "paths.cache=/fast", "seed=0"]):
        begin(study, beginning("data=folder", *others, "logger=wandb"), tmp_path / "runs")
    with pytest.raises(ConfigError, match="seed: 0 when it began, 1 now"):
        begin(study, beginning("data=folder", "data.root=photographs", "seed=1"), tmp_path / "runs")


def test_a_study_without_trials_began_with_nothing_that_binds(study, tmp_path):
    begin(study, replace(FIRST, command=("data.root=photoz", "name=s")), tmp_path / "runs")
    begin(study, FIRST, tmp_path / "runs")
    assert study.user_attrs["command"] == list(FIRST.command)


def test_a_study_whose_worker_was_killed_before_it_had_noted_all_begins_anew(study, tmp_path):
    study.set_user_attr("command", ["name=s"])
    begin(study, FIRST, tmp_path / "runs")
    study.ask()
    begin(study, FIRST, tmp_path / "runs")
    assert study.user_attrs["command"] == list(FIRST.command)


def test_the_trials_of_a_study_that_is_no_sweeps_are_not_taken_for_its_own(study, tmp_path):
    study.ask()
    with pytest.raises(ConfigError, match=r"the study s has trials that no sweep of emolab began\. Give another name"):
        begin(study, FIRST, tmp_path / "runs")


def test_a_new_study_does_not_take_the_runs_of_another_group_of_its_name(study, tmp_path):
    made_run(tmp_path / "runs", 0.7, group={"name": "others", "number": 0})
    taken = made_run(tmp_path / "runs", 0.7, group={"name": "s", "number": 0})
    for _ in range(2):
        with pytest.raises(ConfigError, match=rf"1 runs of a group 's' .* such as {taken.id}: .*another name"):
            begin(study, FIRST, tmp_path / "runs")


def test_a_study_keeps_to_its_data(study, tmp_path, striped_faces):
    faces, listed = tmp_path / "faces", tmp_path / "leave_out.csv"
    shutil.copytree(striped_faces, faces)
    listed.write_text("image\ntrain/sad/0.png\n")
    data = ("data=folder", f"data.root={faces}", "data.image_size=32", f"paths.cache={tmp_path / 'cache'}")
    cfg = composed("train", [*data, f"trainer.leave_out={listed}"])
    prepare_once(cfg, study)
    study.ask()
    prepare_once(cfg, study)
    listed.write_text("image\ntrain/sad/1.png\n")
    with pytest.raises(ConfigError, match=r"what trainer\.leave_out lists changed since the study s began"):
        prepare_once(cfg, study)
    (faces / "train" / "sad" / "0.png").unlink()
    with pytest.raises(ConfigError, match="the data changed since the study s began"):
        prepare_once(cfg, study)


def test_data_that_are_not_there_cost_no_trial(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = [*TINY, "data.root=nowhere", "n_trials=2", "optimizer=adamw"]
    with pytest.raises(DataError, match=r"data\.root=nowhere: no such folder"):
        sweep(composed("sweep", given), given)
    assert "trial 0" not in capsys.readouterr().out
