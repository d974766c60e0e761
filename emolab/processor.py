"""What this process may use of the processor."""

import os
import sys
from pathlib import Path


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def load_per_core() -> float | None:
    """Return how many processes wanted each core over the last minute; None where the system doesn't say."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else None


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Return the processor's instruction sets, as Linux names them; none where the system doesn't say."""
    if not cpuinfo.is_file():
        return frozenset()
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    said = next((line for line in lines if line.startswith(("flags", "Features"))), "")  # ARM calls them features
    return frozenset(said.partition(":")[2].split())
