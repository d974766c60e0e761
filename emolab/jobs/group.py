"""A training of a group: its command, and the run that it left, which its group and number find again."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from emolab.config.overrides import override
from emolab.errors import ConfigError
from emolab.runs import RunRecord, list_runs
from emolab.runs.select import matches


def training_command(overrides: Sequence[str], group: str, number: int, begun: RunRecord | None) -> list[str]:
    """Return the command of a training of a group, which goes on with `begun` where that has a state to go on from."""
    place = (f"group.name={group}", f"group.number={number}")
    state = begun is not None and begun.status != "finished" and begun.can_go_on
    resume = [override("resume", begun.folder.resolve())] if begun is not None and state else []
    return [sys.executable, "-m", "emolab.train", *overrides, *place, *resume]


def runs_of(root: Path, group: str) -> list[RunRecord]:
    """Return the runs of a group, oldest first."""
    return [run for run in list_runs(root) if matches(run.fields(), {"group": group})]


def run_of(root: Path, group: str, number: int) -> RunRecord | None:
    """Return the run with this group and number, or None; of several, see `by_number`."""
    return by_number(runs_of(root, group)).get(number)


def check_no_runs(root: Path, group: str, where: object) -> None:
    """Check that a group that is begun has no runs: they would be taken for its own, whatever they are.

    Args:
        root: folder of all runs.
        group: its name.
        where: what it's kept in, and doesn't know them.

    Raises:
        ConfigError: naming one of them.
    """
    if others := runs_of(root, group):
        raise ConfigError(
            f"{root} has {len(others)} runs of a group {group!r} that {where} doesn't know, such as {others[0].id}: "
            "give the output, or the storage, that began them, or another name"
        )


def by_number(runs: Iterable[RunRecord]) -> dict[int, RunRecord]:
    """Return, of runs of one group, oldest first, that of each number: the newest that finished, else the newest."""
    chosen: dict[int, RunRecord] = {}
    for run in runs:
        number = run.facts.group.number
        if number is None:  # somebody trained it by the group's name alone
            continue
        before = chosen.get(number)
        if before is None or run.status == "finished" or before.status != "finished":
            chosen[number] = run
    return chosen


def training_environment() -> dict[str, str]:
    """Return what a training has in its environment besides its starter's: what it prints is in its log at once."""
    return {"PYTHONUNBUFFERED": "1"}
