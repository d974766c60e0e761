"""What a machine has for emolab: looked at from outside, in seconds, without importing TensorFlow unasked."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from emolab.cache import YUNET
from emolab.engines.registry import BACKENDS, backend
from emolab.errors import ConfigError
from emolab.processor import cpu_flags
from emolab.runs import environment
from emolab.tracking.account import DISABLED, OFFLINE, find_account

# Instructions that decide which precision is fast.
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "avx_vnni", "asimd", "bf16")


@dataclass(frozen=True)
class Finding:
    """One line.

    Attributes:
        topic: what it's about, such as "engine".
        name: such as "openvino int8".
        text: what was found.
        good: whether it can be used; None where that isn't the question.
        broken: whether emolab can't work at all.
    """

    topic: str
    name: str
    text: str
    good: bool | None = None
    broken: bool = False


def examine(runs: Path, cache: Path, ask_tensorflow: bool = False) -> list[Finding]:
    """Return everything found.

    Args:
        runs: where runs are kept.
        cache: where prepared data are kept.
        ask_tensorflow: also import TensorFlow, and ask it for GPUs and TensorRT.
    """
    engines = _engines(ask_tensorflow)
    parts = (
        _packages(),
        _hardware(ask_tensorflow),
        engines,
        _detectors(cache),
        _cameras(),
        _tracking(),
        _disk(runs, cache),
    )
    return [finding for part in parts for finding in part]


def shown(findings: list[Finding]) -> Any:
    """Return the findings as a table for rich's console."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, show_header=False, padding=(0, 1, 0, 0))
    before = ""
    for finding in findings:
        mark = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[finding.good]
        topic, before = ("" if finding.topic == before else finding.topic), finding.topic
        table.add_row(topic, finding.name, mark, finding.text.replace("[", r"\["))
    return table


def _packages() -> Iterator[Finding]:
    found = environment.packages()
    for name, version in found.items():
        yield Finding("versions", name, version)
    needed = map(Requirement, requires("emolab") or ())
    names = {one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})}
    for name in sorted(names - set(environment.versions(names))):
        advice = "missing: pip install -e . -c constraints/main.txt"
        yield Finding("versions", name, advice, good=False, broken=True)


def _hardware(ask_tensorflow: bool) -> Iterator[Finding]:
    found = environment.hardware()
    yield Finding("machine", "processor", f"{found['processor']}, {found['cores']} cores, {found['memory_gib']} GiB")
    flags = cpu_flags()
    yield Finding("machine", "instructions", " ".join(name for name in INSTRUCTIONS if name in flags) or "not known")
    yield Finding("machine", "GPUs", ", ".join(found["gpus"]) or "none that NVIDIA's driver lists")
    if ask_tensorflow:
        import tensorflow as tf

        seen = [device.name for device in tf.config.list_physical_devices()]
        yield Finding("machine", "TensorFlow sees", ", ".join(seen))


def _engines(ask_tensorflow: bool) -> Iterator[Finding]:
    for name in BACKENDS:
        one = backend(name)
        for precision in one.known:
            asked = ask_tensorflow or not one.asks_tensorflow
            reason = one.available(precision) if asked else one.why_not_built(precision)
            text = reason or ("" if asked else "perhaps: tensorflow=true asks")
            yield Finding("engines", f"{name} {precision}", text, good=False if reason else (True if asked else None))


def _detectors(cache: Path) -> Iterator[Finding]:
    haar = _opencv_folder() / "data" / "haarcascade_frontalface_default.xml"
    text = "in the OpenCV wheel" if haar.is_file() else f"{haar} is missing: pip install 'opencv-python<5'"
    yield Finding("detectors", "haar", text, good=haar.is_file())
    model = cache / YUNET
    text = (
        str(model) if model.is_file() else f"not in {model.parent} yet: the viewer downloads it, or give detector.path"
    )
    yield Finding("detectors", "yunet", text, good=model.is_file())


def _opencv_folder() -> Path:
    spec = find_spec("cv2")
    return Path(spec.origin).parent if spec is not None and spec.origin else Path("cv2")


def _cameras() -> Iterator[Finding]:
    found = sorted(Path("/dev").glob("video*"))
    for path in found:
        readable = os.access(path, os.R_OK | os.W_OK)
        yield Finding(
            "cameras", str(path), "" if readable else "no right to open it: join the group video", good=readable
        )
    if not found:
        hint = "no /dev/video*" if sys.platform == "linux" else f"not looked for on {sys.platform}"
        yield Finding("cameras", "none", hint)


def _tracking() -> Iterator[Finding]:
    """Say where `logger=wandb` would write, as its own process would find out."""
    mode = os.environ.get("WANDB_MODE")
    if mode in (DISABLED, *OFFLINE):
        does = "does nothing" if mode == DISABLED else "writes offline"
        yield Finding("W&B", "state", f"WANDB_MODE={mode}: logger=wandb {does}")
        return
    try:
        account = find_account()  # W&B's import is a second; where its settings lie and what they mean, it alone knows
    except ImportError:  # the versions say so
        return
    except ConfigError as error:
        yield Finding("W&B", "state", str(error), good=False)
        return
    key = f"a key for {account.address}: logger=wandb goes online"
    none = f"no key for {account.address}: logger=wandb writes offline (`wandb login`)"
    yield Finding("W&B", "state", none if account.key is None else key)


def _disk(runs: Path, cache: Path) -> Iterator[Finding]:
    for name, folder in (("runs", runs), ("cache", cache)):
        there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
        if not there.is_dir():
            text = f"{there} is a file, expected a folder: set paths.{name}"
            yield Finding("disk", name, text, good=False, broken=True)
            continue
        free = shutil.disk_usage(there).free / 2**30
        writable = os.access(there, os.W_OK)
        text = f"{folder.resolve()}: {free:.1f} GiB free" + ("" if writable else f", but {there} can't be written")
        yield Finding("disk", name, text, good=writable and free > 1, broken=not writable)
