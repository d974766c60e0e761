"""The database of a study: opened safely by many workers at once, waited for while it is away."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import optuna
from filelock import FileLock
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
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
AWAY = (DBAPIError, StorageInternalError)
_ATTEMPTS = 4
_PATIENCE_SECONDS, _PAUSE_SECONDS = 600.0, 5.0  # with a database that is away, and between two tries
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
        except AWAY as error:
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
    except AWAY as error:
        raise _lost(error) from error


def storage_url(settings: Any) -> str:
    """Return the URL of the storage: the one given, or SQLite in the output folder."""
    file = URL.create("sqlite", database=str(Path(settings.output).resolve() / "study.db"))
    return str(settings.storage or file.render_as_string())


def shown(url: str) -> str:
    """Return the URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


@without_notices()
def retry_of(retries: int) -> RetryHeartbeatStaleTrialCallback:
    """Return what queues a trial again that has failed, at most so many times."""
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
                heartbeat_stale_trial_callback=retry_of(settings.retries),
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


def _lost(error: Exception) -> ConfigError:
    return ConfigError(
        f"the study's database can't be used: {_reason(error)}. Give the same command to go on when it can"
    )


def _reason(error: BaseException) -> str:
    """Return what the database's driver says, in a line, without SQL."""
    cause = error.__cause__ or error
    return " ".join(str(getattr(cause, "orig", cause)).split())[:300].rstrip(".")
