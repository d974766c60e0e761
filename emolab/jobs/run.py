"""A plan run as far as it isn't done, of a grid or an experiment: what is missing, then the table and what failed."""

from collections.abc import Collection, Iterable, Sequence

from rich.console import Console

from emolab.cli import WRONG, composed
from emolab.errors import ConfigError
from emolab.jobs.launch import launch
from emolab.jobs.plan import Plan
from emolab.jobs.table import table_of
from emolab.runs.sameness import differences


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
