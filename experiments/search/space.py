"""From a trial's parameters to the overrides of `python -m emolab.train`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna import Trial

from experiments.overrides import as_text, pair_of

Lookup = Callable[[str], Any]


def suggested(
    trial: Trial, space: Mapping[str, Mapping[str, Any]], fixed: Sequence[str], otherwise: Lookup
) -> list[str]:
    """Ask the trial for every parameter that applies; return them as overrides.

    Args:
        trial: of the study.
        space: name -> key, choices or range, condition; see `conf/search`.
        fixed: overrides of the command; a key among them isn't searched.
        otherwise: value of a key that is neither searched nor fixed.
    """
    known = dict(pair_of(override) for override in fixed)
    chosen: dict[str, Any] = {}
    for name, dimension in space.items():
        key = dimension["key"]
        if key not in known and _applies(dimension.get("when") or {}, {**known, **chosen}, otherwise):
            chosen[key] = _value(trial, name, dimension)
    return [f"{key}={as_text(value)}" for key, value in chosen.items()]


def _applies(when: Mapping[str, Any], known: Mapping[str, Any], otherwise: Lookup) -> bool:
    for key, wanted in when.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        if as_text(known[key] if key in known else otherwise(key)) not in map(as_text, values):
            return False
    return True


def _value(trial: Trial, name: str, dimension: Mapping[str, Any]) -> Any:
    choices, low, high = (dimension.get(key) for key in ("choices", "low", "high"))
    if choices is not None:
        return trial.suggest_categorical(name, choices)
    log, step = dimension.get("log", False), dimension.get("step")
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, step=int(step or 1), log=log)
    return trial.suggest_float(name, float(low or 0), float(high or 0), step=step, log=log)
