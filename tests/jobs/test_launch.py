"""A plan's trainings as they're launched. Real processes, but for the training: a program that does nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment
from hydra.core.hydra_config import HydraConfig
from made_plans import add
from waiting import wait_for

from emolab.config.command import composed
from emolab.config.overrides import search_path
from emolab.errors import ConfigError
from emolab.jobs import Plan
from emolab.jobs.launch import at_once, batches, launcher_settings, train_together, with_time
from emolab.processor import usable_cores
from experiments.overrides import launcher_given

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")

DRIVER = """
import sys
from pathlib import Path
from emolab.exit_codes import exit_code
from emolab.jobs import Plan
from emolab.jobs.run_plan import run_plan
def work(grid):
    with grid.owned():
        return run_plan(grid, launcher, "the same command")
folder, training, *launcher = sys.argv[1:]
del sys.argv[1:]
Plan.command = lambda self, number: [sys.executable, "-c", training]
grid = Plan.open(Path(folder))
sys.exit(exit_code(lambda: work(grid)))
"""

SLOW_TO_SAVE = """
import signal, sys, time
def save(*_):
    time.sleep(1)
    print("saved", flush=True)
    sys.exit(130)
signal.signal(signal.SIGTERM, save)
print("up", flush=True)
signal.pause()
"""


def begun(folder: Path, trainings: int) -> Plan:
    grid = Plan(folder / "grids" / "g", "g", folder / "runs", tuple((f"seed={seed}",) for seed in range(trainings)))
    grid.begin()
    return grid


def driver(grid: Plan, training: str, *launcher: str) -> subprocess.Popen[str]:
    """Hydra in a process of its own, as it takes stdout's place, and a group of its own, as a terminal's command."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, grid.folder, training, *launcher],
        cwd=grid.runs.parent, env=environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("launcher", [(), JOBLIB])
def test_a_log_that_cannot_be_written_is_told_and_stops_neither_the_others_nor_the_table(tmp_path, launcher):
    grid = begun(tmp_path, 2)
    grid.log(0).mkdir()
    done = driver(grid, "", *launcher)
    out, error = done.communicate(timeout=300)
    assert done.returncode == 2, error
    assert "0  failed: IsADirectoryError" in out
    assert "1  failed before it had a run: exit code 0" in out
    assert "failed: 0 (it never ended)" in out
    assert "again:  the same command" in out


def test_a_launcher_that_fails_is_told_and_the_table_still_comes(tmp_path):
    failing = ("hydra/launcher=submitit_local", "hydra.launcher.nodes=2")  # it has one
    done = driver(begun(tmp_path, 2), "", *failing)
    out, error = done.communicate(timeout=300)
    assert done.returncode == 2, error
    assert "Use nodes=1" in error
    assert f"the launcher failed: {' '.join(failing)}" in out
    assert out.count("missing") == 2
    assert "failed: 1 (it never ended)" in out
    assert "again:  the same command" in out


@pytest.mark.parametrize(("launcher", "together"), [((), 1), (JOBLIB, 2)])
def test_ctrl_c_reaches_what_is_running_and_waits_until_all_of_it_has_saved(tmp_path, launcher, together):
    grid = begun(tmp_path, 3)
    interrupted = driver(grid, SLOW_TO_SAVE, *launcher)
    logs = [grid.log(number) for number in range(together)]
    wait_for(lambda: interrupted.poll() is not None or all(log.is_file() and log.read_text() for log in logs))
    os.killpg(interrupted.pid, signal.SIGINT)  # a terminal asks all that it sees, not the command alone
    out, error = interrupted.communicate(timeout=300)
    assert interrupted.returncode == 130, out + error
    assert [log.read_text() for log in sorted(grid.folder.glob("*.log"))] == ["up\nsaved\n"] * together
    assert "go on with the same command" in error


def test_joblib_says_how_many_trainings_run_at_once():
    given = (["hydra/launcher=basic"], ["hydra/launcher=submitit_local"], JOBLIB, ["hydra/launcher='joblib'"])
    assert [at_once(one, launcher_settings(one)) for one in given] == [None, None, 2, usable_cores()]


def test_a_launcher_of_ones_own_is_found_by_whoever_is_given_it(tmp_path, monkeypatch):
    (tmp_path / "mine" / "hydra" / "launcher").mkdir(parents=True)
    (tmp_path / "mine" / "hydra" / "launcher" / "slurm.yaml").write_text("defaults: [submitit_slurm]\ntimeout_min: 5\n")
    running = composed("founding", [search_path([tmp_path / "mine"]), "hydra/launcher=slurm"], hydra_too=True)
    monkeypatch.setattr(HydraConfig.instance(), "cfg", running)
    assert launcher_settings(launcher_given()).timeout_min == 5


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("hydra.launcher.n_jobs=0", "or -1 for one a core"),
        ("hydra.launcher.timeout=5", "timeout=5: .* know hydra.launcher.n_jobs alone"),
        ("hydra.launcher.n_job=2", "n_job"),
    ],
)
def test_what_joblib_is_asked_for_in_vain_is_refused(setting, told):
    launcher = ["hydra/launcher=joblib", setting]
    with pytest.raises(ConfigError, match=told):
        at_once(launcher, launcher_settings(launcher))


@pytest.mark.parametrize("choice", ["submitit_local", "'submitit_local'"])
def test_a_launcher_that_starts_all_at_once_is_given_as_many_as_there_are_cores(choice: str) -> None:
    numbers = list(range(3, 3 + 4 * usable_cores() + 1))
    groups = batches(numbers, launcher_settings([f"hydra/launcher={choice}", "hydra.launcher.timeout_min=5"]))
    assert [number for batch in groups for number in batch] == numbers
    assert max(map(len, groups)) == usable_cores()
    assert batches(numbers, launcher_settings(["hydra/launcher=submitit_slurm"])) == [numbers]


@pytest.mark.parametrize(
    ("launcher", "minutes"),
    [
        (["hydra/launcher=submitit_local"], 365 * 24 * 60),
        (["hydra/launcher='submitit_local'"], 365 * 24 * 60),
        (["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=60"], 60),
        (["hydra/launcher=mine"], 5),
        (["hydra/launcher=submitit_slurm"], 60),
    ],
)
def test_trainings_on_this_machine_have_all_the_time_they_need_unless_told(
    tmp_path: Path, launcher: list[str], minutes: int
) -> None:
    (tmp_path / "hydra" / "launcher").mkdir(parents=True)
    (tmp_path / "hydra" / "launcher" / "mine.yaml").write_text("defaults: [submitit_local]\ntimeout_min: 5\n")
    given = [search_path([tmp_path]), *launcher]
    assert launcher_settings(with_time(given, launcher_settings(given))).timeout_min == minutes


def test_a_training_that_ended_well_before_it_was_validated_is_told(tmp_path, monkeypatch, capsys):
    grid = begun(tmp_path, 1)
    add(tmp_path, 0)
    monkeypatch.setattr(Plan, "command", lambda self, number: [sys.executable, "-c", ""])
    train_together(grid, [0], 1)
    assert "0  finished: val_accuracy unknown in" in capsys.readouterr().out
