"""What this process may use of the processor."""

import math
import os
import platform
import sys
from pathlib import Path


def usable_cores(limit: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Return how many cores this process may use.

    Args:
        limit: says how many microseconds of processor time a container may take in how many that pass, as
            "200000 100000" after `docker run --cpus=2`, or "max 100000" (Linux's cgroup v2).
    """
    if sys.platform != "linux":
        return os.cpu_count() or 1
    cores = len(os.sched_getaffinity(0))
    quota, period = limit.read_text(encoding="ascii").split() if limit.is_file() else ("max", "")
    return cores if quota == "max" else min(cores, math.ceil(int(quota) / int(period)))


def take_fast_kernels() -> None:
    """Let TensorFlow, not yet imported, compute with oneDNN on every x86 processor; by itself it does on some only.

    With AVX2 alone training is 1.05 to 3 times as fast by it (results/benchmarks). Who sets the variable decides.
    """
    if platform.machine() in ("x86_64", "AMD64"):
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def load_per_core() -> float | None:
    """Return how many processes wanted each core over the last minute; None where the system doesn't say."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else None


def cpu_flags() -> frozenset[str]:
    """Return the processor's instruction sets, as Linux names them; none where the system doesn't say."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return frozenset()
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    said = next((line for line in lines if line.startswith(("flags", "Features"))), "")  # ARM calls them features
    return frozenset(said.partition(":")[2].split())
