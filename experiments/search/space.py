"""From a trial's parameters to the overrides of `python -m emolab.train`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from optuna import Trial

from emolab.errors import ConfigError
from experiments.overrides import as_text, values_in

Space = Mapping[str, Mapping[str, Any]]  # name -> key, choices or range, condition, as plain values; see `conf/search`
Lookup = Callable[[str], Any]
ABSENT = object()  # the value of a key that there isn't


def space_of(cfg: DictConfig) -> Space:
    """Return the search space of `conf/sweep.yaml`, composed."""
    return cast(Space, OmegaConf.to_container(cfg.search.space, resolve=True))


def searchable(space: Space, fixed: Sequence[str], otherwise: Lookup) -> Space:
    """Return the parameters that a trial may have: neither their key is fixed, nor what their condition forbids.

    Args:
        space: of the sweep.
        fixed: overrides of the command.
        otherwise: value of a key that is neither searched nor fixed.
    """
    known = values_in(fixed)
    free = {one["key"] for one in space.values()} - known.keys()

    def may_apply(dimension: Mapping[str, Any]) -> bool:
        settled = {key: values for key, values in conditions(dimension).items() if key not in free}
        return dimension["key"] in free and _applies(settled, known, otherwise)

    return {name: dimension for name, dimension in space.items() if may_apply(dimension)}


def check_conditions(space: Space, fixed: Sequence[str], otherwise: Lookup) -> None:
    """Check that what a condition asks for is known when its parameter is drawn: they are drawn one after another.

    Args:
        space: of the sweep.
        fixed: overrides of the command; a key among them isn't searched.
        otherwise: value of a key that is neither searched nor fixed; `ABSENT` where a training has no such key.

    Raises:
        ConfigError: if a condition asks for a key that there isn't, or whose parameter comes later.
    """
    keys = [dimension["key"] for dimension in space.values()]
    for place, (name, dimension) in enumerate(space.items(), start=1):
        for key in conditions(dimension):
            if key not in keys and otherwise(key) is ABSENT:
                raise ConfigError(
                    f"search.space.{name}: its condition asks for {key}, which is neither searched nor a key of "
                    "emolab.train with these settings"
                )
            if key in keys[place:] and key not in {*keys[: place - 1], *values_in(fixed)}:
                raise ConfigError(
                    f"search.space.{name}: its condition asks for {key}, which is drawn later. Put the parameter with "
                    f"key: {key} before it"
                )


def suggested(trial: Trial, space: Space, fixed: Sequence[str], otherwise: Lookup) -> list[str]:
    """Ask the trial for every parameter that applies; return them as overrides.

    Args:
        trial: of the study.
        space: of the sweep.
        fixed: overrides of the command; a key among them isn't searched.
        otherwise: value of a key that is neither searched nor fixed.
    """
    known = values_in(fixed)
    chosen: dict[str, Any] = {}
    for name, dimension in space.items():
        key = dimension["key"]
        if key not in known and _applies(conditions(dimension), {**known, **chosen}, otherwise):
            chosen[key] = _value(trial, name, dimension)
    return [f"{key}={as_text(value)}" for key, value in chosen.items()]


def conditions(dimension: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return for each key that a parameter depends on the values under which it applies."""
    when = dimension.get("when") or {}
    return {key: wanted if isinstance(wanted, list) else [wanted] for key, wanted in when.items()}


def _applies(when: Mapping[str, list[Any]], known: Mapping[str, Any], otherwise: Lookup) -> bool:
    return all(
        as_text(known[key] if key in known else otherwise(key)) in map(as_text, values) for key, values in when.items()
    )


def _value(trial: Trial, name: str, dimension: Mapping[str, Any]) -> Any:
    choices, low, high = (dimension.get(key) for key in ("choices", "low", "high"))
    if choices is not None:
        return trial.suggest_categorical(name, choices)
    log, step = dimension.get("log", False), dimension.get("step")
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, step=int(step or 1), log=log)
    return trial.suggest_float(name, float(low or 0), float(high or 0), step=step, log=log)
