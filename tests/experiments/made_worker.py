"""A worker of a study whose trainings are any program, for tests of what it does with their ends."""

import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from omegaconf import OmegaConf

from experiments.search import storage
from experiments.search import trial as trials
from experiments.search.worker import Worker


def worker(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str = "",
    objectives=("validation",),
    check: Callable[[], None] = lambda: None,
    **more,
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
    study = storage.open_study("s", storage.storage_url(settings), ways, settings)
    return Worker(study, settings, [], lambda key: None, check), study
