import sys
from pathlib import Path

import optuna
import pytest
from made_runs import made_run
from omegaconf import OmegaConf
from optuna.trial import TrialState

from experiments.search import study as shared
from experiments.search import trial as trials
from experiments.search.worker import Worker


def worker(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: str = "", objectives=("validation",), **more
) -> tuple[Worker, optuna.Study]:
    """A worker whose trainings are this program, and its study."""
    monkeypatch.setattr(trials, "training_command", lambda *_: [sys.executable, "-c", code])
    settings = OmegaConf.create(
        {
            "name": "s", "output": str(folder), "storage": None, "paths": {"runs": str(folder / "runs")},
            "n_trials": 1, "heartbeat_seconds": 1, "retries": 2, "seed": 0, "trainer": {"monitor": "val_accuracy"},
            "search": {"objectives": list(objectives), "space": {"x": {"key": "x", "low": 0.0, "high": 1.0}}},
            "sampler": {"_target_": "optuna.samplers.RandomSampler"},
            "pruner": {"_target_": "optuna.pruners.NopPruner"}, **more,
        }
    )  # fmt: skip
    ways = ["maximize" if one == "validation" else "minimize" for one in objectives]
    study = shared.open_study("s", shared.storage_url(settings), ways, [], {}, settings)
    return Worker(study, settings, [], lambda key: None), study


def test_a_finished_run_without_its_latency_is_a_failed_trial_and_the_study_goes_on(tmp_path, monkeypatch):
    objectives = ("validation", "latency_ms")
    one, study = worker(tmp_path, monkeypatch, "raise SystemExit(2)", objectives, n_trials=2)
    made_run(tmp_path / "runs", 0.7, group={"name": "s", "number": 0})
    one.work()
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 2
    assert study.trials[0].user_attrs[shared.ERROR] == "its run is finished, but has no latency_ms"
