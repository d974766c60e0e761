"""What `run.json` of a run needs at least, for tests of what else stands there."""

from typing import Any

FIELDS: dict[str, Any] = {
    "classes": ["anger", "happy"],
    "image_size": 48,
    "monitor": {"name": "val_accuracy", "mode": "max"},
    "data": {"name": "fer2013", "fingerprint": "abc"},
    "model": {"name": "vgg19"},
    "seed": 1,
}
