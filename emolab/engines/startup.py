"""From the start of a process to an engine's first result: `python -m emolab.engines.startup <folder> <threads>`."""

import json
import subprocess
import sys
import time
from pathlib import Path

from emolab.engines.schema import Start
from emolab.errors import RunError

_SECONDS = 300


def measure_start(folder: Path, threads: int | None) -> Start:
    """Return how long a fresh process takes from the start of Python to its first result, and its memory by then.

    Raises:
        RunError: if the engine can't be loaded in a process of its own.
    """
    command = [sys.executable, "-m", "emolab.engines.startup", str(folder), str(threads or 0)]
    began = time.time()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        raise RunError(f"the engine {folder} gave no result within {_SECONDS} s") from None
    if done.returncode:
        raise RunError(f"the engine {folder} doesn't start in a process of its own: {done.stderr[-500:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Start(seconds=told["finished"] - began, memory_mib=told["memory_mib"])


def _main(folder: str, threads: str) -> None:
    from emolab.engines import load_engine

    load_engine(Path(folder), int(threads) or None)  # which lets it name one face
    finished = time.time()  # which both processes share, unlike other clocks
    print(json.dumps({"finished": finished, "memory_mib": _most_memory()}))


def _most_memory() -> float | None:
    """MiB that this process held at most; None where the system doesn't say.

    Not `getrusage`: its maximum begins with that of the process that started this one.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    kib = next((line.split()[1] for line in lines if line.startswith("VmHWM")), None)
    return None if kib is None else round(int(kib) / 1024, 1)


if __name__ == "__main__":
    _main(*sys.argv[1:])
