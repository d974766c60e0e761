"""Values handed back to Hydra's command line."""

import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from hydra.core.override_parser.types import Override

SEARCH_PATH = "hydra.searchpath="


def override(key: str, value: object) -> str:
    """Return `key='value'`, quoted so that Hydra takes the text as it stands, such as a path with a comma."""
    return f"{key}={_quoted(value)}"


def typed_path(key: str, path: Path) -> str:
    """Return `key=path` as one types it in a shell, quoted for Hydra and for the shell where the path needs it."""
    plain = re.fullmatch(r"[\w.-]*/[\w./-]*", str(path), re.ASCII)
    return f"{key}={path}" if plain else shlex.quote(override(key, path))


def search_path(folders: Iterable[str | Path]) -> str:
    """Return the override by which Hydra finds configs of the user's own in these folders."""
    return f"{SEARCH_PATH}[{','.join(_quoted(f'file://{Path(folder).resolve()}') for folder in folders)}]"


def searched_folders(overrides: Iterable[Override]) -> list[Path]:
    """Return the folders of the user's own that `hydra.searchpath` names among these overrides."""
    lists = [item.value() for item in overrides if item.key_or_group == SEARCH_PATH.removesuffix("=")]
    places = [str(place).removeprefix("file://") for places in lists if isinstance(places, list) for place in places]
    return [Path(place) for place in places if "://" not in place]


def _quoted(value: object) -> str:
    text = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), str(value))
    return f"'{text}'"
