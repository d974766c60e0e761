"""Nested settings under dotted keys, and short names for these."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

_TARGET = "._target_"


def flat(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    """Return dotted key -> value in the same order, such as {"a.b": 1} of {"a": {"b": 1}}; {} within is a value."""
    found: dict[str, Any] = {}
    for key, value in mapping.items():
        within = flat(value) if isinstance(value, Mapping) else {}
        found |= {f"{key}.{name}": item for name, item in within.items()} or {str(key): value}
    return found


def is_within(key: str, places: Iterable[str]) -> bool:
    """Whether a dotted key is one of these places, or lies below one: "a.b.c" lies below "a.b", and "a.bc" doesn't."""
    return any(key == place or key.startswith(f"{place}.") for place in places)


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return dotted key -> its shortest ending that none of the other keys has, in the same order.

    Beside aug.layers.affine.factor, aug.layers.brightness.factor is "brightness.factor"; alone, it is "factor". A
    `_target_` is named by what is made of it: aug.layers.flip._target_ is "flip". No name of several words begins with
    "_", which would keep it out of matplotlib's legends.
    """
    given = list(dict.fromkeys(keys))
    wholes = {key: _named_whole(key, given) for key in given}
    times = Counter(ending for whole in wholes.values() for ending in _endings(whole))
    return {
        key: next((name for name in _endings(whole) if times[name] == 1 and not name.startswith("_")), whole)
        for key, whole in wholes.items()
    }


def _named_whole(key: str, others: Iterable[str]) -> str:
    made = key.removesuffix(_TARGET)
    return key if made in others else made


def _endings(key: str) -> list[str]:
    """The endings of a dotted key, the shortest first."""
    words = key.split(".")
    return [".".join(words[at:]) for at in reversed(range(len(words)))]
