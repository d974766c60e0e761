"""Running emolab as a user does: in processes of their own."""

import fcntl
import os
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

REPO = Path(__file__).resolve().parents[2]

# A network and a training so small that a process spends its time on importing TensorFlow.
TINY = (
    "model=custom_cnn",
    "model.backbone.stem=4",
    "model.backbone.widths=[8]",
    "model.backbone.depths=[1]",
    "model.partial_from=stage1_block1_shortcut_conv",
    "data=folder",
    "data.image_size=32",
    "trainer.batch_size=12",
    "trainer.epochs=3",
    "trainer.precision=float32",
    "optimizer.learning_rate=0.01",
)


def run(module: str, *arguments: str, cwd: Path, timeout: float = 420) -> subprocess.CompletedProcess[str]:
    """Run `python -m <module> <arguments>` and return what came of it."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def start_on_terminal(command: Sequence[str | Path], **options: Any) -> tuple[subprocess.Popen[Any], TextIO]:
    """Start a command on a terminal of its own; return it and what it prints, whose closing closes the terminal."""
    ours, its = os.openpty()
    process = subprocess.Popen(
        command,
        stdout=its,
        stderr=its,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(its, termios.TIOCSCTTY, 0),
        **options,
    )
    os.close(its)
    return process, open(ours, encoding="utf-8")


def environment() -> dict[str, str]:
    """This process's environment, with a quiet TensorFlow, W&B offline and the tests' modules at hand."""
    path = os.pathsep.join([str(REPO), str(Path(__file__).parent)])
    return {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "2", "WANDB_MODE": "offline"}
