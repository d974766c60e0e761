"""A child process that takes messages and is never waited for: the boundary around W&B.

A thread in this process would not do. W&B's own exit hook waits for its service without a limit (12 seconds
were measured with a server that never answers), it hooks `sys.excepthook`, and a call that hangs in it can't
be ended. A process can be left behind or killed, takes no lock of the trainer's interpreter, and isn't hurt
by the trainer's Ctrl-C.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from queue import Full, Queue
from threading import Lock, Thread
from typing import Any

import emolab

log = logging.getLogger(__name__)
_WAITING_MESSAGES = 10_000
_SOURCES = str(Path(emolab.__file__).parents[1])


class Client:
    """A running child process: `send` never blocks, `finish` waits a bounded time.

    Args:
        module: the module to run with `python -m`; reads one JSON object a line from its input, writes
            events ({"event": "connected" or "warning", "text": ...}) to its output.
        log_path: where its error output goes.
        environment: what to add to this process's environment.

    Raises:
        OSError: if the process or its log can't be made.
    """

    def __init__(self, module: str, log_path: Path, environment: Mapping[str, str]) -> None:
        self.connected = False
        self._warned = False
        self._lock = Lock()
        self._messages: Queue[bytes | None] = Queue(_WAITING_MESSAGES)
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("ab") as log_file:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", module],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log_file,
                start_new_session=True,  # Ctrl-C is the trainer's; this process ends when its input does
                env=_environment(environment),
            )  # fmt: skip
        self._writer = Thread(target=self._write, name="tracking-writer", daemon=True)
        self._reader = Thread(target=self._read, name="tracking-reader", daemon=True)
        self._writer.start()
        self._reader.start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue a message; one that finds the queue full is dropped with a warning."""
        try:
            self._messages.put_nowait(json.dumps(message, default=str).encode() + b"\n")
        except Full:
            self.warn("it doesn't keep up: some metrics are only in metrics.jsonl")

    def finish(self, seconds: float) -> bool:
        """Close its input and wait; return whether it ended.

        One that never connected is killed, and one whose queue is full: it could never be told that this is the end.
        """
        try:
            self._messages.put_nowait(None)
        except Full:
            self._process.kill()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            if self.connected:
                return False
            self.warn("it never answered and was ended")
            self._process.kill()
            self._process.wait()
        self._reader.join(1.0)
        return True

    def warn(self, problem: str) -> None:
        """Say that tracking suffers: once a run, since training is well."""
        with self._lock:
            first, self._warned = not self._warned, True
        level = logging.WARNING if first else logging.DEBUG
        log.log(level, "W&B: %s. The run goes on; its record is metrics.jsonl.", problem)

    def _write(self) -> None:
        pipe = self._process.stdin
        try:
            while pipe is not None and (line := self._messages.get()) is not None:
                pipe.write(line)
                pipe.flush()
        except OSError:  # it ended: the reader says so
            return
        finally:
            _close(pipe)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._take(json.loads(line))
        code = self._process.wait()
        if code != 0:
            self.warn(f"its process ended with code {code}; see wandb/client.log in the run folder")
        _close(self._process.stdout)

    def _take(self, event: Mapping[str, str]) -> None:
        if event["event"] == "connected":
            self.connected = True
            log.info("W&B: %s", event["text"])
        else:
            self.warn(event["text"])


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:  # closing flushes, and the other end is gone
        return


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key != "WANDB_SERVICE"}
    path = os.pathsep.join(filter(None, [_SOURCES, os.environ.get("PYTHONPATH")]))
    return {**inherited, "PYTHONPATH": path, **added}
