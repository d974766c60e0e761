"""The process beside the trainer that talks to W&B: messages in, a line an event out.

It is run as `python -m emolab.tracking.mirror` by `emolab.tracking.client`, and ends when its input ends.
"""

import json
import os
import re
import sys
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from queue import Queue
from threading import Thread, Timer
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

Message = Mapping[str, Any]
_UNKNOWN_UPLOAD_SECONDS = 10.0  # of a process whose first message never came


def main() -> None:
    """Mirror one run."""
    events = _claim_output()
    messages: Queue[Message | None] = Queue()
    Thread(target=_read_all, args=(sys.stdin.buffer, messages), daemon=True).start()
    first = messages.get()
    if first is not None:
        Mirror(first, lambda event, text: _tell(events, event, text)).run(messages)


def _claim_output() -> IO[str]:
    """Keep the output for events alone: whatever else this process and W&B's print goes to the log."""
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return events


def _tell(events: IO[str], event: str, text: str) -> None:
    try:
        events.write(json.dumps({"event": event, "text": text}) + "\n")
    except OSError:  # the trainer ended, and the upload goes on
        return


def _read_all(source: IO[bytes], messages: "Queue[Message | None]") -> None:
    """Take everything at once, so that the trainer's pipe never fills; then set a limit to the upload."""
    seconds = _UNKNOWN_UPLOAD_SECONDS
    try:
        for line in source:
            message = json.loads(line)
            seconds = message.get("upload_seconds", seconds)
            messages.put(message)
    except ValueError:  # torn: the trainer was killed within its last message
        return
    finally:
        messages.put(None)
        limit = Timer(seconds, os._exit, args=(3,))  # 3: the client's log says what it was doing
        limit.daemon = True
        limit.start()


class Mirror:
    """One W&B run."""

    def __init__(self, first: Message, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._status = "interrupted"  # if the input ends without a word, the trainer was killed
        self._run = self._begin(first)

    def run(self, messages: "Queue[Message | None]") -> None:
        """Pass messages on until there are no more, then end the run."""
        import wandb

        while (message := messages.get()) is not None:
            try:
                getattr(self, f"_{message['call']}")(message)
            except (wandb.Error, OSError, ValueError, TypeError) as error:
                self._tell("warning", f"{message['call']} failed: {error}")
        self._run.finish(exit_code=0 if self._status in ("finished", "pruned") else 1)

    def _begin(self, first: Message) -> Any:
        import wandb

        from emolab.tracking.account import OFFLINE, find_account

        account = find_account()
        offline = first["mode"] in OFFLINE or os.environ.get("WANDB_MODE") in OFFLINE
        if account.key is not None and not offline:
            try:
                run = _init(first, mode="online", api_key=account.key)
            except (wandb.Error, OSError, ValueError) as error:
                self._tell("warning", f"{account.address} can't be used, so it writes offline ({error})")
                wandb.teardown()  # it keeps the run's id taken otherwise
            else:
                self._tell("connected", f"online at {run.url}")
                return run
        run = _init(first, mode="offline")
        self._tell("connected", f"offline; `wandb sync {Path(run.dir).parent}` pushes it later")
        return run

    def _log_epoch(self, message: Message) -> None:
        self._run.log({"epoch": message["epoch"], **message["metrics"]})

    def _log_images(self, message: Message) -> None:
        import wandb

        images = zip(_pixels(message), message["captions"], strict=True)
        pictures = [wandb.Image(image, caption=text) for image, text in images]
        self._run.log({"epoch": message["epoch"], "predictions": pictures})

    def _log_confusion_matrix(self, message: Message) -> None:
        import wandb

        classes = message["classes"]
        rows: list[Iterable[Any]] = [
            [true, predicted, count]
            for true, counts in zip(classes, message["matrix"], strict=True)
            for predicted, count in zip(classes, counts, strict=True)
        ]
        columns: list[str | int] = ["Actual", "Predicted", "nPredictions"]  # the names W&B's preset reads
        table, fields = wandb.Table(columns, rows), {str(name): str(name) for name in columns}
        chart = wandb.plot_table("wandb/confusion_matrix/v1", table, fields)
        self._run.log({"epoch": message["epoch"], "confusion_matrix": chart})

    def _log_table(self, message: Message) -> None:
        import wandb

        table, picture = wandb.Table(message["columns"], message["rows"]), wandb.Image(_pixels(message))
        self._run.log({f"{message['name']}/table": table, f"{message['name']}/picture": picture})

    def _log_model(self, message: Message) -> None:
        import wandb

        name = re.sub(r"[^A-Za-z0-9._-]", "-", message["name"])
        artifact = wandb.Artifact(name, type="model", metadata=dict(message["facts"]))
        for inner, path in message["files"].items():
            artifact.add_file(path, name=inner, policy="immutable", skip_cache=True)  # no second copy on disk
        self._run.log_artifact(artifact, aliases=["latest", self._run.id])

    def _finish(self, message: Message) -> None:
        self._status = message["status"]
        self._run.summary.update({**message["summary"], "status": message["status"]})


def _pixels(message: Message) -> "np.ndarray":
    import numpy as np

    return np.frombuffer(b64decode(message["pixels"]), np.uint8).reshape(message["shape"])


def _init(first: Message, mode: Literal["online", "offline"], **settings: Any) -> Any:
    import wandb

    run = wandb.init(
        **{key: first[key] for key in ("project", "entity", "group", "id", "tags", "config")},
        name=f"{first['name']} {first['id']}",
        resume="allow",
        dir=first["folder"],
        settings=wandb.Settings(
            mode=mode,
            init_timeout=first["connect_seconds"],
            login_timeout=1.0,
            silent=True,
            console="off",
            disable_git=True,  # the record has it
            disable_code=True,
            use_dot_wandb=False,  # a folder `.wandb` that is there would take it; a stranger's may lead elsewhere
            x_stats_pid=os.getppid(),  # memory and threads of the trainer, not of this process
            **settings,
        ),
    )
    run.define_metric("*", step_metric="epoch")
    return run


if __name__ == "__main__":
    # W&B's own error reports leave the machine, and without a network they delayed the end by 12 seconds.
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    main()
