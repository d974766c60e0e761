"""The study that all workers share: opened safely, its trials counted, its dead ones found."""

import copy
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, Literal, TypeVar

import optuna
from filelock import FileLock
from optuna.exceptions import ExperimentalWarning, StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
)

from emolab.errors import ConfigError

Direction = Literal["minimize", "maximize"]

SILENT = 3  # heartbeats that a worker may miss
SURPLUS = "surplus"
BEGUN = "begun"  # the number of a trial that a worker has begun
OVERRIDES = "overrides"  # what a trial set
ERROR = "error"  # of a failed trial: the last lines of its log
_ATTEMPTS = 4
_PATIENCE_SECONDS, _PAUSE_SECONDS = 600.0, 5.0  # with a database that is away, and between two tries
_AWAY = (DBAPIError, StorageInternalError)
_LASTING = (DataError, IntegrityError, ProgrammingError)  # of these, what waiting doesn't mend
_Result = TypeVar("_Result")

optuna.logging.set_verbosity(optuna.logging.ERROR)  # the worker tells of each trial in its own words


@contextmanager
def without_notices() -> Iterator[None]:
    """Don't say that heartbeats and the like are "experimental": they have been since 2021; nor who may send them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage is supposed to be used with")
        yield


def open_study(
    name: str,
    storage: str,
    directions: Sequence[Direction],
    settings: Any,
) -> optuna.Study:
    """Create the study, or join it; `beginning.begin` says whether the same is searched.

    Args:
        name: of the study.
        storage: URL of a database; see `storage_url`.
        directions: "maximize" or "minimize", of each objective.
        settings: `conf/sweep.yaml`, for heartbeat and retries.

    Raises:
        ConfigError: if the database can't be used, or the study there has other directions.
    """
    with FileLock(Path(settings.output) / ".study.lock"):  # two workers creating a fresh SQLite file: one would fail
        study = _created(name, storage, directions, settings)
    if [direction.name.lower() for direction in study.directions] != list(directions):
        raise ConfigError(f"the study {name} has other objectives: give another name=..., or the ones it began with")
    return study


def patiently(work: Callable[[], _Result]) -> _Result:
    """Do something with the study's database; where that is away for a moment, wait and do it again.

    Raises:
        ConfigError: if it is away for ten minutes, or what it says won't pass.
    """
    began = None
    while True:
        try:
            return work()
        except _AWAY as error:
            if isinstance(error.__cause__ or error, _LASTING):
                raise _lost(error) from None
            if began is None:
                began = time.monotonic()
                print(f"the study's database can't be used now, trying for ten minutes: {_reason(error)}", flush=True)
            if time.monotonic() - began >= _PATIENCE_SECONDS:
                raise _lost(error) from None
            time.sleep(_PAUSE_SECONDS)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Tell in a sentence that the study's database is away.

    Raises:
        ConfigError: in place of the database's own error.
    """
    try:
        yield
    except _AWAY as error:
        raise _lost(error) from error


def _lost(error: Exception) -> ConfigError:
    return ConfigError(
        f"the study's database can't be used: {_reason(error)}. Give the same command to go on when it can"
    )


def _reason(error: BaseException) -> str:
    """Return what the database's driver says, in a line, without SQL."""
    cause = error.__cause__ or error
    return " ".join(str(getattr(cause, "orig", cause)).split())[:300].rstrip(".")


def storage_url(settings: Any) -> str:
    """Return the URL of the storage: the one given, or SQLite in the output folder."""
    file = URL.create("sqlite", database=str(Path(settings.output).resolve() / "study.db"))
    return str(settings.storage or file.render_as_string())


def shown(url: str) -> str:
    """Return the URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


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
            _retry(retries)(study, copy.deepcopy(trial))  # it adds to the trial's history, which others read, too


@contextmanager
def heartbeats(trial: optuna.Trial, seconds: float) -> Iterator[None]:
    """Note that a worker has begun this trial, and say every so many seconds that it lives.

    Optuna's own, which come with its `optimize`, end for good at the first error.
    """
    storage: Any = trial.study._storage
    ended = Event()

    def beat() -> None:
        while not ended.wait(seconds):
            with suppress(*_AWAY):  # the next one may be heard
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
        with suppress(*_AWAY):
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


@without_notices()
def _retry(retries: int) -> RetryHeartbeatStaleTrialCallback:
    return RetryHeartbeatStaleTrialCallback(max_retry=retries, inherit_intermediate_values=True)


@without_notices()
def _created(name: str, url: str, directions: Sequence[Direction], settings: Any) -> optuna.Study:
    problem: Exception | None = None
    for attempt in range(_ATTEMPTS):
        try:
            storage = RDBStorage(
                url,
                engine_kwargs=_engine(url),
                heartbeat_interval=settings.heartbeat_seconds,
                grace_period=SILENT * settings.heartbeat_seconds,
                heartbeat_stale_trial_callback=_retry(settings.retries),
            )
            return optuna.create_study(
                study_name=name, storage=storage, directions=list(directions), load_if_exists=True
            )
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise ConfigError(f"storage: {error}. For PostgreSQL: pip install -e '.[postgres]'") from None
        except (DBAPIError, StorageInternalError) as error:  # workers on several machines create the tables at once
            problem = error
            time.sleep(1.0 + attempt)
    raise ConfigError(f"storage={shown(url)} can't be used: {' '.join(str(problem).split())[:300]}")


def _engine(url: str) -> dict[str, Any]:
    """SQLite lets one process write at a time: the others wait, longer than its default of five seconds."""
    return {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}
