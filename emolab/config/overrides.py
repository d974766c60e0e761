"""Values handed back to Hydra's command line."""

import re
from collections.abc import Iterable
from pathlib import Path

SEARCH_PATH = "hydra.searchpath="


def override(key: str, value: object) -> str:
    """Return `key='value'`, quoted so that Hydra takes the text as it stands, such as a path with a comma."""
    return f"{key}={_quoted(value)}"


def search_path(folders: Iterable[str | Path]) -> str:
    """Return the override by which Hydra finds configs of the user's own in these folders."""
    return f"{SEARCH_PATH}[{','.join(_quoted(f'file://{Path(folder).resolve()}') for folder in folders)}]"


def _quoted(value: object) -> str:
    text = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), str(value))
    return f"'{text}'"
