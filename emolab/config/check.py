"""Check a composed configuration before anything slow is imported."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ValidationError

from emolab.checked import expected
from emolab.config.suggest import did_you_mean, listed
from emolab.config.targets import problem_with, targets_in
from emolab.errors import ConfigError

OWN_DATA = "without photographs of your own take data=demo"
WHOLE = ("experiment", "debug")  # groups whose files are of the whole configuration


def check(settings: DictConfig, schema: type[BaseModel]) -> None:
    """Check that `settings`, resolved, fit `schema`.

    Raises:
        ConfigError: a line for each key that is missing, unknown, of the wrong type or out of range, and for
            each `_target_` that can't be built.
    """
    values = _resolved(settings)
    problems = [
        f"{place}._target_={target}: {problem}"
        for place, target in targets_in(values)
        if (problem := problem_with(target)) is not None
    ]
    try:
        schema.model_validate(values)
    except ValidationError as error:
        problems += _lines(values, error.errors())
    if problems:
        raise ConfigError("\n".join(problems))


def _resolved(settings: DictConfig) -> dict[str, Any]:
    try:
        missing = list(_missing(OmegaConf.to_container(settings, resolve=False)))  # others may be taken from them
        if missing:
            own = [OWN_DATA] if any(key.startswith("data.") for key in missing) else []
            raise ConfigError("\n".join([*(f"{key} must be given: {key}=..." for key in missing), *own]))
        values = OmegaConf.to_container(settings, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError(" ".join(str(error).split())) from error
    if not isinstance(values, dict):
        raise ConfigError(f"the configuration is {type(values).__name__}, expected keys with values")
    return {str(key): value for key, value in values.items()}


def _missing(node: Any, place: str = "") -> Iterator[str]:
    """Yield the keys that only the user can fill in, "???" in `conf`."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _missing(child, f"{place}.{key}" if place else str(key))
    elif node == MISSING:
        yield place


def _lines(values: Mapping[str, Any], problems: Sequence[Any]) -> Iterator[str]:
    """Yield a line for each place: what may be of several types has a problem with each of them."""
    places: dict[str, list[Any]] = {}
    for problem in problems:
        places.setdefault(_place(values, problem["loc"]), []).append(problem)
    for place, found in places.items():
        if not any(other.startswith((f"{place}.", f"{place}[")) for other in places):  # else it's one of its type
            yield _line(values, place, found)


def _line(values: Mapping[str, Any], place: str, problems: Sequence[Any]) -> str:
    first = problems[0]
    if first["type"] == "extra_forbidden":
        return _unknown(values, first, place)
    if first["type"] == "missing":
        return f"{place} is missing from the configuration"
    return f"{place}={_shown(first['input'])}: {expected(problems)}"


def _unknown(values: Mapping[str, Any], problem: Any, place: str) -> str:
    outer, _, key = place.rpartition(".")
    if place in WHOLE:
        return f"there is no key {place!r}: a file of your own in {place}/ begins with the line '# @package _global_'"
    right = _siblings(values, problem["loc"]) - {key}
    where = repr(outer) if outer else "the configuration"
    return f"there is no key {place!r}.{did_you_mean(key, right)} {where} has: {listed(right)}"


def _siblings(values: Any, location: Sequence[Any]) -> set[str]:
    for part in location[:-1]:
        values = values[part]
    return {str(key) for key in values}


def _place(values: Any, location: Sequence[Any]) -> str:
    """The dotted key of a problem, without the names of types that pydantic adds for unions."""
    text = ""
    for part in location:
        if isinstance(values, list) and isinstance(part, int):
            text, values = f"{text}[{part}]", values[part]
        elif isinstance(values, dict):
            text, values = (f"{text}.{part}" if text else str(part)), values.get(part)
    return text


def _shown(value: Any) -> str:
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
