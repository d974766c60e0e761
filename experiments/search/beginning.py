"""What a study begins with and keeps: whoever goes on with it has to have the same, or its trials can't be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna

from emolab.errors import ConfigError
from emolab.jobs.group import check_no_runs
from emolab.runs.sameness import differing
from experiments.overrides import values_in

if TYPE_CHECKING:
    from emolab.data.left_out import LeftOut
    from emolab.data.prepared import PreparedData

_DATA = "data"
_MENDED = "Give the same, or another name=..."


@dataclass(frozen=True)
class Beginning:
    """What every trial of a study has in common. The names are those of the study's attributes.

    Attributes:
        command: overrides that hold for every trial.
        objectives: of the search.
        space: `search.space`, as plain values.
        settings: of a training by `command`, resolved, as plain values: someone may edit the files in `conf`.
    """

    command: Sequence[str]
    objectives: Sequence[str]
    space: Mapping[str, Any]
    settings: Mapping[str, Any]


def begin(study: optuna.Study, wanted: Beginning, runs: Path) -> None:
    """Note in a new study what it begins with; check that a known one began with the same.

    One without trials begins anew: its command was wrong, or its first worker was killed before it had noted all.

    Args:
        study: just opened.
        wanted: what the command means now.
        runs: folder of all runs (`paths.runs`).

    Raises:
        ConfigError: naming what differs; or that the study is new, and its group has runs; or that no sweep began it.
    """
    if study.trials:
        _check_command(study, wanted)
        return
    check_no_runs(runs, study.study_name, "the study of this name")
    for name, value in asdict(wanted).items():
        study.set_user_attr(name, value)


def learned_from(prepared: "PreparedData", left_out: "LeftOut | None") -> dict[str, Any]:
    """Return what a study keeps of its data, and of what `trainer.leave_out` lists, if anything."""
    return {"content": prepared.content, "left_out": None if left_out is None else left_out.digest}


def check_data(study: optuna.Study, now: Mapping[str, Any]) -> None:
    """Note in a new study which data it learns from; check that a known one learned from the same.

    Args:
        study: of the sweep.
        now: the data, see `learned_from`.

    Raises:
        ConfigError: if the photographs, their labels or splits have changed, or the list has.
    """
    began = study.user_attrs.get(_DATA)
    if began is None or not study.trials:
        study.set_user_attr(_DATA, dict(now))
    elif began != now:
        what = "the data" if began["content"] != now["content"] else "what trainer.leave_out lists"
        raise ConfigError(
            f"{what} changed since the study {study.study_name} began, and its trials couldn't be compared. Put them "
            "back as they were, or begin anew with another name=..."
        )


def _check_command(study: optuna.Study, wanted: Beginning) -> None:
    name, began = study.study_name, study.user_attrs
    if not asdict(wanted).keys() <= began.keys():
        raise ConfigError(f"the study {name} has trials that no sweep of emolab began. Give another name=...")
    if not _fixes_the_same(began["command"], wanted):
        raise ConfigError(
            f"the study {name} began with other settings, whose results can't be compared. It began with: "
            f"{' '.join(began['command'])}. Now: {' '.join(wanted.command)}. {_MENDED}"
        )
    if list(began["objectives"]) != list(wanted.objectives):
        raise ConfigError(
            f"the study {name} began with other objectives: {', '.join(began['objectives'])}. Now: "
            f"{', '.join(wanted.objectives)}. {_MENDED}"
        )
    space = began["space"]
    if names := [name for name in {**space, **wanted.space} if space.get(name) != wanted.space.get(name)]:
        raise ConfigError(
            f"the study {name} began with another search space. Put conf/search back as it was, or give "
            f"another name=... What differs: {', '.join(names)}"
        )
    if lines := differing(wanted.settings, began["settings"]):
        raise ConfigError(
            f"the study {name} began with other settings. Give the command that began it, with the config files as "
            f"they were, or another name=... It was: {' '.join(began['command'])}. What differs:\n  "
            + "\n  ".join(lines)
        )


def _fixes_the_same(began: Sequence[str], wanted: Beginning) -> bool:
    """Whether the command keeps the same keys from being searched; the settings say what else it means."""
    searched = {dimension["key"] for dimension in wanted.space.values()}
    return values_in(began).keys() & searched == values_in(wanted.command).keys() & searched
