import sys
import time
from pathlib import Path

import optuna
import pytest
from made_runs import made_run

from emolab.config.command import composed
from emolab.runs.sameness import config_text
from experiments.search import trial as trials
from experiments.search.trial import Training, TrialFailedError

SETS = ("data=demo", "seed=3")

TALKS = """
import json, os, socket, sys
line = socket.socket(fileno=int(os.environ["EMOLAB_SUPERVISOR"])).makefile("rw")
for message in json.loads(sys.argv[1]):
    line.write(json.dumps(message) + "\\n"); line.flush()
    print("answered", line.readline(), flush=True)
"""


def training(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: str, *arguments: str, pruner=None, before: float | None = None
) -> Training:
    """A trial whose training is this program, in a process of its own as any; others gave the value `before`."""
    monkeypatch.setattr(trials, "training_command", lambda *_: [sys.executable, "-c", code, *arguments])
    study = optuna.create_study(pruner=pruner or optuna.pruners.NopPruner(), direction="maximize")
    if before is not None:
        study.add_trials([optuna.create_trial(value=before, intermediate_values={0: before}) for _ in range(4)])
    return Training(study.ask(), SETS, "s", 0, folder / "runs", folder / "log", prunes=True)


def frozen(one: Training) -> optuna.trial.FrozenTrial:
    return one._trial.study.trials[0]


def test_a_training_that_the_system_kills_is_a_failure_with_its_last_lines(tmp_path, monkeypatch):
    one = training(tmp_path, monkeypatch, "import os; print('allocating', flush=True); os.kill(os.getpid(), 9)")
    with pytest.raises(TrialFailedError, match=r"memory runs out\nallocating"):
        one.result()


def test_a_training_that_is_killed_while_it_waits_for_an_answer_is_a_failure_too(tmp_path, monkeypatch):
    code = TALKS.replace("line.flush()", "line.flush(); os.kill(os.getpid(), 9)")
    one = training(tmp_path, monkeypatch, code, '[{"epoch": 0, "value": 0.3}]')
    answer = one._answer

    def slowly(message):  # as a database that is locked does
        time.sleep(1)
        return answer(message)

    monkeypatch.setattr(one, "_answer", slowly)
    with pytest.raises(TrialFailedError, match="memory runs out"):
        one.result()
    assert frozen(one).intermediate_values == {0: 0.3}


def test_a_training_that_refuses_its_settings_is_a_failure_with_the_reason(tmp_path, monkeypatch):
    with pytest.raises(TrialFailedError, match=r"exit code 2\nerror: no such model"):
        training(tmp_path, monkeypatch, "import sys; print('error: no such model'); sys.exit(2)").result()


def test_each_validation_reaches_the_trial_and_is_answered(tmp_path, monkeypatch):
    messages = '[{"epoch": 0, "value": 0.3}, {"epoch": 1, "value": 0.4}, {"latency_ms": 2.5}]'
    one = training(tmp_path, monkeypatch, TALKS, messages)
    with pytest.raises(TrialFailedError):  # this program leaves no run
        one.result()
    assert frozen(one).intermediate_values == {0: 0.3, 1: 0.4}
    assert frozen(one).user_attrs == {"latency_ms": 2.5}
    assert (tmp_path / "log").read_text().count('"prune": false') == 2


PRUNERS = (
    optuna.pruners.ThresholdPruner(lower=0.35),  # answers with Python's bool
    optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=0),  # with NumPy's
)


@pytest.mark.parametrize("pruner", PRUNERS)
def test_a_hopeless_training_is_answered_with_prune(tmp_path, monkeypatch, pruner):
    one = training(tmp_path, monkeypatch, TALKS, '[{"epoch": 0, "value": 0.3}]', pruner=pruner, before=0.5)
    with pytest.raises(TrialFailedError):
        one.result()
    assert '"prune": true' in (tmp_path / "log").read_text()


def test_a_training_that_waits_for_an_answer_ends_with_its_worker(tmp_path, monkeypatch):
    """As a training does: SIGTERM lets it save after the step, and the step waits for the answer."""
    code = f"import signal; signal.signal(signal.SIGTERM, lambda *_: print('saves', flush=True)){TALKS}"
    one = training(tmp_path, monkeypatch, code, '[{"epoch": 0, "value": 0.3}]')

    def interrupted(message: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(one, "_answer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        one.result()
    assert "answered" in (tmp_path / "log").read_text()


def test_a_run_that_finished_before_its_worker_died_is_not_trained_again(tmp_path, monkeypatch):
    record = made_run(tmp_path / "runs", 0.7, group={"name": "s", "number": 0})
    record.folder.joinpath("config.yaml").write_text(config_text(composed("train", SETS)))
    one = training(tmp_path, monkeypatch, "raise SystemExit('trained again')")
    assert one.result() == {"validation": 0.7, "parameters": 1000, "flops": 2_000_000}
    assert frozen(one).user_attrs == {"run": record.id, "epochs": 2}
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("status", ["finished", "pruned"])
def test_a_run_of_other_settings_is_not_taken_for_the_trials(tmp_path, monkeypatch, status):
    record = made_run(tmp_path / "runs", 0.7, group={"name": "s", "number": 0})
    record.folder.joinpath("config.yaml").write_text(config_text(composed("train", [*SETS, "seed=7"])))
    record.update(status=status)
    with pytest.raises(TrialFailedError, match=f"{record.id} was trained with other settings(.|\\n)*seed: 7 when"):
        training(tmp_path, monkeypatch, "raise SystemExit('trained again')").result()


def test_the_epochs_of_a_training_that_failed_are_known(tmp_path, monkeypatch):
    record = made_run(tmp_path / "runs", 0.7, group={"name": "s", "number": 0})
    record.update(status="failed")
    one = training(tmp_path, monkeypatch, "raise SystemExit(2)")
    with pytest.raises(TrialFailedError, match="exit code 2"):
        one.result()
    assert frozen(one).user_attrs == {"run": record.id, "epochs": 2}


def test_a_run_without_a_number_is_a_failure(tmp_path, monkeypatch):
    record = made_run(tmp_path / "runs", None, group={"name": "s", "number": 0})
    record.folder.joinpath("config.yaml").write_text(config_text(composed("train", SETS)))
    with pytest.raises(TrialFailedError, match="its best val_accuracy is None"):
        training(tmp_path, monkeypatch, "").result()
