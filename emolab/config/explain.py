"""What is wrong with a command line that Hydra refused, in words that list what is right."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from emolab.config.check import WHOLE
from emolab.config.overrides import parsed, search_path, searched_folders, typed
from emolab.config.suggest import did_you_mean, in_full, listed
from emolab.config.tree import all_top_keys, chosen_by_default, groups


def explain(error: Exception, verb: str, overrides: Sequence[str], folder: Path) -> str:
    """Return one readable message for Hydra's `error`: the first override at fault, or else Hydra's own words."""
    try:
        given = parsed(overrides)
    except HydraException as problem:
        return (
            f"{' '.join(str(problem).partition('See https')[0].split())}. Expected key=value, such as model=vgg19. A "
            "value with spaces or brackets wants two pairs of quotes, 'data.root=\"my photos (1)\"'; write $HOME for ~"
        )
    own = searched_folders(given)
    known = _known([folder, *own])
    mine = chosen_by_default(verb, folder)
    for override in given:
        if override.key_or_group in known:
            message = _wrong_choice(override, verb, known, mine)
            if message is not None:
                return message
    settings = _settings(verb, [item for item in given if item.key_or_group in known], folder, own)
    for override in given:
        message = _wrong_top(override, verb, {*mine, *all_top_keys(verb, folder)}, settings)
        if message is not None:
            return message
    for override in given:
        message = _wrong_key(override, verb, settings, mine, known) if settings is not None else None
        if message is not None and override.key_or_group not in known:
            return message + _elsewhere(override, known, [folder, *own])
    lists = (_list_for_names(override, settings) for override in given if override.key_or_group not in known)
    return next(filter(None, lists), " ".join(str(error).split()) + _names_for_list(error))


def _known(folders: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """The groups of several folders and their choices, those of all together."""
    known: dict[str, tuple[str, ...]] = {}
    for folder in folders:
        known |= {group: (*known.get(group, ()), *choices) for group, choices in groups(folder).items()}
    return known


def _wrong_choice(
    override: Override, verb: str, known: dict[str, tuple[str, ...]], mine: dict[str, str | None]
) -> str | None:
    group = override.key_or_group
    if group not in mine and not override.is_add() and not override.is_hydra_override():
        return f"{override.input_line}: {verb} has no group {group!r}. It has: {listed(mine)}"
    for choice in () if override.is_delete() else _choices(override):
        if choice not in known[group]:
            right = known[group]
            return (
                f"{override.input_line}: there is no {group} {choice!r}.{did_you_mean(choice, right)} "
                f"Choose from: {listed(right)}{_as_folder(group, choice)}"
            )
    return None


def _as_folder(group: str, choice: str) -> str:
    """What to write where a folder of photographs was given in the place of a kind of data."""
    is_place = group == "data" and ("/" in choice or Path(choice).is_dir())
    return f". For a folder of photographs: data=folder {typed('data.root', choice)}" if is_place else ""


def _choices(override: Override) -> Iterator[str]:
    value = override.value()
    if isinstance(value, ChoiceSweep):
        yield from override.sweep_string_iterator()
    elif isinstance(value, list):
        yield from map(str, value)
    elif not override.is_sweep_override():
        yield "null" if value is None else str(value)


def _settings(verb: str, chosen: Sequence[Override], folder: Path, own: Sequence[Path]) -> DictConfig | None:
    """The configuration with the groups' choices alone: what keys there are to override."""
    lines = [item.input_line for item in chosen if item.input_line and not item.is_sweep_override()]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(folder), version_base="1.3"):
            return compose(verb, overrides=[search_path(own), *lines])
    except HydraException:
        return None


def _elsewhere(override: Override, known: dict[str, tuple[str, ...]], folders: Sequence[Path]) -> str:
    """The choices of its group that have the key, such as data=folder of data.root."""
    group, _, key = override.key_or_group.rpartition(".")
    files = {f"{group}={name}": folder / group / f"{name}.yaml" for folder in folders for name in known.get(group, ())}
    having = [
        choice for choice, path in files.items() if path.is_file() and key in (yaml.safe_load(path.read_bytes()) or ())
    ]
    if not having or group in WHOLE:
        return ""
    right = f"{having[0]} {override.input_line}" if len(having) == 1 else "one of them beside it"
    return f". It's a key of {' and '.join(having)}: write {right}"


def _wrong_top(override: Override, verb: str, right: set[str], settings: DictConfig | None) -> str | None:
    top = override.key_or_group.replace("/", ".").partition(".")[0]
    if top in right or override.is_add() or override.is_force_add() or override.is_hydra_override():
        return None
    within = [place for place in _places(settings) if place.endswith(f".{in_full(top)}")]
    meant = f" Did you mean {' or '.join(map(repr, within))}?" if within else did_you_mean(top, right)
    return f"{override.input_line}: there is no key {top!r}.{meant} {verb} has: {listed(right)}"


def _places(settings: DictConfig | None) -> list[str]:
    """The keys of the groups, such as "trainer.epochs"."""
    nodes = {} if settings is None else {str(group): settings._get_node(group) for group in settings}
    groups_of_keys = {group: node for group, node in nodes.items() if isinstance(node, DictConfig) and node}
    return [f"{group}.{key!s}" for group, node in groups_of_keys.items() for key in node]


def _wrong_key(
    override: Override,
    verb: str,
    settings: DictConfig,
    mine: dict[str, str | None],
    known: dict[str, tuple[str, ...]],
) -> str | None:
    if override.is_add() or override.is_force_add() or override.is_hydra_override():
        return None
    node: Any = settings
    place = ""
    for part in override.key_or_group.split("."):
        if not OmegaConf.is_dict(node):
            return None
        if part not in node.keys():  # `in node` is false for what must still be given
            if not place and part in mine:
                return _nothing_chosen(override, part, known)
            return _no_key(override, verb, place, part, [str(key) for key in node], mine)
        node, place = node._get_node(part), f"{place}{part}."
    return None


def _nothing_chosen(override: Override, group: str, known: dict[str, tuple[str, ...]]) -> str:
    if group in WHOLE:
        own = str(override.input_line).removeprefix(f"{group}.")
        return f"{override.input_line}: the files of {group} are of the whole configuration: write {own}"
    return f"{override.input_line}: nothing of {group!r} is chosen. Choose from: {listed(known[group])}"


def _list_for_names(override: Override, settings: DictConfig | None) -> str | None:
    if settings is None or not isinstance(override.value(), list):
        return None
    node = OmegaConf.select(settings, override.key_or_group)
    if not isinstance(node, DictConfig):
        return None
    has = f"{override.key_or_group!r} has: {listed(map(str, node))}"
    return f"{override.input_line}: expected names with values, not a list. {has}"


def _names_for_list(error: Exception) -> str:
    """A file of the user's own gives a list to what has names in the file that it extends."""
    if "Cannot merge DictConfig with ListConfig" not in str(error):
        return ""
    return ". What it extends gives each a name; give names, too, such as layers: {noise: {_target_: ...}}"


def _no_key(override: Override, verb: str, place: str, part: str, keys: list[str], mine: dict[str, str | None]) -> str:
    start = f"{override.input_line}: there is no key {place + part!r}."
    if not place:
        right = {*keys, *mine}
        return f"{start}{did_you_mean(part, right)} {verb} has: {listed(right)}"
    free = f" (a new argument for its _target_ is +{override.input_line})" if "_target_" in keys else ""
    right = set(keys) - {"_target_", "_partial_"}
    return f"{start}{did_you_mean(part, right)} {place[:-1]!r} has: {listed(right)}{free}"
