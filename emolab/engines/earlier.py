"""Engines that an earlier export of the same run built and proved, beside those of this one."""

from collections.abc import Sequence

from emolab.engines import manifest
from emolab.engines.build import Builder
from emolab.engines.gates import gates_now
from emolab.engines.selection import engines_of
from emolab.engines.table import Row


def earlier_rows(builder: Builder, rows: Sequence[Row], budget_ms: float, threads: int) -> list[Row]:
    """Return a row for each engine of the run that isn't in `rows`, and whose proof still holds.

    That is: of the weights, data, settings and packages of now, and judged and timed on this machine, with as many
    threads. Its gates are put to the budget of now; one that couldn't be loaded, judged or timed since stays unusable.

    Args:
        builder: of the run's engines.
        rows: of the engines that were put to the gates just now.
        budget_ms: what the p95 of a face may be.
        threads: processor threads that `rows` were timed with.
    """
    found: list[Row] = []
    for facts in engines_of(builder.record):
        known = any((row.engine, row.precision) == (facts["engine"], facts["precision"]) for row in rows)
        passed = gates_now(facts, budget_ms)
        if passed is None or known or facts["hardware"] != manifest.this_hardware():
            continue
        if facts["latency_ms"].get("threads") == threads and builder.is_current(facts):
            found.append(Row(facts["engine"], facts["precision"], facts={**facts, "gates": passed}, earlier=True))
    return found
