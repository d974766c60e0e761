"""The winner of a sweep as an experiment configuration that reproduces it, `experiment/<name>_best.yaml`."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from omegaconf import OmegaConf
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from emolab import files
from emolab.config.overrides import key_of, parsed, searched_folders
from emolab.config.tree import conf_folder, groups
from emolab.errors import ConfigError
from experiments.search.study import OVERRIDES

_NOT_KEPT = ("name", "evaluate", "paths", "logger", "hydra")  # the winner is a run of its own, with a report


def check_name(name: str, fixed: Sequence[str]) -> None:
    """Check that the winner of a sweep of this name will be an experiment of its own.

    Raises:
        ConfigError: if `conf/experiment` has one of that name, which would be taken in its place, or the command builds
            on one, which would then include itself.
    """
    own = _name_of_best(name)
    if own in groups(conf_folder())["experiment"] or own in _experiments_in(fixed):
        raise ConfigError(
            f"name={name}: the sweep writes its winner as experiment={own}, and there is one in conf/experiment or in "
            "this command. Give another name=..."
        )


def write_best(best: FrozenTrial, study: optuna.Study, folder: Path, fixed: Sequence[str]) -> tuple[Path, str]:
    """Write the best trial's settings; return their file, and the command that trains it again.

    Args:
        best: the trial.
        study: that it belongs to.
        folder: of the sweep.
        fixed: overrides of every trial.
    """
    searched, name = best.user_attrs[OVERRIDES], _name_of_best(study.study_name)
    path = folder / "experiment" / f"{name}.yaml"
    own = searched_folders(parsed(fixed))
    places = [part for place in (folder, *own) for part in ("--config-dir", str(place.resolve()))]
    kept = [override for override in fixed if key_of(override).partition(".")[0] not in _NOT_KEPT]
    removed = [override for override in kept if override.startswith("~")]  # which no file of Hydra's can say
    command = shlex.join(["python", "-m", "emolab.train", f"experiment={name}", *removed, *places])
    values = ", ".join(f"{value:.4f}" for value in best.values)
    head = (
        "# @package _global_\n"
        f"# Purpose: the best of the sweep {study.study_name}: trial {best.number} of {len(study.trials)}.\n"
        f"# Command: {command}\n"
        f"# Time:    {best.duration or 'unknown'} on the sweep's machine, for {best.user_attrs.get('epochs')} epochs.\n"
        f"# Expect:  somewhat less than {values} of run {best.user_attrs.get('run')}: the best of many is lucky, too.\n"
    )
    settings = [*(override for override in kept if override not in removed), *searched]
    files.write_text(path, head + as_experiment([*settings, f"name={name}"]))
    return path, command


def best_trial(study: optuna.Study) -> FrozenTrial | None:
    """Return the finished trial with the best first value."""
    complete = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    sign = 1 if study.directions[0] == StudyDirection.MAXIMIZE else -1
    return max(complete, key=lambda trial: (sign * trial.values[0], -trial.number), default=None)


def as_experiment(overrides: Sequence[str]) -> str:
    """Return overrides of `emolab.train` as an experiment's YAML: chosen groups first, then values.

    Experiments among them are included first, then `debug`, so that what the command changed in them stays changed.
    Hydra settles both before an experiment could choose others.
    """
    known = groups(conf_folder())
    values = OmegaConf.create()
    included: dict[str, list[str]] = {"experiment": [], "debug": []}
    chosen: dict[str, str | None] = {}
    for override in parsed(overrides):
        key, value = override.key_or_group, override.value()
        if key in included:
            included[key] += _choices(value)
        elif key in known:
            chosen[f"override /{key}"] = None if value is None else str(value)
        else:
            OmegaConf.update(values, key, value, force_add=True)
    first = [f"/{group}/{choice}" for group, choices in included.items() for choice in choices]
    defaults = [*first, *({group: choice} for group, choice in chosen.items())]
    return OmegaConf.to_yaml(OmegaConf.create({"defaults": defaults})) + (OmegaConf.to_yaml(values) if values else "")


def _name_of_best(name: str) -> str:
    return f"{name}_best"


def _experiments_in(overrides: Sequence[str]) -> list[str]:
    chosen = [item.value() for item in parsed(overrides) if item.key_or_group == "experiment"]
    return [one for value in chosen for one in _choices(value)]


def _choices(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
