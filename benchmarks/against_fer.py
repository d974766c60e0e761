"""The viewer's frame against that of PyPI's `fer`, in turns on emolab's own video at 1280x720.

    python3.11 -m venv fer && fer/bin/pip install fer 'setuptools<80'
    fer/bin/pip uninstall -y opencv-contrib-python && fer/bin/pip install 'opencv-contrib-python-headless<5'
    python benchmarks/against_fer.py --fer fer/bin/python --run RUN [--detector yunet.onnx] [--recogniser NAME]

`fer` has an environment of its own (it brings PyTorch, and asks for an OpenCV that no longer has its detector), and
its default settings: Haar and its own network, in LiteRT and in Keras. Both see the same frames, blocks of them in
turns, while the other waits. The result goes to results/realtime/fer.json.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from viewer import RESULTS, VIDEO, WARM_UP, classifier, demo_frames

from emolab.files import write_json
from emolab.runs.environment import hardware
from realtime.detectors.yunet import YuNet
from realtime.frame import FrameStep

BLOCK = 15  # frames in a row, a second of the video


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fer", required=True, help="Python of the environment that has fer")
    parser.add_argument("--run", required=True)
    parser.add_argument("--detector")
    parser.add_argument("--recogniser", default="selected")
    parser.add_argument("--frames", type=int, default=375, help="of each; the video has 375")
    arguments = parser.parse_args()
    ways = {"fer": Fer(arguments.fer), "fer_keras": Fer(arguments.fer, "keras"), "emolab": Ours(arguments)}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    faces = dict.fromkeys(ways, 0)
    frames = (image for _, image in demo_frames())
    for block in range(-WARM_UP // BLOCK, arguments.frames // BLOCK):
        images = list(islice(frames, BLOCK))
        for name, way in ways.items():
            spent, found = way.look_at(images)
            if block >= 0:  # the first ones warm up
                seconds[name] += spent
                faces[name] += found
    medians = {name: float(np.median(spent)) for name, spent in seconds.items()}
    result = {
        "hardware": hardware(),
        "load_1_min": os.getloadavg()[0],
        "command": " ".join(sys.argv[1:]),
        "video": VIDEO.name,
        **{name: {**_milliseconds(seconds[name]), "faces_a_frame": faces[name] / len(seconds[name])} for name in ways},
        "times_faster": {name: medians[name] / medians["emolab"] for name in ("fer", "fer_keras")},
    }
    print(json.dumps(result, indent=2))
    write_json(RESULTS / "fer.json", result)


class Ours:
    """A frame as the viewer takes it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._step = FrameStep(YuNet(arguments.detector), classifier(arguments))
        self._shown = 0

    def look_at(self, images: list[np.ndarray]) -> tuple[list[float], int]:
        """Return the seconds of each frame, and how many faces were found in all."""
        spent, found = [], 0
        for image in images:
            began = time.perf_counter()
            found += len(self._step(image, self._shown / 15).faces)
            spent.append(time.perf_counter() - began)
            self._shown += 1
        return spent, found


class Fer:
    """`fer` in a process of its own, which waits while it isn't asked.

    Args:
        python: of its environment.
        network: "tflite" or "keras".
    """

    def __init__(self, python: str, network: str = "tflite") -> None:
        worker = Path(__file__).with_name("fer_worker.py")
        self._process = subprocess.Popen(
            [python, str(worker), network], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def look_at(self, images: list[np.ndarray]) -> tuple[list[float], int]:
        """Return the seconds of each frame, and how many faces were found in all."""
        told, answers = self._process.stdin, self._process.stdout
        assert told is not None
        assert answers is not None
        told.write((json.dumps([len(images), *images[0].shape]) + "\n").encode())
        told.write(b"".join(image.tobytes() for image in images))
        told.flush()
        answer: dict[str, Any] = json.loads(answers.readline())
        return answer["seconds"], answer["faces"]


def _milliseconds(seconds: list[float]) -> dict[str, float]:
    return {f"p{share}_ms": float(np.percentile(seconds, share)) * 1e3 for share in (50, 95, 99)}


if __name__ == "__main__":
    main()
