"""What is printed when nobody is there to read it: a terminal that was closed, a reader who has gone."""

import os
import select
import stat
from contextlib import suppress

STDOUT, STDERR = 1, 2  # by their numbers: a handler may cut into a `print`, which then refuses another


def leave_terminal() -> None:
    """Send nowhere what is still printed to a terminal that was closed: that would be an error, and cut off the end."""
    for number in (STDOUT, STDERR):
        with suppress(OSError):  # it has none
            if stat.S_ISCHR(os.fstat(number).st_mode):
                _silence(number)


def leave_readers(wait_ms: int = 0) -> bool:
    """Send nowhere what is still printed to a pipe that nobody reads any more; return whether there is one.

    Args:
        wait_ms: how long a reader may take to go, whom the same Ctrl-C reached.
    """
    if not hasattr(select, "poll"):  # Windows
        return False
    watched = select.poll()
    for number in (STDOUT, STDERR):
        watched.register(number, 0)  # these two events are told unasked
    gone = [number for number, event in watched.poll(wait_ms) if event & (select.POLLERR | select.POLLHUP)]
    for number in gone:
        _silence(number)
    return bool(gone)


def _silence(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
