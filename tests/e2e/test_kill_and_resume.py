"""Slow, and worth it: the promise that no kill loses a training, kept by killing real processes."""

import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from commands import TINY, environment

from emolab.files import read_json

DRIVER = Path(__file__).parent / "killed_training.py"
# One of keras-cv's and our own are enough to be repeated, and are traced in half the time of five.
SOME_LAYERS = [f"~aug.layers.{name}" for name in ("flip", "brightness", "contrast")]
EVERY_STEP = "trainer.save_every_minutes=0.0"
ENDLESS = ("aug=off", "trainer.epochs=2000")
PLAN = {  # see `killed_training.py`
    "whole": (["never"], ["trainer.epochs=4", EVERY_STEP, *SOME_LAYERS]),
    "killed": ("each", ["trainer.epochs=4", EVERY_STEP, *SOME_LAYERS]),
    "stopped": (["Ctrl-C"], ENDLESS),
    "alone": (["closed terminal"], ENDLESS),
}
if sys.platform == "linux":  # which limits the size of files as a full disk does
    PLAN["disk"] = (["within an epoch", "full disk", "never"], ["trainer.epochs=1", EVERY_STEP, "aug=off"])


class Trained(NamedTuple):
    """What the plan's trainings left, a folder each, and what they said of errors."""

    folder: Path
    errors: str


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, striped_faces: Path) -> Trained:
    """All trainings of the plan, of one process: most of their time would go to importing TensorFlow anew."""
    folder = tmp_path_factory.mktemp("trained")
    settings = (f"data.root={striped_faces}", "evaluate=false", "workers=1", f"paths.cache={folder / 'cache'}")
    command = [sys.executable, DRIVER, json.dumps(PLAN), *TINY, *settings]
    variables = {**environment(), "TF_NUM_INTRAOP_THREADS": "2"}  # a promise for trainings of several threads
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    return Trained(folder, done.stderr)


def _weights(folder: Path) -> dict[str, np.ndarray]:
    """Return the last state of the only run in a folder of runs."""
    (path,) = folder.glob("*/*/checkpoints/last-*.npz")
    with np.load(path, allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def _steps(folder: Path) -> dict[str, list[int]]:
    """Point -> the steps that were done until a training was killed there."""
    lines = [line.split("\t") for line in (folder / "steps").read_text().splitlines()]
    return {point: [int(step) for _, step in done] for point, done in groupby(lines, lambda line: line[0])}


def test_a_training_killed_at_ten_points_ends_with_the_same_weights(trained: Trained) -> None:
    """One run, killed at each point in turn and resumed each time, beside one that was never killed."""
    whole, killed = trained.folder / "whole", trained.folder / "killed"
    steps = _steps(killed)
    assert len(steps.keys() - {"never"}) == 10
    last = 0
    print("\npoint, last step before, first step after, steps repeated")
    for point, done in steps.items():
        print(point, last, done[0], max(0, last - done[0] + 1), sep=", ")
        last = done[-1]
    one, other = _weights(whole / "runs"), _weights(killed / "runs")
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)
    metrics = [next(folder.glob("runs/*/*/metrics.jsonl")).read_text().count("\n") for folder in (whole, killed)]
    assert metrics == [4, 4]


def test_ctrl_c_saves_and_says_how_to_resume(trained: Trained) -> None:
    folder = trained.folder / "stopped"
    assert "go on with the same command and resume=" in (folder / "said").read_text()
    assert _left(folder) == ("interrupted", 1)


def test_a_terminal_that_is_closed_saves(trained: Trained) -> None:
    assert _left(trained.folder / "alone") == ("interrupted", 1)


def _left(folder: Path) -> tuple[str, int]:
    """The status of a folder's only run, and how many states it kept."""
    (record,) = folder.glob("runs/*/*/run.json")
    return read_json(record)["status"], len(list(folder.glob("runs/*/*/checkpoints/last-*.npz")))


@pytest.mark.skipif("disk" not in PLAN, reason="limits the size of files with RLIMIT_FSIZE, as Linux does")
def test_a_full_disk_is_a_clear_error_and_keeps_the_last_good_state(trained: Trained) -> None:
    assert "File too large" in trained.errors
    left = trained.folder / "disk" / "left"
    kept, after = _weights(left / "within an epoch"), _weights(left / "full disk")
    assert not list((left / "full disk").glob("*/*/checkpoints/.tmp-*"))
    assert kept.keys() == after.keys()
    for name, values in after.items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)
    assert _steps(trained.folder / "disk") == {
        "within an epoch": [1, 2],
        "full disk": [2],
        "never": [2, 3, 4, 5],
    }  # goes on
