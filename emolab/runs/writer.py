"""Which process writes a run, and whether it still lives."""

import os
import platform
from pathlib import Path
from typing import Any


def this_process() -> dict[str, Any]:
    """Return what identifies this process on this machine: host, process id and the moment it began."""
    return {"host": platform.node(), "pid": os.getpid(), "began": _began(os.getpid())}


def is_dead(process: object) -> bool:
    """Whether `process` (from `this_process`) certainly ended. One on another host counts as living."""
    if not isinstance(process, dict) or process.get("host") != platform.node():
        return False
    pid, began = process.get("pid"), process.get("began")
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # no system gives numbers that large
        return True
    except OSError:  # it lives and belongs to another user
        pass
    return began is not None and _began(pid) != began


def _began(pid: int) -> str | None:
    """Boot and clock ticks at the start of a process: process ids are given again, these pairs aren't."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{boot}/{int(fields[19])}"
    except (OSError, IndexError, ValueError):  # not Linux, or the process ended just now
        return None
