"""The window on a real X server (Xvfb), and what is said where there's no screen."""

import ctypes.util
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import environment
from waiting import wait_for

SCRIPT = Path(__file__).parent / "show_window.py"
KEYS = SCRIPT.with_name("press_keys.py")


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An X server in memory: its name, and the file with its pixels."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there's no Xvfb: apt-get install xvfb")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x640x24", "-fbdir", str(tmp_path)]
    process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        name = f":{pipe.readline().strip()}"
    yield name, tmp_path / "Xvfb_screen0"
    process.terminate()
    process.wait(10)


def _show(display: str | None, frames: int, *recording: Path, cwd: Path | None = None) -> subprocess.Popen[str]:
    variables = {key: value for key, value in environment().items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    paths = os.pathsep.join([variables["PYTHONPATH"], str(SCRIPT.parent)])
    variables |= {"PYTHONPATH": paths, "QT_LOGGING_RULES": "*=false"} | ({"DISPLAY": display} if display else {})
    return subprocess.Popen(
        [sys.executable, SCRIPT, str(frames), *recording],
        env=variables,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def pixels(file: Path) -> np.ndarray:
    """Read an XWD file of 32 bits a pixel: uint8 BGR (H, W, 3)."""
    data = file.read_bytes()
    head = struct.unpack(">25I", data[:100])
    size, width, height, colours = head[0], head[4], head[5], head[19]
    flat = np.frombuffer(data, np.uint8, width * height * 4, size + colours * 12)
    return flat.reshape(height, width, 4)[:, :, :3].copy()


def _seen(file: Path, process: subprocess.Popen[str]) -> np.ndarray:
    """The screen once the window is on it, or its process has ended."""

    def there() -> list[np.ndarray]:
        picture = pixels(file)
        return [picture] if picture.std() >= 20 or process.poll() is not None else []

    [picture] = wait_for(there)
    return picture


def test_the_window_shows_the_frames_and_ends_by_itself(screen: tuple[str, Path]) -> None:
    name, file = screen
    process = _show(name, 120)
    seen = _seen(file, process)
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    assert "frames in" in out
    assert seen.std() > 20  # the gradient of the synthetic frames


@pytest.mark.skipif(ctypes.util.find_library("Xtst") is None, reason="there's no libXtst: apt-get install libxtst6")
def test_arrows_neither_record_nor_take_a_snapshot_and_q_quits(screen: tuple[str, Path], tmp_path: Path) -> None:
    name, file = screen
    here = tmp_path / "here"
    here.mkdir()
    process = _show(name, 1_000_000, cwd=here)
    _seen(file, process)
    subprocess.run([sys.executable, KEYS, name, "Right", "Up", "q"], check=True, timeout=300)
    out, error = process.communicate(timeout=300)
    assert "frames in" in out, error
    assert list(here.iterdir()) == []


def test_a_window_closes_and_its_viewer_says_what_was_lost_when_the_disk_is_full(
    screen: tuple[str, Path], tmp_path: Path
) -> None:
    _, error = _show(screen[0], 90, tmp_path / "recording.avi").communicate(timeout=300)
    assert "recording.avi is lost" in error
    assert "the window is closed" in error


@pytest.mark.parametrize(("display", "message"), [(None, "DISPLAY isn't set"), (":977", "doesn't answer")])
def test_a_machine_without_a_screen_says_so_and_names_the_other_displays(display: str | None, message: str) -> None:
    out, error = _show(display, 1).communicate(timeout=300)
    assert message in error
    assert "display=web" in error
    assert "frames in" not in out
