"""The trainings of a plan, started one by one, several at once, or wherever one of Hydra's launchers runs them."""

import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig

from emolab.config.command import composed, hydra_main
from emolab.config.overrides import key_of, override
from emolab.errors import ConfigError, EmolabError
from emolab.jobs.plan import Plan
from emolab.jobs.process import Child, Outcome, stop_all
from emolab.processor import usable_cores

_N_JOBS = "hydra.launcher.n_jobs"
_TIMEOUT = "hydra.launcher.timeout_min"
_HOUR, _YEAR = 60, 365 * 24 * 60  # minutes: what submitit gives by itself, and what trainings are given here
_POLL_SECONDS = 0.1


def launch(plan: Plan, numbers: Sequence[int], launcher: Sequence[str]) -> None:
    """Train these jobs where the launcher, Hydra's own overrides such as "hydra/launcher=joblib", says.

    A launcher that fails, such as Slurm's when time is up, leaves jobs missing, and stops nothing else.

    Raises:
        ConfigError: if the launcher's settings can't be used.
        KeyboardInterrupt: when interrupted.
    """
    settings = launcher_settings(launcher)
    if most := at_once(launcher, settings):
        train_together(plan, numbers, most)
        return
    place = [override("paths.grids", plan.folder.parent.resolve()), override("hydra.sweep.dir", plan.folder.resolve())]
    where = [*place, *with_time(launcher, settings)]
    for some in batches(numbers, settings):
        sweep = f"group.number={','.join(map(str, some))}"
        try:
            hydra_main("train", run_number, ["-m", f"group.name={plan.name}", sweep, *where])
        except SystemExit:  # Hydra has shown why
            print(f"the launcher failed: {' '.join(launcher)}", flush=True)


def at_once(launcher: Sequence[str], settings: DictConfig) -> int | None:
    """Return how many trainings `hydra/launcher=joblib` asks for at once; None for any other launcher.

    Raises:
        ConfigError: if it asks for none, or for what only joblib could do.
    """
    if not is_joblib(settings):
        return None
    others = [line for line in launcher if key_of(line).startswith("hydra.launcher.") and key_of(line) != _N_JOBS]
    if others:
        raise ConfigError(f"{others[0]}: of joblib's settings, trainings know {_N_JOBS} alone. Leave the others out")
    if settings.n_jobs == 0:
        raise ConfigError(f"{_N_JOBS}=0: give how many trainings run at once, or -1 for one a core")
    return int(settings.n_jobs if settings.n_jobs > 0 else max(1, usable_cores() + 1 + settings.n_jobs))


def launcher_settings(launcher: Sequence[str]) -> DictConfig:
    """Return what these overrides, Hydra's own, make of its launcher.

    Raises:
        ConfigError: if there is no such launcher, or it has no such settings.
    """
    settings: DictConfig = composed("train", launcher, hydra_too=True).hydra.launcher
    return settings


def is_joblib(settings: DictConfig) -> bool:
    """Whether a launcher is joblib's, which kills all that its processes started when it's interrupted."""
    return bool(settings._target_.endswith(".JoblibLauncher"))


def _is_local(settings: DictConfig) -> bool:
    """Whether a launcher is submitit_local, which has no limit of its own to how many run at once."""
    return bool(settings._target_.endswith(".LocalLauncher"))


def train_together(plan: Plan, numbers: Iterable[int], most: int) -> None:
    """Train these jobs, at most so many at once.

    Joblib itself isn't used: when it's interrupted it kills all that its processes started, before that has saved.

    Raises:
        KeyboardInterrupt: when interrupted, after the running trainings have saved.
    """
    waiting, running = list(numbers), dict[int, Child]()
    try:
        while waiting or running:
            while waiting and len(running) < most:
                number = waiting.pop(0)
                with _failure_told(number):
                    running[number] = _started(plan, number)
            time.sleep(_POLL_SECONDS)
            for number in [number for number, child in running.items() if child.poll()]:
                with _failure_told(number):
                    _ended(plan, number, running.pop(number).wait())
    except BaseException:
        stop_all(running.values())
        raise


def batches(numbers: Sequence[int], settings: DictConfig) -> list[Sequence[int]]:
    """Return what is launched together: all, and as many as there are cores where the launcher starts all at once."""
    size = usable_cores() if _is_local(settings) else len(numbers)
    return [numbers[at : at + size] for at in range(0, len(numbers), size)]


def with_time(launcher: Sequence[str], settings: DictConfig) -> list[str]:
    """Return the launcher's overrides, with all the time that trainings on this machine need, unless they say how much.

    By itself submitit_local lets a training save and go on again after an hour, and gives up after four.
    """
    first = [f"{_TIMEOUT}={_YEAR}"] if _is_local(settings) and settings.timeout_min == _HOUR else []
    return [*first, *launcher]  # of two, the last counts


def run_number(cfg: DictConfig) -> float:
    """Hydra's task: train one number of a plan, and return the seconds it took.

    Whatever fails is told, and the number stays missing: Hydra itself would leave with exit code 1, which says that a
    gate failed, and nobody would see the table.
    """
    number, outcome = cfg.group.number, None
    with _failure_told(number):
        plan = Plan.open(Path(cfg.paths.grids) / cfg.group.name)
        outcome = _started(plan, number).wait()
        _ended(plan, number, outcome)
    return outcome.seconds if outcome else 0.0


@contextmanager
def _failure_told(number: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not isinstance(error, (EmolabError, OSError)):
            traceback.print_exc()
        print(f"{number:>3}  failed: {type(error).__name__}: {error}", flush=True)


def _started(plan: Plan, number: int) -> Child:
    print(f"{number:>3}  {' '.join(plan.own(number))}", flush=True)
    return plan.start(number)


def _ended(plan: Plan, number: int, outcome: Outcome) -> None:
    plan.note(number, outcome)
    print(f"{number:>3}  {_told(plan, number, outcome)}", flush=True)


def _told(plan: Plan, number: int, outcome: Outcome) -> str:
    record = plan.record(number)
    status = record.status if record is not None else "failed before it had a run"
    cost = f"{outcome.seconds:.0f} s, {outcome.memory_mib:.0f} MiB"
    if record is None or not outcome.done:
        return f"{status}: {outcome.explained()} after {cost}"
    monitor = record.facts.monitor
    value = "unknown" if monitor.best is None else f"{monitor.best:.4f}"  # a callback may end it before any validation
    return f"{status}: {monitor.name} {value} in {cost}"
