"""A headless Chromium whose camera plays a given video."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

ABSENT = "there's no chromium and chromedriver: apt-get install chromium chromium-driver"


def installed() -> bool:
    """Whether there are Chromium and its driver."""
    return all(map(shutil.which, ("chromium", "chromedriver")))


def write_y4m(path: Path, frames: Iterable[np.ndarray], rate: int = 30) -> Path:
    """Write frames (uint8 BGR (H, W, 3), even sides) as Chromium's fake camera reads them."""
    with path.open("wb") as handle:
        for number, frame in enumerate(frames):
            if number == 0:
                height, width = frame.shape[:2]
                handle.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
            handle.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


def chromium(camera: Path | None, width: int, height: int, dark: bool = False) -> webdriver.Chrome:
    """Start Debian's Chromium.

    Args:
        camera: what its camera plays, as `write_y4m` wrote it; None: a picture of its own.
        width: of the window, in pixels; below 600 it's a telephone's.
        height: of the window, in pixels.
        dark: whether it asks pages for dark colours.

    Raises:
        FileNotFoundError: if it isn't installed.
    """
    if not installed():
        raise FileNotFoundError(ABSENT)
    options = Options()
    options.binary_location = shutil.which("chromium")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        *([f"--use-file-for-fake-video-capture={camera}"] if camera else []),
        *(["--force-dark-mode"] if dark else []),
    ):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    if dark:
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    return browser
