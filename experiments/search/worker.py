"""A worker: asks the shared study for a trial, trains it, tells the result, until the study has enough."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from hydra.utils import instantiate
from optuna import Trial, TrialPruned
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from emolab.errors import ConfigError
from experiments.search import study as shared
from experiments.search.space import Lookup, space_of, suggested
from experiments.search.storage import SILENT, patiently, without_notices
from experiments.search.trial import Training, TrialDivergedError, TrialFailedError, TrialInterruptedError, values_of

_FAILURES = 3  # trainings in a row: the next ones would fail for the same reason, such as a full disk
_POLL_SECONDS = 2.0  # between looks at a study whose last trials others train


class Worker:
    """Trains trials of a study, one at a time.

    Args:
        study: shared with all other workers.
        settings: `conf/sweep.yaml`, composed.
        fixed: overrides of `emolab.train` that hold for every trial.
        otherwise: value of a key that is neither searched nor fixed, for conditions.
        check: raises a ConfigError where the study began with anything else. It's asked before each trial: until the
            first one another command may begin the study anew.
    """

    def __init__(
        self,
        study: optuna.Study,
        settings: Any,
        fixed: Sequence[str],
        otherwise: Lookup,
        check: Callable[[], None],
    ) -> None:
        self._study, self._settings, self._fixed = study, settings, tuple(fixed)
        self._space, self._otherwise = space_of(settings), otherwise
        self._check_beginning = check
        self._folder = Path(settings.output)
        self._claim = FileLock(self._folder / ".claim.lock")
        self._failures = 0  # trainings that failed since the last that didn't
        self._seen: dict[int, float] = {}  # see `queue_interrupted`

    def work(self) -> None:
        """Train until the study has its number of trials and none of them is being trained any more.

        It waits for the last trials of the others: where such a worker dies, this one takes its trial over.

        Raises:
            ConfigError: if the study's database is away for ten minutes, if three trainings in a row failed (those
                that diverged don't count), or if the study began with anything else.
            KeyboardInterrupt: when interrupted (Ctrl-C, SIGTERM), after the training has saved.
        """
        _interrupt_on_sigterm()
        while True:
            if trial := patiently(self._asked):
                self._run(trial)
            elif patiently(self._others_train):
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _asked(self) -> Trial | None:
        """Return the next trial, None where the study has enough."""
        grace = SILENT * self._settings.heartbeat_seconds
        with self._claim:  # from counting until the trial is there, so that no two workers count at once
            shared.queue_interrupted(self._study, self._settings.retries, self._seen, grace)
            if len(shared.begun(self._study)) >= self._settings.n_trials:
                return None
            self._check_failures()
            self._check_beginning()
            with without_notices():
                self._study.pruner = instantiate(self._settings.pruner)
                return self._study.ask()

    def _check_failures(self) -> None:
        if self._failures >= _FAILURES:
            raise ConfigError(
                f"{_FAILURES} trainings in a row failed, and others may for the same reason, such as a full disk; see "
                f"their logs in {self._folder}. Mend it, then give the same command to go on. Failed trials count: "
                f"n_trials={self._settings.n_trials + _FAILURES} gives as many again"
            )

    def _others_train(self) -> bool:
        return any(trial.state == TrialState.RUNNING for trial in shared.begun(self._study))

    def _run(self, trial: Trial) -> None:
        """Train the trial and tell the study what came of it."""
        try:
            with shared.heartbeats(trial, self._settings.heartbeat_seconds):
                self._tell(self._ended(trial))
        except (UpdateFinishedTrialError, ValueError) as error:
            if not shared.is_taken_over(error):
                raise
            print("its trial was taken over by another worker: this one was silent for too long", flush=True)

    def _ended(self, trial: Trial) -> FrozenTrial:
        values, state = None, None
        try:
            values = self._values(trial)
        except TrialPruned:
            state = TrialState.PRUNED
        except TrialFailedError:
            state = TrialState.FAIL
        except BaseException:
            shared.put_back(self._study, trial.number)
            raise
        if state != TrialState.FAIL:
            self._failures = 0
        return patiently(lambda: shared.tell(self._study, trial, values, state))

    def _values(self, trial: Trial) -> list[float]:
        training, objectives = patiently(lambda: self._training(trial)), self._settings.search.objectives
        try:
            return values_of(training.result(), objectives)
        except TrialInterruptedError as error:
            print(f"trial {trial.number} will be run again: {error}", flush=True)
            time.sleep(SILENT * self._settings.heartbeat_seconds)  # whatever stopped it may need that long
            raise
        except TrialFailedError as error:
            self._failures = 0 if isinstance(error, TrialDivergedError) else self._failures + 1
            reason = str(error)
            patiently(lambda: trial.set_user_attr(shared.ERROR, reason))
            raise

    def _training(self, trial: Trial) -> Training:
        """Draw the trial's settings and return their training."""
        if shared.is_surplus(self._study, trial, self._settings.n_trials):
            trial.set_user_attr(shared.SURPLUS, True)
            raise TrialFailedError("begun by workers on several machines at once, one more than n_trials")
        number = shared.original_number(self._study, trial.number)
        with without_notices():
            self._study.sampler = self._sampler(trial.number)
        searched = suggested(trial, self._space, self._fixed, self._otherwise)
        trial.set_user_attr(shared.OVERRIDES, searched)
        overrides = [*self._fixed, *searched, self._supervised()]
        runs, log = Path(self._settings.paths.runs), self._folder / f"{number}.log"
        prunes = self._settings.search.objectives == ["validation"]  # the number that a training reports while it runs
        training = Training(trial, overrides, self._settings.name, number, runs, log, prunes)
        print(f"trial {trial.number}: {' '.join(searched)}", flush=True)
        return training

    def _supervised(self) -> str:
        target = "emolab.training.callbacks.Supervised"
        latency = str("latency_ms" in self._settings.search.objectives).lower()
        monitor, epochs = self._settings.trainer.monitor, "${trainer.epochs}"
        return f"+callbacks.supervised={{_target_:{target},monitor:{monitor},epochs:{epochs},latency:{latency}}}"

    def _sampler(self, number: int) -> Any:
        """A sampler whose draws differ from trial to trial, wherever that is trained, and are the same next time."""
        return instantiate(self._settings.sampler, seed=self._settings.seed + number)

    def _tell(self, trial: FrozenTrial) -> None:
        values = " ".join(f"{value:.4f}" for value in trial.values or ())
        epochs = trial.user_attrs.get("epochs", "no")
        print(f"trial {trial.number}: {trial.state.name.lower()} {values} after {epochs} epochs", flush=True)
        if shared.ERROR in trial.user_attrs:
            print(f"  {trial.user_attrs[shared.ERROR]}".replace("\n", "\n  "), flush=True)


def _interrupt_on_sigterm() -> None:
    """Let SIGTERM (of Slurm, of a driver that was killed) stop a worker as Ctrl-C does."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
