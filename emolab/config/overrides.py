"""Overrides of Hydra's command line: what one says, and how one is written."""

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

SEARCH_PATH = "hydra.searchpath"


def parsed(lines: Sequence[str]) -> list[Override]:
    """Return overrides as Hydra's grammar reads them.

    Raises:
        HydraException: if one can't be read.
    """
    return OverridesParser.create().parse_overrides(list(lines))


def pair_of(line: str) -> tuple[str, str]:
    """Return the key of an override, without Hydra's signs, and its value as it was typed."""
    key, _, value = line.partition("=")
    return key.lstrip("+~"), value


def key_of(line: str) -> str:
    """Return the key of an override, without Hydra's signs."""
    return pair_of(line)[0]


def is_hydras(line: str) -> bool:
    """Whether an override is of Hydra's own settings, such as the launcher's."""
    return key_of(line).startswith(("hydra.", "hydra/"))


def override(key: str, value: object) -> str:
    """Return `key='value'`, quoted so that Hydra takes the text as it stands, such as a path with a comma."""
    return f"{key}={_quoted(value)}"


def typed(key: str, value: str | Path | float | None) -> str:
    """Return `key=value` as one types it in a shell, a text quoted for Hydra and for the shell where it needs it."""
    if not isinstance(value, str | Path):
        return f"{key}={'null' if value is None else str(value).lower()}"
    line = f"{key}={value}"
    plain = re.fullmatch(r"[A-Za-z_./][\w./-]*", str(value), re.ASCII)
    taken = plain and parsed([line])[0].value() == str(value)  # "null" is no text to it
    return line if taken else shlex.quote(override(key, value))


def search_path(folders: Iterable[str | Path]) -> str:
    """Return the override by which Hydra finds configs of the user's own in these folders."""
    return f"{SEARCH_PATH}=[{','.join(_quoted(f'file://{Path(folder).resolve()}') for folder in folders)}]"


def searched_folders(overrides: Iterable[Override]) -> list[Path]:
    """Return the folders of the user's own that `hydra.searchpath` names among these overrides."""
    lists = [item.value() for item in overrides if item.key_or_group == SEARCH_PATH]
    places = [str(place).removeprefix("file://") for places in lists if isinstance(places, list) for place in places]
    return [Path(place) for place in places if "://" not in place]


def _quoted(value: object) -> str:
    text = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), str(value))
    return f"'{text}'"
