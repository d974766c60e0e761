"""`python -m experiments.sweep`: many trainings in search of the best settings, on any number of machines."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from emolab.cli import verb
from emolab.config.check import check
from emolab.config.command import composed, is_multirun, options_and_overrides
from emolab.config.overrides import is_hydras, key_of
from emolab.config.schema import SCHEMAS
from emolab.errors import ConfigError, EmolabError
from emolab.exit_codes import WRONG
from emolab.jobs import Child, stop_all
from experiments.output import check_output, writing
from experiments.overrides import as_text, for_training, settings_given

if TYPE_CHECKING:
    import optuna

    from experiments.search.space import Lookup, Space
    from experiments.search.storage import Direction

_POLL_SECONDS = 0.2  # between looks at the workers
_STARTED = "EMOLAB_SWEEP_WORKER"  # in the environment of a worker whose starter concludes, once for all of them


def sweep(cfg: DictConfig, given: Sequence[str]) -> int:
    """Work on the sweep that `cfg` describes until its study is complete; return the exit code.

    A worker that died and whose trials the others took over changes nothing; else its code is returned.

    Args:
        cfg: `conf/sweep.yaml`, composed.
        given: overrides of the command.

    Raises:
        ConfigError: if the storage, the study, the search space or the output's folder can't be used, the trials'
            teachers aren't named, or the study began with anything else.
        DataError: if the data can't be used.
        RunError: if there's no such run as the trials are to learn from.
        KeyboardInterrupt: when interrupted; the same command goes on.
    """
    from experiments.search.best import check_name
    from experiments.search.space import space_of
    from experiments.search.storage import shown, storage_url
    from experiments.search.study import is_complete

    fixed, space = fixed_overrides(cfg, given), space_of(cfg)
    check_name(cfg.name, fixed)
    otherwise = defaults_of(fixed)
    if _STARTED not in os.environ:  # its starter has done so, which takes seconds
        check_space(space, fixed, otherwise)
    check_output(Path(cfg.output))
    url = storage_url(cfg)
    study, check = joined(cfg, fixed, space, url)
    if _STARTED in os.environ:
        work(cfg, study, fixed, otherwise, check)
        return 0
    print(f"study {cfg.name} in {shown(url)}, {len(study.trials)} trials so far, {cfg.n_trials} wanted", flush=True)
    code = 0
    if cfg.workers > 1:
        code = start_workers(given, cfg.workers)
    else:
        work(cfg, study, fixed, otherwise, check)
    concluded = conclude(cfg, study, fixed)
    if code and not is_complete(study, cfg.n_trials, cfg.retries):
        print("the study isn't complete: give the same command to go on", file=sys.stderr)
        return code
    return concluded


def joined(
    cfg: DictConfig, fixed: Sequence[str], space: "Space", url: str
) -> "tuple[optuna.Study, Callable[[], None]]":
    """Create the study or join it, and prepare its data if it wants more trials.

    Returns:
        The study; and what checks that it still is the one that the command means, as another command may have begun
        it at the same time.

    Raises:
        ConfigError: if the study can't be used, or began with anything else.
        DataError: if the data can't be used.
    """
    from emolab.runs.sameness import plain_settings
    from experiments.search.beginning import Beginning, begin, check_data
    from experiments.search.storage import open_study
    from experiments.search.study import is_complete

    study = open_study(cfg.name, url, directions(cfg), cfg)
    training = composed("train", fixed)
    beginning = Beginning(fixed, list(cfg.search.objectives), space, plain_settings(training))
    begin(study, beginning, Path(cfg.paths.runs))
    data = None if is_complete(study, cfg.n_trials, cfg.retries) else prepare_once(training, study)

    def check() -> None:
        begin(study, beginning, Path(cfg.paths.runs))
        if data is not None:
            check_data(study, data)

    return study, check


def fixed_overrides(cfg: DictConfig, given: Sequence[str]) -> list[str]:
    """Return those overrides of the command that are for `emolab.train`, and hold for every trial."""
    return [*for_training(given, "sweep"), f"name={cfg.name}", f"evaluate={str(cfg.evaluate).lower()}"]


def directions(cfg: DictConfig) -> "list[Direction]":
    """Return which way each objective is better."""
    best: Direction = "maximize" if cfg.trainer.mode == "max" else "minimize"
    return [best if objective == "validation" else "minimize" for objective in cfg.search.objectives]


def defaults_of(fixed: Sequence[str]) -> "Lookup":
    """Return what gives the value, or of a group the choice, that a training has where its trial sets none.

    It gives `ABSENT` where a training has no such key.
    """
    from experiments.search.space import ABSENT

    cfg = composed("train", fixed, hydra_too=True)
    choices = cfg.hydra.runtime.choices
    return lambda key: choices[key] if key in choices else OmegaConf.select(cfg, key, default=ABSENT)


def check_space(space: "Space", fixed: Sequence[str], otherwise: "Lookup") -> None:
    """Check each end of each parameter before the first training, as if a user had typed it.

    Raises:
        ConfigError: naming the parameter, and what would be right.
    """
    from emolab.runs.teachers import check_teachers_stay
    from experiments.search.space import check_conditions, conditions, searchable

    check_conditions(space, fixed, otherwise)
    searched = searchable(space, fixed, otherwise)
    if not searched:
        raise ConfigError("nothing is left to search: the command fixes every key of search.space, or forbids it")
    keys = {one["key"] for one in searched.values()}
    if otherwise("trainer.monitor") == "val_loss" and any(key.partition(".")[0] == "loss" for key in keys):
        raise ConfigError(
            "trainer.monitor=val_loss: trials that search the loss would each be judged by another one. Set "
            "trainer.monitor=val_accuracy trainer.mode=max, or fix the loss, such as with loss.label_smoothing=0.1"
        )
    for name, one in searched.items():
        when = [[(key, value) for value in values] for key, values in conditions(one).items() if key in keys]
        ends = [(one["key"], value) for value in one.get("choices") or (one["low"], one["high"])]
        for chosen in product(*when, ends):
            try:
                command = [*fixed, *(f"{key}={as_text(value)}" for key, value in chosen)]
                settings = composed("train", command)
                check(settings, SCHEMAS["train"])
                check_teachers_stay(settings)
            except EmolabError as error:
                raise ConfigError(f"search.space.{name}: {error}") from error


def prepare_once(training: DictConfig, study: "optuna.Study") -> dict[str, Any]:
    """Find what every trial names and prepare its data, so that a wrong path costs no trial.

    Returns:
        What the study keeps of the data.

    Raises:
        ConfigError: if the first weights aren't there, or the study learned from other data.
        DataError: if the data, or the list of what to leave out, can't be used.
        RunError: if there's no such run to learn from.
    """
    from emolab.data.configured import prepare_data
    from emolab.data.left_out import read_left_out
    from emolab.runs.session import check_named
    from experiments.search.beginning import check_data, learned_from

    check_named(training)
    prepared, listed = prepare_data(training), training.trainer.leave_out
    now = learned_from(prepared, None if listed is None else read_left_out(Path(listed), prepared))
    check_data(study, now)
    return now


def start_workers(given: Sequence[str], count: int) -> int:
    """Start workers in processes of their own, wait for them, and return the worst of their exit codes.

    One that dies leaves its trial to the others. One that was killed counts as 2, as the system does that.

    Raises:
        KeyboardInterrupt: when interrupted, after all of them have stopped.
    """
    others = [override for override in given if key_of(override) not in ("workers", "worker")]
    command = [sys.executable, "-m", "experiments.sweep", *others, "workers=1"]
    worst = 0
    running = {
        number: Child([*command, f"worker={number}"], log=None, environment={_STARTED: "1"}) for number in range(count)
    }
    try:
        while running:
            time.sleep(_POLL_SECONDS)
            ended = {number: outcome for number, worker in running.items() if (outcome := worker.poll())}
            for number, outcome in ended.items():
                del running[number]
                if outcome.code != 0:
                    print(f"worker {number} ended early: {outcome.explained()}", file=sys.stderr, flush=True)
                    worst = max(worst, outcome.code if outcome.code > 0 else WRONG)
    except KeyboardInterrupt:
        stop_all(running.values())
        raise KeyboardInterrupt("give the same command to go on") from None
    return worst


def work(
    cfg: DictConfig, study: "optuna.Study", fixed: Sequence[str], otherwise: "Lookup", check: Callable[[], None]
) -> None:
    """Be one worker; `check` is done before each trial.

    Raises:
        KeyboardInterrupt: when interrupted, after the training has saved.
    """
    from experiments.search.worker import Worker

    try:
        Worker(study, cfg, fixed, otherwise, check).work()
    except KeyboardInterrupt:
        raise KeyboardInterrupt("give the same command to go on") from None


def conclude(cfg: DictConfig, study: "optuna.Study", fixed: Sequence[str]) -> int:
    """Write the page and the winner, say where they are; return the exit code, 2 where no trial came to an end.

    Raises:
        ConfigError: if they can't be written.
    """
    from optuna.trial import TrialState

    from experiments.search.best import best_trial, write_best
    from experiments.search.report import overview, write_page
    from experiments.search.study import OVERRIDES

    best = best_trial(study)
    folder = Path(cfg.output)
    with writing(folder):
        page = write_page(study, folder, list(cfg.search.objectives))
    print("\n".join(overview(study)))
    print(f"page:   {page}")
    if best is None:
        print("no trial was finished; the page says why", file=sys.stderr)
        return 0 if any(trial.state == TrialState.PRUNED for trial in study.trials) else WRONG
    with writing(folder):
        path, command = write_best(best, study, folder, fixed)
    objectives = cfg.search.objectives
    if len(objectives) > 1:
        front = ", ".join(str(trial.number) for trial in study.best_trials)
        print(f"front:  no trial beats {front} in every objective; that of the best {objectives[0]} is")
    values = ", ".join(f"{name} {value:.4f}" for name, value in zip(objectives, best.values, strict=True))
    print(f"best:   {values}: {' '.join(best.user_attrs[OVERRIDES])}")
    print(f"        {path}\nnext:   {command}")
    return 0


def _main(cfg: DictConfig) -> int:
    from experiments.search.storage import clear_errors

    with clear_errors():
        return sweep(cfg, settings_given())


def check_launcher(arguments: Sequence[str]) -> None:
    """Refuse joblib as the launcher of workers: at Ctrl-C it kills their trainings before they have saved.

    Raises:
        ConfigError: with what to give in its place.
    """
    from emolab.jobs.launch import is_joblib, launcher_settings

    _, given = options_and_overrides(arguments)
    launcher = [line for line in given if is_hydras(line)]
    if is_multirun(arguments) and is_joblib(launcher_settings(launcher)):
        raise ConfigError(
            "hydra/launcher=joblib kills the trainings at Ctrl-C before they have saved. Several workers on this "
            "machine: take workers=2 in place of -m, worker and the launcher"
        )


main = verb("experiments.sweep", _main, check_more=check_launcher)

if __name__ == "__main__":
    main()
