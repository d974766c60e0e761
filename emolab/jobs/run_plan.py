"""A plan run as far as it isn't done, of a grid or an experiment: what is missing, then the table and what failed."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from emolab.config.command import composed
from emolab.errors import ConfigError
from emolab.exit_codes import FAILED, WRONG
from emolab.jobs.launch import launch
from emolab.jobs.plan import Plan
from emolab.jobs.table import table_of
from emolab.runs import RunRecord
from emolab.runs.sameness import change_of_data, change_of_settings

if TYPE_CHECKING:
    from emolab.data.prepared import PreparedData

_ANEW = "begin anew (a grid without resume, an experiment with another name)"


def run_plan(
    plan: Plan,
    launcher: Sequence[str],
    how_to_go_on: str,
    numbers: Collection[int] | None = None,
    beside: Collection[int] = (),
) -> int:
    """Run what is missing of a plan, which is `owned`, print its table, and return the exit code.

    Args:
        plan: the trainings.
        launcher: Hydra's own overrides, such as "hydra/launcher=joblib".
        how_to_go_on: what to type after an interruption.
        numbers: of the jobs that are wanted; None: all.
        beside: numbers of jobs that aren't run, but compared with these as far as they have been.

    Raises:
        ConfigError: if a run was trained with other settings than its command means by now, or from other data.
        DataError: if the data of a run can't be used any more, and others are missing.
        RunError: if the configuration of a run can't be read.
        KeyboardInterrupt: when interrupted.
    """
    wanted = sorted(set(range(len(plan.jobs)) if numbers is None else numbers))
    missing = [number for number in plan.missing() if number in wanted]
    check_same(plan, sorted({*wanted, *beside}), and_data=bool(missing))
    print(f"{len(wanted)} trainings, {len(wanted) - len(missing)} of them done; logs in {plan.folder}", flush=True)
    try:
        if missing:
            launch(plan, missing, launcher)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"go on with {how_to_go_on}") from None
    Console(markup=False).print(table_of(plan, wanted))  # else a value such as [a,b] is read as markup, and lost
    failed = [number for number in plan.missing() if number in wanted]
    for number in failed:
        outcome = plan.outcome(number)
        ending = outcome.explained() if outcome else "it never ended"
        print(f"\nfailed: {number} ({ending}), see {plan.log(number)}\n{plan.failure(number)}")
    below = [number for number in wanted if number not in failed and _failed_a_gate(plan, number)]
    for number in below:
        print(f"finished, and not good enough: {number}, see {plan.log(number)}")
    if failed:
        print(f"again:  {how_to_go_on}")
    return WRONG if failed else FAILED if below else 0


def _failed_a_gate(plan: Plan, number: int) -> bool:
    outcome = plan.outcome(number)
    return outcome is not None and outcome.code == FAILED


def check_same(plan: Plan, numbers: Iterable[int], and_data: bool) -> None:
    """Check that nobody has edited the configs, or changed the data, since: a table would compare unlike things.

    Args:
        plan: the trainings.
        numbers: of the jobs that matter; those that will begin anew don't.
        and_data: whether others of the plan are to be trained; else the data may be gone by now.

    Raises:
        ConfigError: naming a run and what differs.
        DataError: if the data can't be used any more.
        RunError: if the configuration of a run can't be read.
    """
    runs, prepared = plan.records(), dict[str, "PreparedData"]()
    for number in numbers:
        run = runs.get(number)
        if run is None or not (run.status == "finished" or run.can_go_on):
            continue
        cfg = composed("train", plan.jobs[number])
        if changed := change_of_settings(cfg, run, f"Put the config files back as they were, or {_ANEW}"):
            raise ConfigError(f"{plan.name}: {changed}")
        if and_data and (changed := _change_of_data(cfg, run, prepared)):
            raise ConfigError(
                f"{plan.name}: {changed}, and what is missing would learn from other images. Put them back as they "
                f"were, or {_ANEW}"
            )


def _change_of_data(cfg: DictConfig, run: RunRecord, prepared: "dict[str, PreparedData]") -> str | None:
    """Return what of a job's data has changed since its run began; `prepared` grows by what was asked for."""
    from emolab.data.configured import prepare_data
    from emolab.data.left_out import read_left_out  # not where a plan is new: it starts its trainings from 49 MiB

    named, listed = OmegaConf.to_yaml(cfg.data, resolve=True), cfg.trainer.leave_out
    if named not in prepared:
        prepared[named] = prepare_data(cfg)
    data = prepared[named]
    return change_of_data(run, data, None if listed is None else read_left_out(Path(listed), data))
