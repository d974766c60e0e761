"""Trains as `emolab.train` does, and kills itself (SIGKILL) or is ended at points named on the command line.

Each executed step is written to the file `steps` at once, so that the test knows how many were repeated. What each
training left behind is copied to `left/<point>`.

TensorFlow is imported once: each training is a fork of this process, in which TensorFlow computes nothing, and so never
starts the threads that a fork would lose.
"""

import json
import os
import pty
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import keras_cv  # noqa: F401 - what the trainings import, once for all of them
import numpy as np

import emolab.training.assembly  # noqa: F401 - likewise
from emolab import files
from emolab.config.command import composed
from emolab.exit_codes import exit_code
from emolab.runs import checkpoints, journal, record
from emolab.train import main, train
from emolab.training.callbacks import Checkpoints


def die() -> None:
    """As `kill -9` would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _in_validation() -> None:
    Checkpoints.on_test_begin = lambda self, logs=None: die()


def _half_a_state() -> None:
    original = np.savez

    def hook(path: Any, **arrays: Any) -> None:
        original(path, **arrays)
        data = Path(path).read_bytes()
        Path(path).write_bytes(data[: len(data) // 2])
        die()

    np.savez = hook


def _before_rename() -> None:
    files._flush_to_disk = lambda path: die()


def _after_new_file_before_run_json() -> None:
    original = checkpoints.write_new

    def hook(*arguments: Any) -> None:
        original(*arguments)
        die()

    checkpoints.write_new = hook


def _after_run_json_before_old_file_goes() -> None:
    Path.unlink = lambda self, missing_ok=False: die() if self.suffix == ".npz" else os.unlink(self)


def _half_a_metrics_line() -> None:
    def hook(path: Path, line: Any) -> None:
        with path.open("ab") as handle:
            handle.write(b'{"epoch": 0, "lo')
        die()

    journal.append = hook


def _between_best_and_last() -> None:
    Checkpoints._save_last = lambda self, step: die()


def _when_finishing() -> None:
    record.RunRecord.finish = lambda self, status, **fields: die()


def _on_a_full_disk() -> None:
    """From here on a state is too large for any file, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    original = np.savez

    def hook(path: Any, **arrays: Any) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        original(path, **arrays)

    np.savez = hook


def _ctrl_c(terminal: TextIO) -> None:
    os.write(terminal.fileno(), b"\x03")
    with Path("said").open("w") as said, suppress(OSError):  # by which Linux tells that nobody writes any more
        said.writelines(terminal)


POINTS: dict[str, Callable[[], None]] = {
    "before the first save": die,
    "within an epoch": lambda: None,
    "half a state written": _half_a_state,
    "state written, not renamed": _before_rename,
    "new file there, run.json old": _after_new_file_before_run_json,
    "run.json new, old file there": _after_run_json_before_old_file_goes,
    "in validation": _in_validation,
    "half a metrics line written": _half_a_metrics_line,
    "between best and last": _between_best_and_last,
    "when finishing": _when_finishing,
}
OTHERS: dict[str, Callable[[], None]] = {"full disk": _on_a_full_disk, "never": lambda: None}
# What is done from outside to a training in its second epoch, given the terminal that it has to itself.
ENDS: dict[str, Callable[[TextIO], None]] = {"Ctrl-C": _ctrl_c, "closed terminal": lambda terminal: terminal.close()}
EXIT_CODES = {**dict.fromkeys(POINTS, -signal.SIGKILL), **dict.fromkeys(ENDS, 130), "full disk": 2, "never": 0}


def train_all() -> None:
    """Usage: killed_training.py PLAN OVERRIDE...; PLAN is JSON: folder -> names of points, or "each", and overrides.

    In each folder the points come in turn; a training goes on with the run that has a saved state. "each": at all of
    `POINTS`, and then to the end.
    """
    plan, *overrides = sys.argv[1:]
    here = Path.cwd()
    for folder, (points, own) in json.loads(plan).items():
        (here / folder).mkdir()
        os.chdir(here / folder)
        for point in [*POINTS, "never"] if points == "each" else points:
            child, terminal = pty.fork() if point in ENDS else (os.fork(), None)
            if child == 0:
                resume = ["resume=last"] if list(Path("runs").glob("*/*/checkpoints/last-*")) else []
                arguments = [*overrides, *own, *resume]
                if point in ENDS:
                    sys.argv[1:] = arguments
                    main()
                else:
                    _train_and_die(point, arguments)
                return
            if terminal is not None:
                _end(terminal, ENDS[point])
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if code != EXIT_CODES[point]:
                sys.exit(f"{folder}, {point}: exit code {code}")
            shutil.copytree("runs", Path("left", point))


def _end(terminal: int, end: Callable[[TextIO], None]) -> None:
    with open(terminal, encoding="utf-8") as ours:
        for line in ours:
            if "epoch 2/" in line:
                break
        end(ours)


def _train_and_die(point: str, arguments: list[str]) -> None:
    """Train as the command does, but for Hydra, which takes a second to read the same settings twice more."""
    executed = 0

    def counting(self: Any, batch: int, logs: Any = None) -> None:
        nonlocal executed
        executed += 1
        with Path("steps").open("a") as handle:
            handle.write(f"{point}\t{self.model.steps_done}\n")
        if executed == 1:  # from here on, so that taking up the run isn't what is killed
            {**POINTS, **OTHERS}[point]()
        if executed == 2 and point == "within an epoch":
            die()

    def command() -> None:
        train(composed("train", arguments))

    Checkpoints.on_train_batch_end = counting
    sys.exit(exit_code(command))


if __name__ == "__main__":
    train_all()
