"""`_target_`: a dotted path that can be built, checked without importing what it names."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def targets_in(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the place (such as "callbacks.early_stopping") and the value of every `_target_` in `node`."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield place, node["_target_"]
        for key, child in node.items():
            yield from targets_in(child, f"{place}.{key}" if place else str(key))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from targets_in(child, f"{place}[{number}]")


def problem_with(target: Any) -> str | None:
    """Return why `target` can't be built, as far as that shows without importing it, or None."""
    if not isinstance(target, str) or not _PATH.fullmatch(target):
        return "expected the dotted path of a class or function, such as keras.callbacks.EarlyStopping"
    package = target.partition(".")[0]
    if package == "__main__" or find_spec(package) is None:
        return f"the package {package!r} isn't installed"
    return None
