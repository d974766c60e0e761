"""A run as it began, with what `run.json` needs at least, for tests of what else stands there."""

from pathlib import Path
from typing import Any

from emolab.runs import RunRecord

FIELDS: dict[str, Any] = {
    "group": {"name": None, "number": None},
    "choices": {},
    "classes": ["anger", "happy"],
    "image_size": 48,
    "monitor": {"name": "val_accuracy", "mode": "max"},
    "data": {
        "name": "fer2013", "fingerprint": "abc", "content": "abc", "grey": False, "notice": None, "left_out": None,
    },
    "model": {"name": "vgg19"},
    "seed": 1,
    "command": [],
}  # fmt: skip


def made_record(root: Path, config: str = "", **changes: Any) -> RunRecord:
    """A run that has just begun, called as its model is; `changes` are of its fields."""
    fields = {**FIELDS, **changes}
    return RunRecord.create(root, fields["model"]["name"], fields, config)
