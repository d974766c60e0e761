import pytest
from made_plans import JOBS, add, plan

from emolab.config.command import composed
from emolab.errors import ConfigError
from emolab.jobs import Plan
from emolab.jobs.group import run_of


def test_a_grid_goes_on_with_what_is_not_finished(tmp_path):
    grid = plan(tmp_path)
    add(tmp_path, 0)
    add(tmp_path, 1, "interrupted")
    add(tmp_path, 2, "finished", group="another")
    assert grid.missing() == [1, 2]


def test_an_interrupted_training_is_resumed_where_it_has_a_state(tmp_path):
    root = tmp_path / "emolab (1), lr=0"  # a path that Hydra's grammar would take for more than text
    grid = plan(root)
    assert grid.command(1)[3:] == ["model=vgg19", "seed=1", "group.name=g", "group.number=1"]
    add(root, 1, "failed")
    assert not grid.command(1)[-1].startswith("resume=")
    record = add(root, 1, "interrupted", state=True)
    assert composed("train", grid.command(1)[3:]).resume == str(record.folder)
    add(root, 0, "finished", state=True)
    assert not grid.command(0)[-1].startswith("resume=")


def test_of_a_numbers_finished_runs_the_one_that_started_last_counts(tmp_path):
    newest, older = add(tmp_path, 1), add(tmp_path, 1)
    older.update(started="2020-01-01T00:00:00.000+00:00")
    add(tmp_path, None)  # somebody trained it by hand with the group's name
    assert plan(tmp_path).records().keys() == {1}
    found = run_of(tmp_path / "runs", "g", 1)
    assert found is not None
    assert found.id == newest.id
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


def test_the_order_of_jobs_and_of_their_overrides_means_nothing_but_for_the_same_key(tmp_path):
    jobs = (("seed=0", "name=a", "model=vgg19", "+seed=1"), ("seed=2",))
    plan(tmp_path, jobs).begin()
    again = ("model=vgg19", "seed=0", "+seed=1", "name=a")
    assert plan(tmp_path, (jobs[1], again)).begin().jobs == jobs
    assert plan(tmp_path, (again,)).grown().jobs == jobs
    assert plan(tmp_path, jobs).number_of(again) == 0
    with pytest.raises(ConfigError, match=r"now: \+seed=1 seed=0"):
        plan(tmp_path, (("+seed=1", "seed=0", "name=a", "model=vgg19"), jobs[1])).begin()
    with pytest.raises(ConfigError, match="2 trainings when it began, 3 now"):
        plan(tmp_path, (*jobs, again)).begin()


def test_a_grid_that_cannot_be_written_says_which_setting_names_its_folder(tmp_path):
    (tmp_path / "grids").write_text("a file in the way")
    told = r"grids/g can't be written: .*paths\.grids"
    with pytest.raises(ConfigError, match=told), plan(tmp_path).owned():
        pass
    with pytest.raises(ConfigError, match=told):
        plan(tmp_path).begin()


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


def test_a_plan_whose_teacher_may_change_is_refused_unless_it_was_begun_so(tmp_path):
    teacher = add(tmp_path, 0, group="another")
    monitor = {"name": "val_accuracy", "mode": "max", "best": 0.7, "epoch": 0}
    teacher.save_checkpoint("best", lambda path: path.write_text("w"), tag=0, monitor=monitor)
    jobs = tuple(("experiment=distill", f"paths.runs={tmp_path / 'runs'}", f"seed={seed}") for seed in (0, 1))
    with pytest.raises(ConfigError, match=f"such as teacher={teacher.id}"), plan(tmp_path, jobs).owned():
        pass
    assert not (tmp_path / "grids").exists()
    with plan(tmp_path, tuple((*job, f"teacher={teacher.id}") for job in jobs)).owned():
        pass
    plan(tmp_path, jobs[:1]).begin()  # as an emolab that didn't ask did
    with plan(tmp_path, jobs[:1]).owned():
        pass
    with pytest.raises(ConfigError, match="so that all have the same"), plan(tmp_path, jobs).owned():
        pass


def test_a_finished_run_counts_more_than_a_newer_one_that_is_not(tmp_path):
    done = add(tmp_path, 0)
    done.update(started="2020-01-01T00:00:00.000+00:00")
    add(tmp_path, 0, status="failed")
    assert run_of(tmp_path / "runs", "g", 0).id == done.id
