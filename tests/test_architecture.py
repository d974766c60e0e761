"""Imports go downwards: what ARCHITECTURE.md draws holds for every module."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEAVES = (
    "errors",
    "plain",
    "flat",
    "unread",
    "fonts",
    "pages",
    "notices",
    "processor",
    "cache",
    "progress",
    "partitions",
)
PARTS = (  # of emolab, each above all that it may import; those of one line don't know each other
    LEAVES,
    ("files", "tables", "checked", "exit_codes", "interrupts"),
    ("config", "download"),
    ("data", "evaluation", "tracking", "models"),
    ("training", "runs"),
    ("judging",),
    ("engines", "jobs"),
    ("machine", "cli", "__main__", "recogniser"),
    ("__init__",),  # of emolab itself: what Python's users need, imported when they ask for it
    ("train", "evaluate", "prepare", "export", "doctor"),
    ("experiments", "realtime"),
)
RANK = {part: rank for rank, parts in enumerate(PARTS) for part in parts}
VERBS = PARTS[-2]


def _part(module: str) -> str:
    """The part of the house that a module belongs to."""
    return module.split(".")[module.startswith("emolab.")]


def _imported(tree: ast.AST) -> Iterator[str]:
    """Modules that are imported, late ones too, but not those for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module in ("emolab", "experiments", "realtime")  # `from emolab import files`
            yield from (f"{node.module}.{alias.name}" if whole else node.module for alias in node.names)
        else:
            yield from _imported(node)


def _modules() -> list[Path]:
    return sorted(chain.from_iterable((ROOT / top).rglob("*.py") for top in ("emolab", "experiments", "realtime")))


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    part = _part(module)
    assert part in RANK or part == "__init__", f"{module} has no place in PARTS"
    others = {_part(name) for name in _imported(ast.parse(path.read_text(encoding="utf-8")))} & RANK.keys() - {part}
    above = {other for other in others if RANK[other] >= RANK.get(part, 0) or other in VERBS}
    assert not above, f"{module} imports {', '.join(sorted(above))}, which it lies below or beside"
