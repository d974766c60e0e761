"""Slow, and worth it: the promise that no kill loses a training, kept by killing real processes."""

import json
import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import TINY, environment, start_on_terminal

from emolab.files import read_json

DRIVER = Path(__file__).parent / "killed_training.py"
# One of keras-cv's and our own are enough to be repeated, and are traced in half the time of five.
SOME_LAYERS = [f"~aug.layers.{name}" for name in ("flip", "brightness", "contrast")]
# A training that saves while it can, and is stopped.
ENDLESS = (*TINY, "aug=off", "evaluate=false", "trainer.epochs=2000", "workers=1")


def _train(folder: Path, faces: Path, plan: dict[str, Any], *more: str) -> str:
    """Train as the plan of `killed_training.py` says, each training for itself; return what they said of errors."""
    settings = (f"data.root={faces}", "evaluate=false", "trainer.save_every_minutes=0.0", "workers=1")
    command = [sys.executable, DRIVER, json.dumps(plan), *TINY, *settings, f"paths.cache={folder / 'cache'}", *more]
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=3600, check=False
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    return done.stderr


def _weights(folder: Path) -> dict[str, np.ndarray]:
    """Return the last state of the only run in a folder of runs."""
    (path,) = folder.glob("*/*/checkpoints/last-*.npz")
    with np.load(path, allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def _steps(folder: Path) -> dict[str, list[int]]:
    """Point -> the steps that were done until a training was killed there."""
    lines = [line.split("\t") for line in (folder / "steps").read_text().splitlines()]
    return {point: [int(step) for _, step in done] for point, done in groupby(lines, lambda line: line[0])}


def test_a_training_killed_at_ten_points_ends_with_the_same_weights(tmp_path: Path, striped_faces: Path) -> None:
    """One run, killed at each point in turn and resumed each time, beside one that was never killed."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    _train(tmp_path, striped_faces, {"whole": ["never"], "killed": "each"}, "trainer.epochs=4", *SOME_LAYERS)
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


def test_ctrl_c_saves_and_says_how_to_resume(tmp_path: Path, striped_faces: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "emolab.train", *ENDLESS, f"data.root={striped_faces}"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if line.startswith("epoch 2/"):
            break
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 130, out + error
    assert "resume=" in error
    assert list(tmp_path.glob("runs/*/*/checkpoints/last-*.npz"))


def test_a_terminal_that_is_closed_saves(tmp_path: Path, striped_faces: Path) -> None:
    command = [sys.executable, "-m", "emolab.train", *ENDLESS, f"data.root={striped_faces}"]
    process, terminal = start_on_terminal(command, cwd=tmp_path, env=environment())
    while "epoch 2/" not in terminal.readline():
        assert process.poll() is None
    terminal.close()
    assert process.wait(120) == 130
    (record,) = tmp_path.glob("runs/*/*/run.json")
    assert read_json(record)["status"] == "interrupted"
    assert list(tmp_path.glob("runs/*/*/checkpoints/last-*.npz"))


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files with RLIMIT_FSIZE, as Linux does")
def test_a_full_disk_is_a_clear_error_and_keeps_the_last_good_state(tmp_path: Path, striped_faces: Path) -> None:
    points = ["within an epoch", "full disk", "never"]
    said = _train(tmp_path, striped_faces, {"disk": points}, "trainer.epochs=1", "aug=off")
    assert "File too large" in said
    left = tmp_path / "disk" / "left"
    kept, after = _weights(left / "within an epoch"), _weights(left / "full disk")
    assert not list((left / "full disk").glob("*/*/checkpoints/.tmp-*"))
    assert kept.keys() == after.keys()
    for name, values in after.items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)
    assert _steps(tmp_path / "disk") == {"within an epoch": [1, 2], "full disk": [2], "never": [2, 3, 4, 5]}  # goes on
