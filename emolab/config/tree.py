"""The folder `conf/`: where it is, which groups it has and which choices they offer."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

import emolab
from emolab.errors import ConfigError


def conf_folder() -> Path:
    """Return `conf/` beside the package, whatever the working directory.

    Raises:
        ConfigError: if it isn't there.
    """
    folder = Path(emolab.__file__).resolve().parents[1] / "conf"
    if not folder.is_dir():
        raise ConfigError(
            f"the configuration folder {folder} is missing: emolab runs from its repository; "
            "clone it and install it with `pip install -e .`"
        )
    return folder


@cache
def groups(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return every group below `folder` (such as "model") and its choices (such as "vgg19"), sorted."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        group = path.parent.relative_to(folder).as_posix()
        if group != ".":
            found.setdefault(group, []).append(path.stem)
    return {group: tuple(choices) for group, choices in found.items()}


def choice_content(group: str, name: str) -> dict[str, Any]:
    """Return what a choice holds, such as `conf/data/folder.yaml`; nothing where `conf/` has no such choice."""
    folder = conf_folder()
    known = name in groups(folder).get(group, ())
    return dict(yaml.safe_load((folder / group / f"{name}.yaml").read_text(encoding="utf-8"))) if known else {}


def chosen_by_default(verb: str, folder: Path) -> dict[str, str | None]:
    """Return the groups in the defaults list of `conf/<verb>.yaml` and the choice each begins with."""
    return _groups_in(yaml.safe_load((folder / f"{verb}.yaml").read_text(encoding="utf-8")), folder, set())


def top_keys(verb: str, folder: Path) -> list[str]:
    """Return the keys that stand in `conf/<verb>.yaml` itself, besides its groups."""
    content = yaml.safe_load((folder / f"{verb}.yaml").read_text(encoding="utf-8"))
    return [key for key in content if key != "defaults"]


def all_top_keys(verb: str, folder: Path) -> list[str]:
    """Return `top_keys` with those of the configs that `conf/<verb>.yaml` includes, such as a sweep the training's."""
    content = yaml.safe_load((folder / f"{verb}.yaml").read_text(encoding="utf-8"))
    entries = [entry for entry in content.get("defaults", []) if isinstance(entry, str) and entry != "_self_"]
    included = [key for entry in entries if (folder / f"{entry}.yaml").is_file() for key in all_top_keys(entry, folder)]
    return [*included, *top_keys(verb, folder)]


def _groups_in(content: Any, folder: Path, seen: set[str]) -> dict[str, str | None]:
    chosen: dict[str, str | None] = {}
    for entry in (content or {}).get("defaults", []):
        if isinstance(entry, str):
            chosen |= _included(entry, folder, seen)
            continue
        for key, choice in entry.items():
            group = key.removeprefix("override ").removeprefix("optional ").partition("@")[0].strip("/ ")
            chosen[group] = choice
    return chosen


def _included(name: str, folder: Path, seen: set[str]) -> dict[str, str | None]:
    """The groups of another config at the top of `conf/`, which a defaults list names without a group."""
    path = folder / f"{name.strip('/')}.yaml"
    if name == "_self_" or name in seen or not path.is_file() or path.parent != folder:
        return {}
    return _groups_in(yaml.safe_load(path.read_text(encoding="utf-8")), folder, seen | {name})
