"""`python -m emolab.train -m ...`: every combination, each in a process of its own, one failure stopping nothing."""

from collections.abc import Collection, Iterable, Sequence
from itertools import product
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from emolab.cli import MULTIRUN, WRONG, composed, options_and_overrides, values_of_each
from emolab.config.overrides import SEARCH_PATH
from emolab.errors import ConfigError
from emolab.jobs.launch import launch
from emolab.jobs.plan import PLAN, Plan
from emolab.runs import RunRecord
from emolab.runs.layout import new_id
from emolab.runs.sameness import differences


def run_grid(arguments: Sequence[str]) -> int:
    """Run the grid that the arguments of `emolab.train -m` mean; return its exit code, 2 where a run failed.

    Hydra's launcher spreads the work (`hydra/launcher=submitit_slurm` and the like); what it starts only waits for the
    training, which has a process of its own. What `hydra/launcher=joblib` asks for is done here.

    Raises:
        ConfigError: if the grid to resume isn't there, was another one, or is worked on by another command.
        KeyboardInterrupt: when interrupted, after the running training has saved.
    """
    plan, launcher = planned(arguments)
    with plan.owned():
        plan.begin()
        return run_plan(plan, launcher, f"the same command and resume={plan.name}")


def run_plan(
    plan: Plan,
    launcher: Sequence[str],
    how_to_go_on: str,
    numbers: Collection[int] | None = None,
    compares: bool = True,
) -> int:
    """Run what is missing of a plan, which is `owned`, print its table, and return the exit code.

    Args:
        plan: the trainings.
        launcher: Hydra's own overrides, such as "hydra/launcher=joblib".
        how_to_go_on: what to type after an interruption.
        numbers: of the jobs that are wanted; None: all.
        compares: whether `experiments.compare` is what comes next.

    Raises:
        ConfigError: if a run was trained with other settings than its command means by now.
        RunError: if the configuration of a run can't be read.
        KeyboardInterrupt: when interrupted.
    """
    wanted = sorted(set(range(len(plan.jobs)) if numbers is None else numbers))
    check_settings(plan, wanted)
    missing = [number for number in plan.missing() if number in wanted]
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
    if failed:
        print(f"again:  {how_to_go_on}")
    if compares:
        print(f"next:   python -m experiments.compare where.group={plan.name}")
    return WRONG if failed else 0


def planned(arguments: Sequence[str]) -> tuple[Plan, list[str]]:
    """Return the plan that the arguments of a grid mean, and those of them that are for Hydra's launcher.

    Where configs of the user's own lie is for both: a launcher may be one of them.

    Raises:
        ConfigError: if `resume` names no grid, or an option of Hydra makes no sense with `-m`.
    """
    options, given = options_and_overrides(arguments)
    if others := [option for option in options if option not in MULTIRUN]:
        raise ConfigError(f"{others[0]} can't be given with -m: leave out one of the two")
    launcher = [line for line in given if line.startswith(("hydra.", "hydra/"))]
    own = [line for line in given if line.startswith(SEARCH_PATH) or line not in launcher]
    resume = [argument.partition("=")[2] for argument in own if argument.startswith("resume=")]
    jobs = expanded([argument for argument in own if not argument.startswith("resume=")])
    paths = composed("train", jobs[0]).paths
    name = _to_resume(resume[-1], Path(paths.grids)) if resume else new_id()
    return Plan(Path(paths.grids) / name, name, Path(paths.runs), jobs), launcher


def expanded(overrides: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return every combination of the swept values, as overrides; the last one varies fastest."""
    return tuple(product(*values_of_each("train", overrides)))


def check_settings(plan: Plan, numbers: Iterable[int]) -> None:
    """Check that nobody has edited the configs or their defaults since: a table would compare unlike things.

    Args:
        plan: the trainings.
        numbers: of the jobs that matter.

    Raises:
        ConfigError: naming a run and what differs.
        RunError: if the configuration of a run can't be read.
    """
    runs = plan.records()
    for number in numbers:
        run = runs.get(number)
        if run is None or not (run.status == "finished" or "last" in run.fields["checkpoints"]):
            continue  # it will begin anew
        if differing := differences(composed("train", plan.jobs[number]), run):
            raise ConfigError(
                f"{plan.name}: its run {run.id} was trained with other settings than the same command means now. Put "
                "the config files back as they were, or begin anew with another name. What differs:\n  "
                + "\n  ".join(differing)
            )


def table_of(plan: Plan, numbers: Sequence[int]) -> Table:
    """Return a row for each of these trainings: what is its own, how it ended, how good it is."""
    keys, runs = plan.differing(), plan.records()
    has_columns = all(len(plan.own(number)) == len(keys) for number in numbers)  # as in a grid
    headings = [key.rpartition(".")[2] for key in keys] if has_columns else ["sets"]
    table = Table(box=SIMPLE, padding=0, pad_edge=False)
    for heading in ("", *headings, "status", "validation", "test", "minutes", "run"):
        table.add_column(f"{heading} ", no_wrap=heading == "run")
    for number in numbers:
        sets = [plan.value(number, key) for key in keys] if has_columns else [" ".join(plan.own(number))]
        table.add_row(str(number), *sets, *_results(plan, number, runs.get(number)))
    return table


def _results(plan: Plan, number: int, record: RunRecord | None) -> tuple[str, ...]:
    if record is None:
        return ("failed" if plan.outcome(number) else "missing", "", "", "", "")
    fields = record.fields
    best, test = fields["monitor"]["best"], fields.get("summary", {}).get("test_accuracy")
    numbers = ["" if value is None else f"{value:.4f}" for value in (best, test)]
    return (record.status, *numbers, f"{record.training_seconds() / 60:.1f}", record.id)


def _to_resume(text: str, root: Path) -> str:
    found = sorted(path.parent.name for path in root.glob(f"*/{PLAN}"))
    if text == "last" and found:
        return found[-1]
    if text in found:
        return text
    raise ConfigError(f"resume={text}: there is no such grid in {root}. It has: {', '.join(found) or 'none'}")
