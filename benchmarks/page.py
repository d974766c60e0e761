"""The label on the page of `display=web` against the truth: headless Chromium, whose camera plays emolab's own video.

    python benchmarks/page.py --run RUN [--detector yunet.onnx] [--recogniser NAME] [--seconds 60]

Chromium and its driver come from Debian (`apt-get install chromium chromium-driver`). Every frame carries its number
as black and white squares, which are read from the page's own picture whenever its label is. Only frames with one face
count; beside the page's labels stand those of the same frames one by one, without a browser. Both search every frame,
with the threshold 0.4. The result goes to results/realtime/page.json.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from live.browser import chromium, write_y4m
from live.frames import RATE, VIDEO, true_faces
from live.measured import classifier, keep
from live.served import served

from realtime.detectors.yunet import YuNet
from realtime.displays.web.options import Web
from realtime.frame import NOT_SURE, FrameStep
from realtime.sources.opencv import Video
from realtime.sources.source import SourceEnded

BITS, SQUARE = 9, 16  # of the frame's number; pixels
READ = """
const video = document.getElementById('video'), canvas = document.createElement('canvas');
canvas.width = video.videoWidth; canvas.height = SQUARE;
const context = canvas.getContext('2d');
context.drawImage(video, 0, 0);
const middle = bit => context.getImageData((bit + 0.5) * SQUARE, SQUARE / 2, 1, 1).data[0];
const bits = [...Array(BITS).keys()].map(middle);
return [bits, document.getElementById('who').textContent];
""".replace("BITS", str(BITS)).replace("SQUARE", str(SQUARE))


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--detector")
    parser.add_argument("--recogniser", default="selected")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--screenshot", type=Path, help="PNG of the page at the end")
    arguments = parser.parse_args()
    truth = single_faces()
    alone = labels_without_a_browser(FrameStep(YuNet(arguments.detector), classifier(arguments)))
    with TemporaryDirectory() as folder:
        camera = write_y4m(Path(folder) / "camera.y4m", numbered_frames(), RATE)
        with served(Web(port=0), classifier(arguments), YuNet(arguments.detector)) as address:
            browser = chromium(camera, 1200, 900)
            try:
                browser.get(address)
                browser.find_element("css selector", "#mode option[value=browser]").click()
                browser.find_element("id", "run").click()
                seen = list(labels(browser, arguments.seconds))
                if arguments.screenshot:
                    browser.save_screenshot(str(arguments.screenshot))
            finally:
                browser.quit()
    seen = [(number, label) for number, label in seen if number in truth]
    judged = [(truth[number], label) for number, label in seen]
    result = {
        "labels_read": len(judged),
        "right": round(float(np.mean([true == label for true, label in judged])), 3),
        "same_as_without_a_browser": round(float(np.mean([alone[number] == label for number, label in seen])), 3),
        "right_without_a_browser": round(float(np.mean([alone[number] == truth[number] for number in truth])), 3),
        "uncertain": round(float(np.mean([label == NOT_SURE for _, label in judged])), 3),
        "by_truth": {true: _right(judged, true) for true in sorted({true for true, _ in judged})},
    }
    keep("page", result)


def single_faces() -> dict[int, str]:
    """Return the emotion of each frame that shows one face."""
    return {number: faces[0][1] for number, faces in true_faces().items() if len(faces) == 1}


def labels_without_a_browser(step: FrameStep) -> dict[int, str]:
    """Return the label of the largest face of each frame, one by one."""
    found = {}
    for number, frame in enumerate(numbered_frames()):
        faces = step(frame, number / RATE).faces
        found[number] = max(faces, key=lambda face: face.box.area).name if faces else "No face"
    return found


def numbered_frames() -> Iterator[np.ndarray]:
    """Yield the video's frames with their numbers in the upper left corner."""
    source = Video(str(VIDEO))
    source.open()
    try:
        for number in range(2**BITS):
            frame = source.read()[0].copy()
            for bit in range(BITS):
                frame[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = 255 * (number >> bit & 1)
            yield frame
    except SourceEnded:
        source.close()


def labels(browser: Any, seconds: float) -> Iterator[tuple[int, str]]:
    """Yield frame numbers and labels as the page shows them, ten times a second."""
    while not browser.execute_script("return document.getElementById('video').videoWidth"):
        time.sleep(0.1)
    time.sleep(2.0)  # the first answers
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.1)
        bits, label = browser.execute_script(READ)
        if label:
            yield sum(1 << bit for bit, value in enumerate(bits) if value > 127), label


def _right(judged: list[tuple[str, str]], true: str) -> float:
    return round(float(np.mean([label == true for one, label in judged if one == true])), 3)


if __name__ == "__main__":
    main()
