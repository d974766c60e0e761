"""The table of a plan: what each training sets, how it ended, how good it is."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.table import Table

from emolab.flat import short_names
from emolab.jobs.plan import Plan
from emolab.runs import RunRecord


def table_of(plan: Plan, numbers: Sequence[int]) -> Table:
    """Return a row for each of these trainings: what is its own, how it ended, how good it is.

    A column is headed by what chose each one's weights, unless that differs: then by "validation".
    """
    keys, runs = plan.differing(), plan.records()
    monitored = {record.facts.monitor.name for record in runs.values()}
    validation = monitored.pop() if len(monitored) == 1 else "validation"
    has_columns = all(len(plan.own(number)) == len(keys) for number in numbers)  # as in a grid
    headings = list(short_names(keys).values()) if has_columns else ["sets"]
    table = Table(box=SIMPLE, padding=0, pad_edge=False)
    for heading in ("", *headings, "status", validation, "test accuracy", "minutes", "run"):
        table.add_column(f"{heading} ", no_wrap=heading == "run")
    for number in numbers:
        sets = [plan.value(number, key) for key in keys] if has_columns else [" ".join(plan.own(number))]
        table.add_row(str(number), *sets, *_results(plan, number, runs.get(number)))
    return table


def _results(plan: Plan, number: int, record: RunRecord | None) -> tuple[str, ...]:
    if record is None:
        return ("failed" if plan.outcome(number) else "missing", "", "", "", "")
    facts = record.facts
    numbers = ["" if value is None else f"{value:.4f}" for value in (facts.monitor.best, facts.summary.test_accuracy)]
    return (record.status, *numbers, f"{record.training_seconds() / 60:.1f}", record.id)
