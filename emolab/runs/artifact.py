"""A run that was kept as a W&B artifact: download it once, then treat it as any run folder."""

import re
from pathlib import Path
from typing import Any

from emolab.errors import RunError
from emolab.files import write_folder
from emolab.runs import layout
from emolab.runs.record import RunRecord
from emolab.tracking.account import find_account

PREFIX = "wandb:"
_NAME = re.compile(r"(?:[\w.-]+/){1,2}[\w.-]+:[\w.-]+")
_SECONDS = 10  # for each request; a download may take longer in all


def fetch(ckpt: str, root: Path) -> RunRecord:
    """Return the run in the artifact `wandb:entity/project/name:alias`, kept under `root/.downloads`.

    Raises:
        RunError: if the name is malformed, there is no key, W&B can't be reached, or it holds no run.
    """
    name = ckpt.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise RunError(f"ckpt={ckpt!r} names no artifact: expected {PREFIX}entity/project/name:alias")
    artifact = _find(name)
    folder = Path(root) / ".downloads" / f"{name.partition(':')[0].replace('/', '-')}-{artifact.digest}"
    for entry in artifact.manifest.entries:
        layout.inside(folder, entry)  # the names come from elsewhere: none may leave the folder
    if not folder.exists():
        _download(artifact, folder, ckpt)
    return RunRecord.open(folder)


def _find(name: str) -> Any:
    import wandb  # late: a second of import that only this needs
    from wandb.apis.normalize import normalize_exceptions

    account = find_account()
    if account.key is None:
        raise RunError(
            f"{PREFIX}{name} needs a W&B key and none is set: run `wandb login`, set WANDB_API_KEY, "
            "or give a local run id or folder"
        )
    try:
        artifact = wandb.Api(timeout=_SECONDS, api_key=account.key).artifact(name)
        normalize_exceptions(lambda: artifact.manifest)()  # fetched now, and kept; in W&B's public errors
    except (wandb.Error, OSError, ValueError) as error:
        raise RunError(f"{PREFIX}{name} can't be found at {account.address}: {error}") from error
    return artifact


def _download(artifact: Any, folder: Path, ckpt: str) -> None:
    """Download it whole or not at all; where another process was faster, its folder stays."""
    import wandb
    from wandb.apis.normalize import normalize_exceptions

    try:
        with write_folder(folder, replace=False) as made:
            normalize_exceptions(artifact.download)(root=str(made))
    except (wandb.Error, OSError, ValueError) as error:
        raise RunError(f"{ckpt} can't be downloaded to {folder}: {error}") from error
