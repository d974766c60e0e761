"""Slow, and worth it: the promise that no kill loses a training, kept by killing real processes."""

import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from commands import TINY, environment, start_on_terminal

from emolab.files import read_json

DRIVER = Path(__file__).parent / "killed_training.py"


def _train(point: str, folder: Path, faces: Path, *more: str) -> None:
    """Train until killed at the point, or at each of the ten in turn and then to the end."""
    command = [sys.executable, DRIVER, point, folder / "steps", *_overrides(folder, faces), *more]
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=3600, check=False
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]


def _overrides(folder: Path, faces: Path) -> list[str]:
    cache = f"paths.cache={folder.parent / 'cache'}"
    return [*TINY, f"data.root={faces}", "evaluate=false", "trainer.save_every_minutes=0.0", "workers=1", cache]


def _weights(folder: Path) -> dict[str, np.ndarray]:
    (path,) = folder.glob("runs/*/*/checkpoints/last-*.npz")
    with np.load(path, allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def _steps(folder: Path) -> dict[str, list[int]]:
    """Point -> the steps that were done until a training was killed there."""
    lines = [line.split("\t") for line in (folder / "steps").read_text().splitlines()]
    return {point: [int(step) for _, step in done] for point, done in groupby(lines, lambda line: line[0])}


def test_a_training_killed_at_ten_points_ends_with_the_same_weights(tmp_path: Path, striped_faces: Path) -> None:
    """One run, killed at each point in turn and resumed each time, beside one that was never killed."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    _train("never", whole, striped_faces, "trainer.epochs=4")
    _train("each", killed, striped_faces, "trainer.epochs=4")
    steps = _steps(killed)
    assert len(steps.keys() - {"never"}) == 10
    last = 0
    print("\npoint, last step before, first step after, steps repeated")
    for point, done in steps.items():
        print(point, last, done[0], max(0, last - done[0] + 1), sep=", ")
        last = done[-1]
    one, other = _weights(whole), _weights(killed)
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)
    metrics = [next(folder.glob("runs/*/*/metrics.jsonl")).read_text().count("\n") for folder in (whole, killed)]
    assert metrics == [4, 4]


def test_ctrl_c_saves_and_says_how_to_resume(tmp_path: Path, striped_faces: Path) -> None:
    overrides = [*TINY, f"data.root={striped_faces}", "evaluate=false", "trainer.epochs=2000", "workers=1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "emolab.train", *overrides],
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
    overrides = [*TINY, f"data.root={striped_faces}", "evaluate=false", "trainer.epochs=2000", "workers=1"]
    command = [sys.executable, "-m", "emolab.train", *overrides]
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
    _train("within an epoch", tmp_path, striped_faces, "trainer.epochs=3")
    kept = _weights(tmp_path)
    script = (
        "import resource, sys, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from emolab.train import main; import emolab.training.state, numpy;"
        "original = numpy.savez;"
        "emolab.training.state.np.savez = lambda *a, **k:"
        " (resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)), original(*a, **k));"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *_overrides(tmp_path, striped_faces), "trainer.epochs=3", "resume=last"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2, done.stdout[-500:] + done.stderr[-2000:]
    assert "File too large" in done.stderr
    assert not list(tmp_path.glob("runs/*/*/checkpoints/.tmp-*"))
    for name, values in _weights(tmp_path).items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)
    _train("never", tmp_path, striped_faces, "trainer.epochs=3")  # the state that was kept is whole and is gone on with
