"""Values handed back to Hydra's command line."""

import re


def override(key: str, value: object) -> str:
    """Return `key='value'`, quoted so that Hydra takes the text as it stands, such as a path with a comma."""
    text = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), str(value))
    return f"{key}='{text}'"
