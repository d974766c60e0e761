"""Runs on disk with predictions made up, for tests of what compares them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from run_fields import FIELDS

from emolab.evaluation.predictions import Predictions, save_predictions
from emolab.evaluation.report import MIRRORED, PREDICTIONS
from emolab.runs import RunRecord
from emolab.runs.sameness import config_text

CLASSES = ("anger", "happy", "sad")


def predictions(accuracy: float, seed: int, n: int = 600, images: int = 0) -> Predictions:
    """Predictions of the same images (of that seed), right with this probability."""
    truth = np.random.default_rng(images)
    targets, groups = truth.integers(0, 3, n), np.arange(n) // 2
    random = np.random.default_rng(seed + 100)
    named = np.where(random.random(n) < accuracy, targets, (targets + 1) % 3)
    numbers = np.arange(n, dtype=np.uint64)
    return Predictions((np.eye(3)[named] * 2).astype(np.float32), targets, groups, CLASSES, numbers)


def made_run(
    root: Path,
    accuracy: float | None,
    seed: int = 0,
    group: Any = None,
    images: int = 0,
    mirrored: float | None = None,
    temperature: float = 1.0,
    config: Mapping[str, Any] | None = None,
    **choices: str,
) -> RunRecord:
    """A finished run of these choices ("model", "aug", ...), this accurate, and so on mirror images, if judged.

    `config` sets dotted keys of its configuration.
    """
    model = choices.get("model", "vgg19")
    best = {"name": "val_accuracy", "mode": "max", "best": accuracy, "epoch": 1}
    fields = {
        **FIELDS, "classes": list(CLASSES), "seed": seed, "data": {**FIELDS["data"], "name": "made"},
        "monitor": best, "group": group or FIELDS["group"],
        "temperatures": {name: temperature * (1 + number / 10) for number, name in enumerate(CLASSES)},
        "model": {"name": model, "parameters": 1000, "flops": 2_000_000},
        "choices": {"model": model, "aug": "on", "finetune": "full", "optimizer": "adamw", **choices},
    }  # fmt: skip
    rate = 0.001 if fields["choices"]["optimizer"] == "adamw" else 0.1
    made = OmegaConf.create({
        "seed": seed,
        "name": model,
        "model": {"name": model},
        "aug": {"_target_": "Augmentation", "seed": "${seed}"},
        "optimizer": {"learning_rate": rate, "nesterov": None},
        "schedule": {"peak": "${optimizer.learning_rate}"},
    })  # fmt: skip
    for key, value in (config or {}).items():
        OmegaConf.update(made, key, value)
    record = RunRecord.create(root, model, fields, config_text(made))
    for epoch in range(2):
        record.append_metrics(epoch, {"val_accuracy": (accuracy or 0.0) * (epoch + 1) / 2, "seconds": 60.0})
    if accuracy is not None:
        judged = predictions(accuracy, seed, images=images)
        save_predictions(record.folder / "report" / PREDICTIONS, {"validation": judged, "test": judged})
        if mirrored is not None:
            other = predictions(mirrored, seed + 1000, images=images)
            save_predictions(record.folder / "report" / MIRRORED, {"validation": other, "test": other})
    record.finish("finished")
    return record
