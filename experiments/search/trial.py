"""One trial: the very training that users run, in a process of its own, supervised from here."""

import json
import math
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from optuna import Trial, TrialPruned

from emolab.config.command import composed
from emolab.jobs import Child, Outcome, last_lines
from emolab.jobs.group import run_of, training_command, training_environment
from emolab.runs import RunRecord
from emolab.runs.sameness import change_of_settings
from emolab.training.supervision import VARIABLE
from experiments.search.storage import patiently

Report = dict[str, Any]

_POLL_SECONDS = 2.0  # between looks at a run that another process writes


class TrialFailedError(Exception):
    """A trial that gave no result; the message ends with the last lines of its log."""


class TrialDivergedError(TrialFailedError):
    """A trial whose settings are at fault: its loss or weights are no longer numbers."""


class TrialInterruptedError(TrialFailedError):
    """A trial that ended for no reason of its own: it is to be run again."""


class Training:
    """Trains one trial's settings, or goes on with its run.

    Args:
        trial: gets every validation's value, and says whether the training goes on.
        overrides: of `python -m emolab.train`.
        group: name of the sweep.
        number: of the trial in it, the same when it is run again.
        runs: folder of all runs (`paths.runs`).
        log: its output is added to this file.
        prunes: whether the trial may be ended early.
    """

    def __init__(
        self, trial: Trial, overrides: Sequence[str], group: str, number: int, runs: Path, log: Path, prunes: bool
    ) -> None:
        self._trial, self._overrides, self._group, self._number = trial, tuple(overrides), group, number
        self._runs, self._log, self._prunes = runs, log, prunes
        self._reported = set(trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values)

    def result(self) -> Report:
        """Return {"validation", "parameters", "flops"} and, where it was asked for, "latency_ms".

        Raises:
            TrialPruned: if the training was ended early.
            TrialInterruptedError: if somebody stopped the training alone, or another process took its run just now.
            ConfigError: if the study's database is away for long.
            TrialDivergedError: if its loss or weights are no longer numbers.
            TrialFailedError: if it failed, was killed, or gave no number.
            KeyboardInterrupt: when this process is interrupted, after the training has saved.
        """
        record = self._free_run()
        if record is not None and record.status in ("finished", "pruned"):
            self._check_same(record)
            self._note(record)
        else:
            record = self._trained(record)
        if record.status == "pruned":
            raise TrialPruned
        return self._numbers(record)

    def _free_run(self) -> RunRecord | None:
        """Return the trial's run if it has one, as soon as no other process writes it.

        The training of a worker whom the study didn't hear may do so yet, and saves when that worker notices.
        """
        told = False
        while (record := run_of(self._runs, self._group, self._number)) is not None and record.has_writer():
            if not told:
                print(f"waiting for another process, which is writing the run {record.folder}", flush=True)
            told = True
            time.sleep(_POLL_SECONDS)
        return record

    def _trained(self, begun: RunRecord | None) -> RunRecord:
        outcome = self._train(begun)
        record = run_of(self._runs, self._group, self._number)
        if record is not None:
            self._note(record)
        if outcome.interrupted:
            raise TrialInterruptedError(f"its training was stopped, {outcome.explained()}")
        if not outcome.done and record is not None and record.has_writer():
            raise TrialInterruptedError(f"another process is writing its run {record.folder}")
        if record is None or not outcome.done:
            diverged = record is not None and record.facts.summary.diverged
            kind = TrialDivergedError if diverged else TrialFailedError
            raise kind(f"{outcome.explained()}\n{last_lines(self._log)}")
        return record

    def _note(self, record: RunRecord) -> None:
        self._keep("run", record.id)
        self._keep("epochs", len(record.read_metrics()))

    def _keep(self, name: str, value: Any) -> None:
        patiently(lambda: self._trial.set_user_attr(name, value))

    def _check_same(self, record: RunRecord) -> None:
        """Check that a run which is taken as it is was trained by this trial's settings."""
        instead = f"Move {record.folder} away, or begin the sweep anew with another name"
        if changed := change_of_settings(composed("train", self._overrides), record, instead):
            raise TrialFailedError(changed)

    def _numbers(self, record: RunRecord) -> Report:
        value = record.facts.monitor.best
        if value is None or not math.isfinite(value):
            raise TrialFailedError(f"its best {record.facts.monitor.name} is {value}\n{last_lines(self._log)}")
        model = record.facts.model
        latency = {key: value for key, value in self._trial.user_attrs.items() if key == "latency_ms"}
        return {"validation": value, "parameters": model.parameters, "flops": model.flops, **latency}

    def _train(self, record: RunRecord | None) -> Outcome:
        here, there = socket.socketpair()
        with closing(here):
            with closing(there):
                environment = {**training_environment(), VARIABLE: str(there.fileno())}
                command = training_command(self._overrides, self._group, self._number, record)
                child = Child(command, self._log, environment, [there.fileno()])
            try:
                self._supervise(here)
            except BaseException:
                here.shutdown(socket.SHUT_RDWR)  # a training that waits for an answer would never stop
                child.stop()
                raise
            return child.wait()

    def _supervise(self, connection: socket.socket) -> None:
        """Answer the training until it ends, killed while it waited for an answer or not."""
        with suppress(BrokenPipeError), connection.makefile("rw", encoding="utf-8") as line:
            for message in _messages(line.readline):
                line.write(json.dumps(self._answer(message)) + "\n")
                line.flush()

    def _answer(self, message: Report) -> Report:
        if "value" not in message:
            for name, value in message.items():
                self._keep(name, value)
            return {}
        pruned = self._prunes and patiently(lambda: self._hopeless(message))
        return {"prune": pruned, "reason": f"the pruner of {self._group} sees no hope"}

    def _hopeless(self, message: Report) -> bool:
        if message["epoch"] not in self._reported:
            self._trial.report(message["value"], message["epoch"])
        return bool(self._trial.should_prune())  # some pruners return NumPy's bool


def values_of(result: Report, objectives: Sequence[str]) -> list[float]:
    """Return a training's number for each objective.

    Raises:
        TrialFailedError: naming those that it doesn't have, such as the latency of a training that was stopped at its
            end, before it was measured.
    """
    if missing := [name for name in objectives if result.get(name) is None]:
        raise TrialFailedError(f"its run is finished, but has no {', '.join(missing)}")
    return [float(result[name]) for name in objectives]


def _messages(read: Callable[[], str]) -> Iterator[Report]:
    try:
        while text := read():
            yield json.loads(text)
    except OSError:  # the training was killed while it wrote
        return
