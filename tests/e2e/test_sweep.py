"""A sweep as users run it: real workers and trainings, killed for good. Slow; nothing else can hold its promises."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from commands import TINY, environment, run
from omegaconf import OmegaConf
from optuna.trial import TrialState
from postgres import running_postgres
from waiting import wait_for

from emolab.config.command import composed
from emolab.config.saved import settings_of
from emolab.runs import list_runs
from experiments.search.study import counted

SWEEP = (*TINY[:-1], "aug=off", "optimizer=sgd", "evaluate=false")


def _workers(pid: int) -> list[int]:
    """Its children but for what Python keeps of the processes that prepared photographs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if "experiments.sweep" in _command(child)]


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return ""


def _study(folder: Path) -> optuna.Study:
    return optuna.load_study(study_name="sweep", storage=f"sqlite:///{folder / 'sweeps/sweep/study.db'}")


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc, and only Linux stops orphans")
def test_a_sweep_killed_with_its_workers_goes_on_and_loses_nothing(tmp_path: Path, striped_faces: Path) -> None:
    """Two workers train three trials, all killed in the first two; the third one's rate gives NaN."""
    # Of three trials the third alone draws 1e30 with this seed; and the first lasts longer than it takes to be killed.
    wanted = ("n_trials=3", f"data.root={striped_faces}", "seed=48", "trainer.epochs=10", "heartbeat_seconds=1")
    rates = "+search.space.rate={key: optimizer.learning_rate, choices: [0.01, 1e30]}"
    arguments = [*SWEEP, *wanted, rates, "pruner=none", "sampler=random"]
    command = [sys.executable, "-m", "experiments.sweep", *arguments, "workers=2"]
    driver = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL)
    second = tmp_path / "sweeps/sweep/1.log"  # written to once the trial has drawn its settings
    wait_for(lambda: list(tmp_path.glob("runs/*/*/checkpoints/last-*")) and second.is_file())
    workers = _workers(driver.pid)
    assert len(workers) == 2
    for pid in (driver.pid, *workers):
        os.kill(pid, signal.SIGKILL)
    driver.wait()
    before = {record.id for record in list_runs(tmp_path / "runs")}

    done = run("experiments.sweep", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    study = _study(tmp_path)
    trials = counted(study)
    ends = sorted((trial.params["rate"], trial.state.name) for trial in trials)
    assert ends == [(0.01, "COMPLETE"), (0.01, "COMPLETE"), (1e30, "FAIL")]
    (failed,) = [trial for trial in trials if trial.state == TrialState.FAIL]
    assert "the loss became" in failed.user_attrs["error"]
    killed = [trial for trial in study.trials if trial.number not in {one.number for one in trials}]
    assert 1 <= len(killed) <= 2  # the first one's training may have ended just before
    assert {trial.state for trial in killed} == {TrialState.FAIL}
    runs = {record.id: record for record in list_runs(tmp_path / "runs")}
    assert before <= set(runs)
    # A training that was killed before it had saved anything is begun anew, in a run of its own.
    ended = [record for record in runs.values() if record.can_go_on or record.status != "interrupted"]
    assert sorted(record.facts.group.number for record in ended if record.status == "finished") == [0, 1]
    # Two failed where the third trial's training had failed before its worker, killed, could tell.
    assert {record.status for record in ended} == {"finished", "failed"}
    assert any(record.facts.resumed for record in runs.values())

    again = run("experiments.sweep", *arguments, cwd=tmp_path)
    assert again.returncode == 0, again.stdout[-2000:] + again.stderr[-2000:]
    assert [trial.state for trial in _study(tmp_path).trials] == [trial.state for trial in study.trials]
    assert "3 wanted" in again.stdout
    best = runs[study.best_trial.user_attrs["run"]]
    place = f"hydra.searchpath=[{tmp_path / 'sweeps/sweep'}]"
    written = OmegaConf.to_container(composed("train", ["experiment=sweep_best", place]), resolve=True)
    trained = settings_of(best)
    for key in ("model", "optimizer", "loss", "trainer", "data", "aug", "seed"):
        assert written[key] == trained[key], key


def test_hopeless_trials_are_pruned_in_a_study_in_postgresql(tmp_path: Path, striped_faces: Path) -> None:
    """Slurm's launcher, run here, starts the two workers; the pruner is told to let nothing below 2 pass."""
    with running_postgres() as server:
        storage = server.created("sweep")
        pruner = ["pruner._target_=optuna.pruners.ThresholdPruner", "+pruner.lower=2.0", "pruner=none"]
        launcher = ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5"]
        arguments = [*SWEEP, f"data.root={striped_faces}", "n_trials=2", f"storage='{storage}'", *pruner]
        done = run("experiments.sweep", "-m", *arguments, "worker=0,1", *launcher, cwd=tmp_path)
        study = optuna.load_study(study_name="sweep", storage=storage)
        assert done.returncode == 0, done.stdout + done.stderr
        assert [trial.state for trial in study.trials] == [TrialState.PRUNED] * 2
        assert [trial.user_attrs["epochs"] for trial in study.trials] == [1, 1]
        assert [record.status for record in list_runs(tmp_path / "runs")] == ["pruned"] * 2
