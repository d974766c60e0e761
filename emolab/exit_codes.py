"""How a command ends: 0 done; others as named here, after one line that says why."""

import sys
import traceback
from collections.abc import Callable
from typing import Any

from hydra.errors import InstantiationException

from emolab.errors import ConfigError, EmolabError, one_line, printable
from emolab.unread import leave_readers

FAILED = 1  # a gate
WRONG = 2  # configuration, data or environment
FAULT = 70  # emolab's own
INTERRUPTED = 130  # with the state saved
UNREAD = 141  # what it printed was read no further, as by `| head -1`; a shell says so of other programs


def exit_code(work: Callable[[], Any]) -> int:
    """Do the work and return the code to end with; errors are told on stderr."""
    try:
        code = int(work() or 0)
        sys.stdout.flush()  # while a reader who has gone can still be told from a fault
        return code
    except KeyboardInterrupt as stopped:
        print(f"interrupted{f': {stopped}' if str(stopped) else ''}", file=sys.stderr)
        return INTERRUPTED
    except EmolabError as error:
        _tell(error)
        return WRONG
    except InstantiationException as error:
        _tell(_refusal(error))
        return WRONG
    except Exception as error:  # shown whole; Python's own exit code for it, 1, would say that a gate failed
        if isinstance(error, BrokenPipeError) and leave_readers():
            return UNREAD
        traceback.print_exc()
        print("error: this is a fault of emolab's own; please report it with the lines above", file=sys.stderr)
        return FAULT


def _refusal(error: InstantiationException) -> Exception:
    """What refused its arguments, in one line with the key that it stands at, where Hydra says so in three."""
    cause = error.__cause__
    if isinstance(cause, EmolabError):
        return cause
    if not isinstance(cause, Exception):
        return error
    _, marked, key = str(error).rpartition("full_key: ")
    return ConfigError(f"{key}: {type(cause).__name__}: {one_line(cause)}" if marked else one_line(error))


def _tell(error: Exception) -> None:
    print("\n".join(printable(line) for line in f"error: {error}".split("\n")), file=sys.stderr)
