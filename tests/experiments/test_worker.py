import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
from made_runs import made_run
from made_worker import worker
from optuna.trial import TrialState
from sqlalchemy.exc import ProgrammingError

from emolab.config.command import composed
from emolab.errors import ConfigError
from emolab.runs import RunRecord
from emolab.runs.sameness import config_text, plain_settings
from experiments import sweep as sweeps
from experiments.search import storage
from experiments.search import study as shared
from experiments.search import trial as trials
from experiments.search import worker as workers
from experiments.search.beginning import Beginning, begin, check_data
from experiments.search.space import space_of
from experiments.search.worker import Worker
from experiments.sweep import (
    _STARTED,
    check_launcher,
    conclude,
    directions,
    fixed_overrides,
    main,
    start_workers,
    sweep,
)


def test_a_finished_run_without_its_latency_is_a_failed_trial_and_the_study_goes_on(tmp_path, monkeypatch):
    objectives = ("validation", "latency_ms")
    search = {"objectives": objectives, "space": {"x": {"key": "seed", "choices": [3]}}}
    one, study = worker(tmp_path, monkeypatch, "raise SystemExit(2)", objectives, n_trials=2, search=search)
    done = made_run(tmp_path / "runs", 0.7, group={"name": "s", "number": 0})
    (done.folder / "config.yaml").write_text(config_text(composed("train", ["seed=3", one._supervised()])))
    one.work()
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 2
    assert study.trials[0].user_attrs[shared.ERROR] == "its run is finished, but has no latency_ms"


LOSE = """
import os, signal, sqlite3, sys
with sqlite3.connect("{folder}/study.db", timeout=60) as base:
    taken = base.execute("UPDATE trials SET state = 'FAIL' WHERE number = 0 AND state = 'RUNNING'").rowcount
if taken:
    {then}
sys.exit("no such model")
"""


def test_a_worker_whose_trial_was_taken_over_while_it_was_suspended_goes_on(tmp_path, monkeypatch, capsys):
    """The training plays the other worker, which ended the trial because this one was silent."""
    one, study = worker(tmp_path, monkeypatch, LOSE.format(folder=tmp_path, then="pass"))
    one.work()
    assert "taken over" in capsys.readouterr().out
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 2
    assert [shared.ERROR in trial.user_attrs for trial in study.trials] == [False, True]
    assert shared.counted(study) == [study.trials[1]]


def test_a_worker_whose_trial_was_taken_over_still_obeys_ctrl_c(tmp_path, monkeypatch):
    then = "os.kill(os.getppid(), signal.SIGINT); signal.pause()"
    one, _ = worker(tmp_path, monkeypatch, LOSE.format(folder=tmp_path, then=then))
    with pytest.raises(KeyboardInterrupt):
        one.work()


@pytest.mark.parametrize(
    ("code", "told"),
    [("import os; os.kill(os.getpid(), 15)", "killed by SIGTERM"), ("raise SystemExit(130)", "exit code 130")],
)
def test_a_trial_that_ended_for_no_reason_of_its_own_is_run_again(tmp_path, monkeypatch, capsys, code, told):
    one, study = worker(tmp_path, monkeypatch, code, retries=1)
    waits = []
    monkeypatch.setattr(workers, "time", SimpleNamespace(sleep=waits.append))
    one.work()
    assert told in capsys.readouterr().out
    assert waits == [storage.SILENT * one._settings.heartbeat_seconds] * 2
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 2
    assert not any(shared.ERROR in trial.user_attrs for trial in study.trials)


def test_a_trial_whose_run_another_process_writes_waits_and_loses_no_retry(tmp_path, monkeypatch, capsys):
    one, study = worker(tmp_path, monkeypatch, "raise SystemExit(2)")
    fields = made_run(tmp_path / "others", 0.7, group={"name": "s", "number": 0}).fields()
    record = RunRecord.create(tmp_path / "runs", "made", {**fields, "status": "running"})
    looks = []

    def wait(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            record.finish("interrupted")

    monkeypatch.setattr(trials, "time", SimpleNamespace(sleep=wait))
    one.work()
    assert capsys.readouterr().out.count("waiting for another process, which is writing the run") == 1
    assert len(looks) == 3
    assert [shared.ERROR in trial.user_attrs for trial in study.trials] == [True]


def test_a_result_that_the_study_has_heard_though_its_answer_was_lost_is_told_once(tmp_path, monkeypatch):
    _, study = worker(tmp_path, monkeypatch)
    trial, other = study.ask(), study.ask()
    study.tell(trial, [0.5])
    assert shared.tell(study, trial, [0.5], None).values == [0.5]
    study.tell(other, state=TrialState.FAIL)  # by another worker, who found this one silent
    with pytest.raises(ValueError, match="Cannot tell a FAIL") as error:
        shared.tell(study, other, [0.5], None)
    assert shared.is_taken_over(error.value)


def test_what_waiting_does_not_mend_in_a_database_is_told_at_once(monkeypatch, capsys):
    monkeypatch.setattr(storage, "_PATIENCE_SECONDS", float("inf"))

    def work() -> None:
        raise ProgrammingError("SELECT 1", {}, Exception("relation trials does not exist"))

    with pytest.raises(ConfigError, match="database can't be used: relation trials does not exist"):
        storage.patiently(work)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("diverged", "trained"), [(False, 3), (True, 5)])
def test_a_worker_stops_when_three_trainings_in_a_row_fail_unless_they_diverge(
    tmp_path, monkeypatch, diverged, trained
):
    one, study = worker(tmp_path, monkeypatch, "raise SystemExit(2)", n_trials=5)
    for number in range(5):
        run = made_run(tmp_path / "runs", 0.7, group={"name": "s", "number": number})
        run.update(status="failed", summary={"error": "the loss became nan", "diverged": diverged})
    with pytest.raises(ConfigError, match="n_trials=8 gives as many again") if trained == 3 else nullcontext():
        one.work()
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * trained


def test_a_training_between_them_that_is_pruned_parts_the_failures(tmp_path, monkeypatch):
    search = {"objectives": ["validation"], "space": {"x": {"key": "seed", "choices": [3]}}}
    one, study = worker(tmp_path, monkeypatch, "raise SystemExit(2)", n_trials=5, search=search)
    pruned = made_run(tmp_path / "runs", 0.7, group={"name": "s", "number": 2})
    pruned.update(status="pruned")
    (pruned.folder / "config.yaml").write_text(config_text(composed("train", ["seed=3", one._supervised()])))
    one.work()
    assert [trial.state.name for trial in study.trials] == ["FAIL", "FAIL", "PRUNED", "FAIL", "FAIL"]


@pytest.mark.parametrize("change", ["command", "data"])
def test_of_two_commands_that_begin_a_study_at_once_the_one_with_the_first_trial_goes_on(tmp_path, monkeypatch, change):
    def commanded(model: str, content: str) -> tuple[Worker, optuna.Study]:
        def check() -> None:
            begin(study, Beginning(["name=s"], ["validation"], {}, {"model": model}), tmp_path / "runs")
            check_data(study, {"content": content, "left_out": None})

        one, study = worker(tmp_path, monkeypatch, "raise SystemExit(2)", check=check)
        check()  # as the command does before it prepares
        return one, study

    first, study = commanded("vgg19", "some")
    second, _ = commanded(*(("resnet50", "some") if change == "command" else ("vgg19", "others")))
    first.work()
    second._settings.n_trials = 2
    with pytest.raises(ConfigError, match="What differs" if change == "command" else "the data changed since"):
        second.work()
    assert len(study.trials) == 1
    assert study.user_attrs["settings"] == {"model": "vgg19"}


def test_trials_that_workers_ask_for_at_once_draw_from_their_own_numbers(tmp_path, monkeypatch):
    one, study = worker(tmp_path, monkeypatch, "raise SystemExit(2)", n_trials=2)
    for trial in [study.ask(), study.ask()]:
        with pytest.raises(trials.TrialFailedError):
            one._values(trial)
    sampled = [
        optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask().suggest_float("x", 0, 1)
        for seed in (0, 1)
    ]
    assert [trial.params["x"] for trial in study.trials] == sampled


# What these fix isn't searched, so that little is left to check before the first trial.
FEW = ("optimizer=sgd", "optimizer.learning_rate=0.1", "optimizer.weight_decay=0.0", "aug=off", "model.dropout=0.0")


def with_one_trial(cfg, given) -> optuna.Study:
    """The study of this command, which has one trial that is complete."""
    fixed = fixed_overrides(cfg, given)
    study = storage.open_study(cfg.name, storage.storage_url(cfg), directions(cfg), cfg)
    settings = plain_settings(composed("train", fixed))
    begin(study, Beginning(fixed, list(cfg.search.objectives), space_of(cfg), settings), Path(cfg.paths.runs))
    study.add_trial(optuna.create_trial(value=0.5, user_attrs={shared.OVERRIDES: []}))
    return study


def test_a_worker_leaves_the_check_of_the_space_to_its_starter(tmp_path, monkeypatch):
    given = ["data=demo", "+search.space.wrong={key: optimizer.lr, low: 0.1, high: 0.2}", *FEW]
    cfg = composed("sweep", [*given, f"output={tmp_path}", f"paths.runs={tmp_path}", "n_trials=1"])
    with_one_trial(cfg, given)
    with pytest.raises(ConfigError, match=r"no key 'optimizer\.lr'"):
        sweep(cfg, given)
    monkeypatch.setenv(_STARTED, "1")
    assert sweep(cfg, given) == 0


@pytest.mark.parametrize(("wanted", "code"), [(1, 0), (2, 2)])
def test_a_sweep_whose_workers_all_died_says_so_unless_its_study_is_complete(tmp_path, wanted, code):
    """One trial is complete; the workers end with 2, as no heart beats never."""
    own = [f"{key}={tmp_path / name}" for key, name in (("output", "s"), ("paths.runs", "r"), ("paths.cache", "c"))]
    given = ["data=demo", "data.image_size=32", *FEW, *own, f"n_trials={wanted}", "workers=2"]
    cfg = composed("sweep", given)
    (tmp_path / "s").mkdir()
    study = with_one_trial(cfg, given)
    assert sweep(cfg, [*given, "heartbeat_seconds=0"]) == code
    assert shared.is_complete(study, wanted, cfg.retries) == (code == 0)


def test_a_sweep_of_several_workers_tells_its_result_once(tmp_path, capfd):
    given = ["data=demo", *FEW, f"output={tmp_path}", f"paths.runs={tmp_path}", "n_trials=1"]
    cfg = composed("sweep", [*given, "workers=2"])
    with_one_trial(cfg, given)
    assert sweep(cfg, [*given, "workers=2"]) == 0  # complete: the data may be gone by now
    told = capfd.readouterr()
    assert told.out.count("page: ") == 1
    assert "ended early" not in told.err


SLOW_TO_SAVE = """#!/bin/sh
for name; do :; done
trap 'sleep 0.3; echo saved >> {folder}/$name; exit 130' TERM
echo up >> {folder}/$name
while true; do sleep 0.1; done
"""


def test_an_interrupted_sweep_waits_until_all_of_its_workers_have_saved(tmp_path, monkeypatch):
    (tmp_path / "worker").write_text(SLOW_TO_SAVE.format(folder=tmp_path))
    (tmp_path / "worker").chmod(0o755)
    logs = [tmp_path / f"worker={number}" for number in (0, 1)]

    def interrupt_when_all_are_up(seconds: float) -> None:
        time.sleep(seconds)
        if all(log.is_file() and log.read_text() for log in logs):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "executable", str(tmp_path / "worker"))
    monkeypatch.setattr(sweeps, "time", SimpleNamespace(sleep=interrupt_when_all_are_up))
    with pytest.raises(KeyboardInterrupt, match="give the same command to go on"):
        start_workers(["n_trials=2", "workers=2"], 2)
    assert [log.read_text() for log in logs] == ["up\nsaved\n"] * 2


@pytest.mark.parametrize(
    ("states", "code", "told"),
    [(["FAIL"], 2, "no trial was finished"), (["PRUNED", "FAIL"], 0, "no trial was finished"), ([], 2, "")],
)
def test_a_sweep_without_a_winner_has_a_page_and_fails_unless_some_were_hopeless(
    tmp_path, monkeypatch, capsys, states, code, told
):
    cfg = composed("sweep", ["data=fer2013", "data.path=faces.csv", f"output={tmp_path / 'page'}"])
    _, study = worker(tmp_path, monkeypatch)
    for state in states:
        study.add_trial(optuna.create_trial(state=TrialState[state], user_attrs={shared.OVERRIDES: []}))
    assert conclude(cfg, study, []) == code
    assert told in capsys.readouterr().err
    assert (tmp_path / "page" / "index.html").is_file()
    assert not (tmp_path / "page" / "experiment").exists()


def test_a_sweep_of_two_objectives_tells_its_front_and_the_best_of_the_first(tmp_path, monkeypatch, capsys):
    both = "search.objectives=[validation,latency_ms]"
    cfg = composed("sweep", ["data=fer2013", "data.path=faces.csv", both, f"output={tmp_path / 'page'}"])
    _, study = worker(tmp_path, monkeypatch, objectives=("validation", "latency_ms"))
    rate = optuna.distributions.FloatDistribution(0.0, 1.0)
    for seed, values in enumerate([[0.5, 9.0], [0.7, 5.0], [0.6, 2.0]]):
        chosen = {"params": {"x": seed / 2}, "distributions": {"x": rate}}
        study.add_trial(optuna.create_trial(values=values, user_attrs={shared.OVERRIDES: [f"seed={seed}"]}, **chosen))
    assert conclude(cfg, study, []) == 0
    printed = capsys.readouterr().out
    assert "front:  no trial beats 1, 2 in every objective" in printed
    assert "best:   validation 0.7000, latency_ms 5.0000: seed=1" in printed


def test_a_sweep_whose_output_cant_be_written_is_refused_before_its_study_is_opened(tmp_path):
    (tmp_path / "file").write_text("")
    given = ["data=demo", *FEW, f"output={tmp_path / 'file' / 'sweep'}", "n_trials=1"]
    with pytest.raises(ConfigError, match=r"output=.*file/sweep can't be written"):
        sweep(composed("sweep", given), given)


def test_a_sweep_whose_teacher_may_change_is_refused(tmp_path):
    teacher = made_run(tmp_path / "runs", 0.7)
    teacher.save_checkpoint("best", lambda path: path.write_text("w"), tag=0)
    given = ["experiment=distill", f"paths.runs={tmp_path / 'runs'}", f"output={tmp_path / 'sweep'}", "n_trials=1"]
    with pytest.raises(ConfigError, match=f"such as teacher={teacher.id}"):
        sweep(composed("sweep", given), given)
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("name", ["index.html", "experiment"])
def test_a_sweep_whose_result_cant_be_written_names_its_output(tmp_path, monkeypatch, name):
    cfg = composed("sweep", ["data=fer2013", "data.path=faces.csv", f"output={tmp_path}"])
    _, study = worker(tmp_path / "study", monkeypatch)
    study.add_trial(optuna.create_trial(value=0.5, user_attrs={shared.OVERRIDES: []}))
    (tmp_path / name).mkdir() if name.endswith("html") else (tmp_path / name).write_text("a file in the way")
    with pytest.raises(ConfigError, match=r"output=.* can't be written"):
        conclude(cfg, study, [])


def test_joblib_is_refused_as_the_launcher_of_workers_and_others_are_not(tmp_path, monkeypatch, capsys):
    many = ["-m", "worker=0,1", f"output={tmp_path / 'sweep'}", "data=fer2013", "data.path=faces.csv"]
    monkeypatch.setattr(sys, "argv", ["sweep", *many, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "take workers=2" in capsys.readouterr().err
    assert not (tmp_path / "sweep").exists()
    for launcher in ("basic", "submitit_local"):
        check_launcher([*many, f"hydra/launcher={launcher}"])


def test_a_study_is_complete_when_nothing_of_it_would_be_run_again(tmp_path, monkeypatch):
    _, study = worker(tmp_path, monkeypatch)
    assert not shared.is_complete(study, 1, retries=1)
    trial = study.ask()
    assert not shared.is_complete(study, 1, retries=1)
    study.tell(trial, state=TrialState.FAIL)
    assert not shared.is_complete(study, 1, retries=1)
    trial = study.ask()
    trial.set_user_attr(shared.ERROR, "exit code 2")
    study.tell(trial, state=TrialState.FAIL)
    assert not shared.is_complete(study, 1, retries=1)
    shared.queue_interrupted(study, retries=1, seen={}, grace_seconds=60)
    study.tell(study.ask(), 0.5)
    assert shared.is_complete(study, 2, retries=1)
    assert not shared.is_complete(study, 3, retries=1)
