import itertools
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
from commands import environment
from optuna.trial import TrialState
from postgres import Postgres, running_postgres
from waiting import wait_for

from emolab.errors import ConfigError
from experiments.search import storage
from experiments.search import study as shared

NUMBERS = itertools.count()


def settings(folder: Path, **more) -> SimpleNamespace:
    return SimpleNamespace(**{"output": str(folder), "storage": None, "heartbeat_seconds": 1, "retries": 2, **more})


def opened(folder: Path, url: str | None = None, directions=("maximize",)) -> optuna.Study:
    own = settings(folder)
    return storage.open_study("s", url or storage.storage_url(own), directions, own)


CREATE = """
import sys
from types import SimpleNamespace
from experiments.search.storage import open_study
own = SimpleNamespace(output=sys.argv[1], heartbeat_seconds=1, retries=2)
print(open_study("s", sys.argv[2], ["maximize"], own).study_name)
"""

DIE = """
import os, signal, sys
from types import SimpleNamespace
from experiments.search.storage import open_study
own = SimpleNamespace(output=sys.argv[1], heartbeat_seconds=1, retries=2)
def killed(trial):
    trial.suggest_float("x", 0, 1)
    trial.report(0.5, 0)
    os.kill(os.getpid(), signal.SIGKILL)
open_study("s", sys.argv[2], ["maximize"], own).optimize(killed, n_trials=1)
"""


def python(code: str, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment(), stdout=subprocess.PIPE)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    """Where a new study is stored: a file, or a database of a real server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'study.db'}"
    return request.getfixturevalue("postgres").created(f"study{next(NUMBERS)}")


def test_workers_that_begin_a_study_at_once_share_it(tmp_path, url):
    workers = [python(CREATE, str(tmp_path), url) for _ in range(3)]
    assert [worker.communicate(timeout=300)[0] for worker in workers] == [b"s\n"] * 3


def test_the_trial_of_a_killed_worker_is_found_and_queued_again(tmp_path, url):
    study = opened(tmp_path, url)
    python(DIE, str(tmp_path), url).communicate(timeout=300)
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING]

    def queued() -> bool:
        shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=60)
        return len(study.trials) > 1

    wait_for(queued, pause=0.5)
    dead, again = study.trials
    assert (dead.state, again.state) == (TrialState.FAIL, TrialState.WAITING)
    assert again.params == dead.params
    assert again.intermediate_values == {0: 0.5}
    assert shared.original_number(study, 1) == 0
    assert shared.counted(study) == [again]
    assert shared.begun(study) == []


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_trial_whose_worker_was_killed_before_its_first_heartbeat_is_queued_again(tmp_path, attempts):
    """`ask` alone sends none; the second attempt bears the notes of the first."""
    study = opened(tmp_path)
    for number in range(attempts):
        trial = study.ask()
        assert trial.number == number
        if number + 1 < attempts:
            shared.note_begun(trial)
            study.tell(trial, state=TrialState.FAIL)
            shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=60)
    shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=60)
    assert study.trials[-1].state == TrialState.RUNNING
    shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=0)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * attempts + [TrialState.WAITING]
    shared.note_begun(study.ask())
    shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=0)
    assert study.trials[-1].state == TrialState.RUNNING


@pytest.mark.parametrize("hours", [-9, 9])
def test_a_trial_is_given_its_time_by_the_clock_of_the_worker_that_waits(tmp_path, hours):
    """Whoever asked for it may be a machine whose clock or time zone is another."""
    study = opened(tmp_path)
    asked = optuna.create_trial(state=TrialState.RUNNING)
    asked.datetime_start += timedelta(hours=hours)
    study.add_trial(asked)
    seen: dict[int, float] = {}
    shared.queue_interrupted(study, retries=2, seen=seen, grace_seconds=60)
    shared.queue_interrupted(study, retries=2, seen=seen, grace_seconds=60)
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING]
    seen[0] -= 60
    shared.queue_interrupted(study, retries=2, seen=seen, grace_seconds=60)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.WAITING]


def test_a_trial_that_several_machines_began_at_once_does_not_count(tmp_path):
    study = opened(tmp_path)
    trials = [study.ask() for _ in range(3)]
    assert [shared.is_surplus(study, trial, n_trials=2) for trial in trials] == [False, False, True]
    trials[2].set_user_attr(shared.SURPLUS, True)
    assert [trial.number for trial in shared.counted(study)] == [0, 1]


def test_a_trial_that_several_machines_queued_at_once_is_run_again_only_once(tmp_path):
    study = opened(tmp_path)
    interrupted = study.ask()
    study.tell(interrupted, state=TrialState.FAIL)
    shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=60)
    study.add_trial(study.trials[1])  # as the other machine does, which had looked a moment before
    assert [trial.number for trial in shared.counted(study)] == [1]
    again, twice = study.ask(), study.ask()
    assert [shared.is_surplus(study, trial, n_trials=5) for trial in (again, twice)] == [False, True]
    study.tell(twice, state=TrialState.FAIL)
    shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=60)
    assert len(study.trials) == 3


def test_a_trial_is_not_run_again_for_ever(tmp_path):
    study = opened(tmp_path)
    study.add_trial(optuna.create_trial(state=TrialState.WAITING))
    for _ in range(5):
        if study.trials[-1].state == TrialState.WAITING:
            study.tell(study.ask(), state=TrialState.FAIL)
        shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=60)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 3
    assert shared.counted(study) == [study.trials[-1]]  # given up, and yet one of n_trials
    assert shared.is_complete(study, 1, retries=2)
    assert not shared.is_complete(study, 1, retries=3)


def test_a_trial_that_failed_for_a_reason_of_its_own_is_not_run_again(tmp_path):
    study = opened(tmp_path)
    trial = study.ask()
    trial.set_user_attr(shared.ERROR, "exit code 2")
    study.tell(trial, state=TrialState.FAIL)
    shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=60)
    assert len(study.trials) == 1


def test_a_study_with_other_directions_is_refused(tmp_path):
    opened(tmp_path)
    with pytest.raises(ConfigError, match="other objectives"):
        opened(tmp_path, directions=("maximize", "minimize"))


@pytest.mark.parametrize("url", ["nothing", "oracle+none://x/y", "sqlite:////proc/nowhere/study.db"])
def test_a_storage_that_cannot_be_used_is_refused(tmp_path, url, monkeypatch):
    monkeypatch.setattr(storage.time, "sleep", lambda seconds: None)
    with pytest.raises(ConfigError, match="storage"):
        opened(tmp_path, url)


def test_the_study_lies_in_its_output_whatever_that_is_called(tmp_path):
    output = tmp_path / "really? {100 %41} #1"
    output.mkdir()
    opened(output)
    assert (output / "study.db").stat().st_size > 0


def test_passwords_are_not_shown():
    assert "secret" not in storage.shown("postgresql+psycopg://me:secret@host/base")
