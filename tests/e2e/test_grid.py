"""A grid as a user runs it. Commands of real processes: what a grid promises can't be seen otherwise."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from commands import TINY, environment, run
from waiting import wait_for

from emolab.files import read_json
from emolab.jobs import Plan
from emolab.runs import list_runs

GRID = (*TINY[:-2], "trainer.epochs=2", "trainer.precision=float32", "evaluate=false", "aug=off", "workers=1")


def test_a_grid_survives_a_failing_run_and_a_kill_and_does_only_what_is_missing(
    tmp_path: Path, striped_faces: Path
) -> None:
    """The first of two runs fails, the driver is killed in the second; the same command does the rest."""
    arguments = (*GRID, f"data.root={striped_faces}", "-m", "optimizer.learning_rate=1e30,0.01")
    log = (tmp_path / "out").open("w")
    command = [sys.executable, "-m", "emolab.train", *arguments]
    driver = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=log, stderr=subprocess.STDOUT)
    wait_for(lambda: (tmp_path / "out").read_text().count("learning_rate=") == 2)
    wait_for(lambda: len(list_runs(tmp_path / "runs")) == 2)
    driver.kill()
    driver.wait()
    wait_for(lambda: list_runs(tmp_path / "runs")[-1].status == "interrupted")
    plan = Plan.open(next((tmp_path / "grids").glob("*/")))
    assert plan.jobs[0][-1] == "optimizer.learning_rate=1e+30"

    done = run("emolab.train", *arguments, "resume=last", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "failed: 0 (exit code 2)" in done.stdout
    assert "the loss became" in done.stdout
    assert re.search(r"^ +1  finished: val_accuracy", done.stdout, re.M)
    assert f"experiments.compare where.group={plan.name}" in done.stdout
    (finished,) = [record for record in list_runs(tmp_path / "runs") if record.status == "finished"]
    assert finished.facts.group.model_dump() == {"name": plan.name, "number": 1}
    assert finished.facts.choices["model"] == "custom_cnn"
    assert finished.facts.model.flops > 1000
    assert 100 < read_json(tmp_path / plan.outcome_path(1))["memory_mib"] < 4000
    with Plan.open(tmp_path / plan.folder).owned():
        refused = run("emolab.train", *arguments, "resume=last", cwd=tmp_path)
    assert refused.returncode == 2, refused.stdout
    assert "another command is working on this folder" in refused.stderr


def test_ctrl_c_stops_a_grid_after_the_running_training_has_saved(tmp_path: Path, striped_faces: Path) -> None:
    arguments = (*GRID, f"data.root={striped_faces}", "-m", "seed=0,1", "trainer.epochs=3000")
    driver = subprocess.Popen(
        [sys.executable, "-m", "emolab.train", *arguments],
        cwd=tmp_path, env=environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: list(tmp_path.glob("runs/*/*/metrics.jsonl")))
    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does, which asks all that it sees
    out, error = driver.communicate(timeout=300)
    assert driver.returncode == 130, out + error
    assert "go on with the same command and resume=" in error
    (record,) = list_runs(tmp_path / "runs")
    assert record.status == "interrupted"
    assert "last" in record.facts.checkpoints
