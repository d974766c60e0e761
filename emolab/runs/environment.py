"""What a run ran on: machine, packages, state of the source code; cheap, importing none of them."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from emolab.processor import usable_cores

PACKAGES = (
    "emolab", "tensorflow", "keras", "keras-cv", "numpy", "pandas", "opencv-python", "pillow", "hydra-core",
    "omegaconf", "wandb", "optuna",
)  # fmt: skip
_GIT_SECONDS = 5.0


def packages() -> dict[str, str]:
    """Return the versions of Python and of the packages that can change a result, as far as installed."""
    return {"python": platform.python_version(), **versions(PACKAGES)}


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of these packages, as far as they are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """Return host, system, processor, usable cores, memory in GiB and the names of NVIDIA GPUs."""
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "gpus": _gpus(),
    }


def git(folder: Path | None = None) -> dict[str, Any] | None:
    """Return commit, branch and whether files differ from it, or None where there is no repository or no git.

    Args:
        folder: a folder whose files are under version control; default: the one of this package. A package
            installed into another project's repository isn't taken for part of that project.
    """
    folder = Path(__file__).parent if folder is None else folder
    if not _ask_git(folder, "ls-files"):
        return None
    commit = _ask_git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _ask_git(folder, "status", "--porcelain", "--untracked-files=no")
    return {
        "commit": commit,
        "branch": _ask_git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "changed": None if changed is None else bool(changed),
    }


def _ask_git(folder: Path, *arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}  # asking must not disturb a commit under way
    try:
        answer = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            [program, "-C", str(folder), *arguments],
            capture_output=True, text=True, timeout=_GIT_SECONDS, check=True, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return answer.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _gpus() -> list[str]:
    """Names of the GPUs that NVIDIA's kernel driver lists: no library has to be loaded for it."""
    found = []
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "Model":
                found.append(value.strip())
    return found
