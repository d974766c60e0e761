"""A training in a process of its own, which writes a log; on Linux it is asked to stop when its starter died."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from emolab.exit_codes import FAILED, INTERRUPTED

_LINES, _CHARACTERS = 15, 2000  # of a log that show why a run failed
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes:
        code: its exit code; below 0 the number of the signal that killed it.
        seconds: how long it ran.
        memory_mib: the most memory it held at once.
    """

    code: int
    seconds: float
    memory_mib: float

    @property
    def done(self) -> bool:
        """Whether its work is done, though perhaps not well enough for a gate."""
        return self.code in (0, FAILED)

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped it (Ctrl-C, SIGTERM)."""
        return self.code in (INTERRUPTED, -signal.SIGINT, -signal.SIGTERM)

    def explained(self) -> str:
        """Return the end in words, such as "exit code 2"."""
        if self.code == -signal.SIGKILL:
            return "killed by SIGKILL, as the system does when memory runs out"
        return f"killed by {signal.Signals(-self.code).name}" if self.code < 0 else f"exit code {self.code}"


class Child:
    """A running process whose output goes to a log.

    It has a session of its own, so that Ctrl-C reaches only this process, which asks the child once to stop: a
    training saves its state then. Where this process is killed, Linux asks the child to stop.

    Args:
        command: program and arguments.
        log: its output is added to this file; None: it writes where this process does.
        environment: added to this process's environment.
        descriptors: open files that it inherits.

    Raises:
        OSError: if the log can't be written.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path | None,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        self._began = time.monotonic()
        self._ended: Outcome | None = None
        with _appending(log) as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                command,
                stdin=subprocess.DEVNULL, stdout=output, stderr=None if output is None else subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                pass_fds=descriptors,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )  # fmt: skip

    def wait(self) -> Outcome:
        """Return how it ended.

        Raises:
            KeyboardInterrupt: when this process is interrupted, after the child has stopped.
        """
        try:
            return self._outcome()
        except BaseException:
            self.stop()
            raise

    def poll(self) -> Outcome | None:
        """Return how it ended; None while it runs."""
        if self._ended is None:
            self._reap(os.WNOHANG)
        return self._ended

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        self.ask_to_stop()
        self._outcome()

    def ask_to_stop(self) -> None:
        """Send it SIGTERM, unless it has ended."""
        if self._ended is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)  # Popen's own would reap one that has ended

    def _outcome(self) -> Outcome:
        while self._ended is None:
            self._reap()
        return self._ended

    def _reap(self, options: int = 0) -> None:
        pid, status, usage = os.wait4(self._process.pid, options)  # unlike Popen's, it says how much memory was used
        if pid:
            self._process.returncode = os.waitstatus_to_exitcode(status)
            unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes on macOS, KiB elsewhere
            seconds = time.monotonic() - self._began
            self._ended = Outcome(self._process.returncode, seconds, usage.ru_maxrss / unit)


def stop_all(children: Collection[Child]) -> None:
    """Ask all of them to stop, then wait until they have: each may have a training to save."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait()


def last_lines(log: Path) -> str:
    """Return the end of a log, at most 15 lines and 2,000 characters; nothing where there is none."""
    if not log.is_file():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([line for line in lines if line.strip()][-_LINES:])[-_CHARACTERS:]


@contextmanager
def _appending(log: Path | None) -> Iterator[IO[bytes] | None]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as handle:
        yield handle


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
