"""W&B as a mirror of the run's record: online if there's a key, else offline, and never in the way."""

import base64
import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emolab.errors import RunError
from emolab.plain import plain
from emolab.tracking.account import DISABLED
from emolab.tracking.client import Client
from emolab.tracking.logger import Record

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)
_TAGGED = ("model", "aug", "finetune", "data")
_FACTS = ("classes", "image_size", "monitor", "model", "data", "seed", "git", "packages", "hardware")


class Wandb:
    """Mirror a run to W&B from a process of its own (why: `emolab.tracking.client`).

    Without a key, or when the server doesn't answer in time, it writes offline to `<run>/wandb`, and
    `wandb sync <run>/wandb/offline-run-*` pushes that later. WANDB_MODE=disabled turns it off.

    Args:
        project: W&B's project.
        entity: user or team; None for the account's own.
        group: runs of one grid or sweep share it.
        tags: labels besides the names of model, augmentation, fine-tuning and data. Those that a training gave the
            run stay when it has ended: W&B would replace them.
        mode: "auto", or "offline" even where there's a key.
        log_model: whether a finished run's best weights become an artifact.
        connect_seconds: how long its process tries to reach the server before it goes offline.
        wait_seconds: how long `finish` waits for it.
        upload_seconds: how long it may go on uploading in the background after that.
    """

    def __init__(
        self,
        project: str | int = "emolab",
        entity: str | int | None = None,
        group: str | int | None = None,
        tags: Sequence[str] | None = (),
        mode: str = "auto",
        log_model: bool = True,
        connect_seconds: float = 4.0,
        wait_seconds: float = 6.0,
        upload_seconds: float = 120.0,
    ) -> None:
        self.group = None if group is None else str(group)
        self.tags = tuple(map(str, tags or ()))  # YAML reads digits as numbers
        self.log_model = log_model
        self.wait_seconds = wait_seconds
        self._settings = {
            "project": str(project), "entity": None if entity is None else str(entity), "mode": mode,
            "connect_seconds": connect_seconds, "upload_seconds": upload_seconds,
        }  # fmt: skip
        self._client: Client | None = None
        self._record: Record | None = None

    def start(self, record: Record, config: Mapping[str, Any]) -> None:
        """Start the mirror's process and give it the configuration; returns at once."""
        if os.environ.get("WANDB_MODE") == DISABLED:
            return
        place = record.folder.resolve() / "wandb"
        folders = {"WANDB_CACHE_DIR": str(place / "cache"), "WANDB_DATA_DIR": str(place / "data")}
        self._record = record
        try:
            self._client = Client("emolab.tracking.mirror", place / "client.log", folders)
        except OSError as error:
            log.warning("W&B can't be started (%s). The run goes on; its record is metrics.jsonl.", error)
            return
        names = _names(record.fields()["choices"] or config)
        tags = [*self.tags, *names] if record.status == "running" else None
        self._send(
            "start", **self._settings, folder=str(place.parent), id=record.id, name=record.name,
            group=self.group, tags=tags, config={**plain(config), "run": _known(record)},
        )  # fmt: skip

    def log_epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Send the metrics of one epoch."""
        self._send("log_epoch", epoch=epoch, metrics=plain(metrics))

    def log_images(self, epoch: int, images: "np.ndarray", captions: Sequence[str]) -> None:
        """Send sample images, uint8 RGB (N, H, W, 3), with their predictions as captions."""
        pictures = {"shape": list(images.shape), "pixels": _encoded(images)}
        self._send("log_images", epoch=epoch, **pictures, captions=list(captions))

    def log_confusion_matrix(self, epoch: int, matrix: "np.ndarray", classes: Sequence[str]) -> None:
        """Send counts (C, C): a row a true class."""
        self._send("log_confusion_matrix", epoch=epoch, matrix=matrix.tolist(), classes=list(classes))

    def log_table(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], picture: "np.ndarray"
    ) -> None:
        """Send a table and its picture, uint8 RGB (H, W, 3), as `<name>/table` and `<name>/picture`."""
        table = {"columns": list(columns), "rows": [list(row) for row in rows]}
        self._send("log_table", name=name, **table, shape=list(picture.shape), pixels=_encoded(picture))

    def finish(self, status: str, summary: Mapping[str, Any]) -> None:
        """Send the summary and, of a finished run, the best weights; wait at most `wait_seconds`."""
        if self._client is None:
            return
        if self.log_model and status == "finished":
            self._send_model()
        self._send("finish", status=status, summary=plain(summary))
        if not self._client.finish(self.wait_seconds):
            self._client.warn("it still uploads, in the background")
        self._client = None

    def _send_model(self) -> None:
        if self._record is None:
            return
        try:
            weights = self._record.checkpoint_path("best")
        except RunError:  # a run may finish without weights, such as one of no epochs
            return
        folder = self._record.folder.resolve()
        paths = (folder / "run.json", folder / "config.yaml", weights.resolve())
        files = {path.relative_to(folder).as_posix(): str(path) for path in paths}
        self._send("log_model", name=self._record.name, files=files, facts=_known(self._record))

    def _send(self, call: str, **values: Any) -> None:
        if self._client is not None:
            self._client.send({"call": call, **values})


def _known(record: Record) -> dict[str, Any]:
    fields = record.fields()
    return {key: fields.get(key) for key in _FACTS}


def _encoded(pixels: "np.ndarray") -> str:
    return base64.b64encode(pixels.tobytes()).decode("ascii")


def _names(config: Mapping[str, Any]) -> list[str]:
    """Names of the chosen model, augmentation, fine-tuning and data, as tags: at most 64 characters each."""
    chosen = (config.get(group) for group in _TAGGED)
    names = (node.get("name") if isinstance(node, Mapping) else node for node in chosen)
    return [name[:64] for name in names if isinstance(name, str) and name]
