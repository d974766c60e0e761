"""What a sweep loses when its workers are killed: two workers, one killed with SIGKILL at random moments.

python benchmarks/killed_workers.py [kills] [trials] [folder]

Whenever one was killed, another takes its place, as on a cluster. Some 10 minutes on two cores. In the end every
number from 0 has one finished run, and every entry of the study is accounted for.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
from grid_memory import SETTINGS, make_stripes
from optuna.trial import TrialState

from emolab.runs import list_runs
from experiments.search.study import begun, counted


def main() -> None:
    """Sweep, kill, and print where every trial went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=5)
    parser.add_argument("trials", type=int, nargs="?", default=10)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("killed_workers"))
    arguments = parser.parse_args()
    kills, trials, folder = arguments.kills, arguments.trials, arguments.folder.resolve()
    make_stripes(folder / "faces")
    moments = random.Random(0)  # noqa: S311 - no secret
    own = [one for one in SETTINGS if not one.startswith(("evaluate", "workers", "trainer.epochs"))]
    sweep = [*own, f"data.root={folder / 'faces'}", "trainer.epochs=6", "heartbeat_seconds=2", f"n_trials={trials}"]
    command = [sys.executable, "-m", "experiments.sweep", *sweep, "pruner=none"]
    log = (folder / "workers.log").open("a")
    workers = [start(command, folder, log) for _ in range(2)]
    for number in range(kills):
        time.sleep(moments.uniform(20, 80))  # a trial takes some 30 s on two idle cores
        victim = moments.randrange(2)
        if workers[victim].poll() is None:
            os.kill(workers[victim].pid, signal.SIGKILL)
            print(f"kill {number + 1}: worker {victim}", flush=True)
        workers[victim].wait()
        workers[victim] = start(command, folder, log)
    print("exit codes:", [worker.wait() for worker in workers])
    account(folder, trials)


def start(command: list[str], folder: Path, log: object) -> "subprocess.Popen[bytes]":
    """Start a worker."""
    return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)  # type: ignore[call-overload]


def account(folder: Path, trials: int) -> None:
    """Print where every trial and every run folder went."""
    study = optuna.load_study(study_name="sweep", storage=f"sqlite:///{folder / 'sweeps/sweep/study.db'}")
    states = [trial.state.name.lower() for trial in counted(study)]
    runs = [record for record in list_runs(folder / "runs") if record.facts.group.name == "sweep"]
    finished = [record.facts.group.number for record in runs if record.status == "finished"]
    resumed = sum(bool(record.facts.resumed) for record in runs)
    waiting = sum(trial.state in (TrialState.WAITING, TrialState.RUNNING) for trial in begun(study))
    print(f"{len(states)} of {trials} trials: { {state: states.count(state) for state in sorted(set(states))} }")
    print(f"{len(study.trials) - len(states)} further entries are interrupted attempts, each taken up by another")
    print(f"{waiting} trials left waiting or running")
    print(
        f"{len(runs)} run folders, {len(finished)} finished, {len(set(finished))} different numbers, {resumed} resumed"
    )


if __name__ == "__main__":
    main()
