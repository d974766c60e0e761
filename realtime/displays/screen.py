"""Whether this machine has a screen, asked without opening anything on it.

Qt, which draws the windows of OpenCV's wheel, ends the whole process where it finds no screen.
"""

import os
import socket
import sys
from pathlib import Path

import cv2

OTHERS = "Take display=web (a page in a browser), display=file (a video) or display=none"


def why_no_window() -> str | None:
    """Return why no window can be opened here, or None if one can."""
    if not cv2.currentUIFramework():
        return f"this OpenCV has no windows (opencv-python-headless): install opencv-python. {OTHERS}"
    if not sys.platform.startswith("linux"):
        return None
    name = os.environ.get("DISPLAY", "")
    if not name:
        return f"this machine has no screen (DISPLAY isn't set). {OTHERS}"
    return None if _answers(name) else f"the screen DISPLAY={name} doesn't answer. {OTHERS}"


def _answers(display: str) -> bool:
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdigit():
        return False
    try:
        if host in ("", "unix"):
            return _local_answers(int(number))
        with socket.create_connection((host, 6000 + int(number)), timeout=2.0):
            return True
    except OSError:
        return False


def _local_answers(number: int) -> bool:
    for address in (f"/tmp/.X11-unix/X{number}", f"\0/tmp/.X11-unix/X{number}"):  # noqa: S108 - where X11 has it
        if address[0] != "\0" and not Path(address).exists():
            continue
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2.0)
            if connection.connect_ex(address) == 0:
                return True
    return False
