"""Nested settings under dotted keys."""

from collections.abc import Mapping
from typing import Any


def flat(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    """Return dotted key -> value in the same order, such as {"a.b": 1} of {"a": {"b": 1}}; {} within is a value."""
    found: dict[str, Any] = {}
    for key, value in mapping.items():
        within = flat(value) if isinstance(value, Mapping) else {}
        found |= {f"{key}.{name}": item for name, item in within.items()} or {str(key): value}
    return found
