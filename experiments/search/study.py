"""The trials of the study that all workers share: counted, told, the dead ones found."""

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState

from experiments.search.storage import AWAY, patiently, retry_of, without_notices

SURPLUS = "surplus"
BEGUN = "begun"  # the number of a trial that a worker has begun
OVERRIDES = "overrides"  # what a trial set
ERROR = "error"  # of a failed trial: the last lines of its log


@without_notices()
def counted(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that count: without those run again, and those asked for or queued once too often."""
    trials: dict[int | tuple[int, ...], FrozenTrial] = {}
    run_again: set[int] = set()
    for trial in study.get_trials(deepcopy=False):
        attempts = tuple(RetryHeartbeatStaleTrialCallback.retry_history(trial))
        trials.setdefault(attempts or trial.number, trial)  # two machines at once may have queued the same again
        run_again.update(attempts)
    return [one for one in trials.values() if one.number not in run_again and not one.user_attrs.get(SURPLUS)]


def begun(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that count and don't wait any more."""
    return [trial for trial in counted(study) if trial.state != TrialState.WAITING]


@without_notices()
def is_complete(study: optuna.Study, n_trials: int, retries: int) -> bool:
    """Whether the study has its number of trials, and none of them would be begun or, having failed, run again."""

    def ended(trial: FrozenTrial) -> bool:
        if trial.state != TrialState.FAIL:
            return trial.state.is_finished()
        return ERROR in trial.user_attrs or len(RetryHeartbeatStaleTrialCallback.retry_history(trial)) >= retries

    trials = counted(study)
    return len(trials) >= n_trials and all(map(ended, trials))


def is_surplus(study: optuna.Study, trial: optuna.Trial, n_trials: int) -> bool:
    """Whether workers on several machines began or queued this trial at once, one more than there should be."""
    numbers = [other.number for other in begun(study)]
    return trial.number not in numbers[:n_trials]


def is_taken_over(error: Exception) -> bool:
    """Whether Optuna refuses what a worker tells of its trial because another has ended that one meanwhile."""
    return isinstance(error, UpdateFinishedTrialError) or str(error).startswith("Cannot tell a ")


@without_notices()
def queue_interrupted(study: optuna.Study, retries: int, seen: dict[int, float], grace_seconds: float) -> None:
    """Queue again the trials whose workers have gone silent, were stopped, or were killed while they did just this.

    A trial that failed for a reason of its own says which, and isn't run again.

    Args:
        study: shared with all other workers.
        retries: of each trial.
        seen: number of a trial that was asked for and not begun -> `time.monotonic()` when this worker first saw it so;
            kept by the worker from call to call. Other machines' clocks may be hours away.
        grace_seconds: how long a worker may take from asking for a trial until it has begun it (`note_begun`).
    """
    optuna.storages.fail_stale_trials(study)
    _fail_never_begun(study, seen, grace_seconds)
    for trial in counted(study):
        if trial.state == TrialState.FAIL and ERROR not in trial.user_attrs:
            retry_of(retries)(study, copy.deepcopy(trial))  # it adds to the trial's history, which others read, too


@contextmanager
def heartbeats(trial: optuna.Trial, seconds: float) -> Iterator[None]:
    """Note that a worker has begun this trial, and say every so many seconds that it lives.

    Optuna's own, which come with its `optimize`, end for good at the first error.
    """
    storage: Any = trial.study._storage
    ended = Event()

    def beat() -> None:
        while not ended.wait(seconds):
            with suppress(*AWAY):  # the next one may be heard
                storage.record_heartbeat(trial._trial_id)

    patiently(lambda: storage.record_heartbeat(trial._trial_id))  # first: nobody would miss a trial without one
    patiently(lambda: note_begun(trial))
    Thread(target=beat, daemon=True).start()  # not waited for: one heartbeat too many does no harm
    try:
        yield
    finally:
        ended.set()


def tell(
    study: optuna.Study, trial: optuna.Trial, values: Sequence[float] | None, state: TrialState | None
) -> FrozenTrial:
    """Tell the study what came of a trial; it may have heard it already, if only its answer was lost.

    Raises:
        UpdateFinishedTrialError: or ValueError, see `is_taken_over`, if another worker has ended the trial.
    """
    try:
        return study.tell(trial, values, state)
    except (UpdateFinishedTrialError, ValueError):
        heard = study.trials[trial.number]
        if heard.state not in (TrialState.COMPLETE, TrialState.PRUNED) or heard.state != (state or TrialState.COMPLETE):
            raise
        return heard


def put_back(study: optuna.Study, number: int) -> None:
    """End a trial whose worker can't go on with it, so that another one does, unless that has happened already.

    Where the database is away, the trial's silence says the same later.
    """
    try:
        with suppress(*AWAY):
            study.tell(number, state=TrialState.FAIL)
    except (UpdateFinishedTrialError, ValueError) as error:
        if not is_taken_over(error):
            raise


def note_begun(trial: optuna.Trial) -> None:
    """Note that a worker has begun this trial, and sends heartbeats. Trials that are run again have others' notes."""
    trial.set_user_attr(BEGUN, trial.number)


def _fail_never_begun(study: optuna.Study, seen: dict[int, float], grace_seconds: float) -> None:
    """Fail the trials whose workers were killed before their first heartbeat, without which Optuna misses none."""
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        if trial.user_attrs.get(BEGUN) == trial.number:
            continue
        now = time.monotonic()
        if now - seen.setdefault(trial.number, now) >= grace_seconds:
            put_back(study, trial.number)


@without_notices()
def original_number(study: optuna.Study, number: int) -> int:
    """Return the number under which this trial was begun first: it keeps its run folder when it is run again."""
    history = RetryHeartbeatStaleTrialCallback.retry_history(study.get_trials(deepcopy=False)[number])
    return history[0] if history else number
