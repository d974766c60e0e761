"""A study whose PostgreSQL server goes away for a moment, or for good."""

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from made_worker import worker
from optuna.trial import TrialState
from postgres import Postgres, run, running_postgres

from emolab.errors import ConfigError
from experiments.search import storage
from experiments.search import study as shared


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def quick(monkeypatch) -> None:
    monkeypatch.setattr(storage, "_PAUSE_SECONDS", 0.2)


def test_a_trial_whose_training_ends_while_the_database_is_away_is_not_lost(server, tmp_path, monkeypatch, capsys):
    """The training is what stops the server; it's started while its worker waits for it."""
    waiting = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: run(server.start))
    monkeypatch.setattr(storage, "time", waiting)
    code = f"import subprocess, sys; subprocess.run({server.stop!r}, cwd='/'); sys.exit('no such model')"
    one, study = worker(tmp_path, monkeypatch, code, storage=server.created("ends"))
    one.work()
    assert [trial.state for trial in study.trials] == [TrialState.FAIL]
    assert "no such model" in study.trials[0].user_attrs[shared.ERROR]
    assert capsys.readouterr().out.count("the study's database can't be used now, trying") == 1


def test_a_heart_beats_on_after_the_database_was_away(server, tmp_path, monkeypatch):
    _, study = worker(tmp_path, monkeypatch, storage=server.created("beats"))
    with shared.heartbeats(study.ask(), 0.5):
        run(server.stop)
        time.sleep(1.5)  # some of its heartbeats fail
        run(server.start)
        time.sleep(5)  # longer than a silent trial is left alone
        shared.queue_interrupted(study, retries=2, seen={}, grace_seconds=60)
        assert [trial.state for trial in study.trials] == [TrialState.RUNNING]


@pytest.mark.usefixtures("quick")
def test_a_database_that_stays_away_ends_a_worker_with_a_sentence(server, tmp_path, monkeypatch):
    one, study = worker(tmp_path, monkeypatch, storage=server.created("gone"))
    monkeypatch.setattr(storage, "_PATIENCE_SECONDS", 0.5)
    run(server.stop)
    try:
        with pytest.raises(
            ConfigError, match=r"database can't be used: .*connection(.|\n)*Give the same command to go on"
        ):
            one.work()
        with pytest.raises(ConfigError, match="database can't be used"), storage.clear_errors():
            shared.counted(study)
    finally:
        run(server.start)
