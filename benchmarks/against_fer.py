"""The viewer's frame against that of PyPI's `fer`, in turns on emolab's own video at 1280x720.

    python3.11 -m venv fer && fer/bin/pip install fer 'setuptools<80'
    fer/bin/pip uninstall -y opencv-contrib-python && fer/bin/pip install 'opencv-contrib-python-headless<5'
    python benchmarks/against_fer.py --fer fer/bin/python --run RUN [--detector yunet.onnx] [--recogniser NAME]

`fer` has an environment of its own (it brings PyTorch, and asks for an OpenCV that no longer has its detector), and
its default settings: Haar and its own network, in LiteRT and in Keras. Both see the same frames, blocks of them in
turns, while the other waits; means are compared, since a search for faces in every second frame has no typical
frame. The result goes to results/realtime/fer.json.
"""

import argparse
import json
import subprocess
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from live.frames import RATE, VIDEO, WARM_UP, demo_frames
from live.measured import classifier, keep

from realtime.detectors.yunet import YuNet
from realtime.frame import FrameStep, StepSettings

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
    ways: dict[str, Fer | Ours] = {
        "fer": Fer(arguments.fer),
        "fer_keras": Fer(arguments.fer, "keras"),
        "emolab": Ours(arguments),
        "emolab_every_second": Ours(arguments, detect_every=1.5 / RATE),
    }
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
    means = {name: float(np.mean(spent)) for name, spent in seconds.items()}
    result = {
        "video": VIDEO.name,
        **{name: {**_milliseconds(seconds[name]), "faces_a_frame": faces[name] / len(seconds[name])} for name in ways},
        "times_faster": {
            f"{ours} than {theirs}": means[theirs] / means[ours]
            for ours in ("emolab", "emolab_every_second")
            for theirs in ("fer", "fer_keras")
        },
    }
    keep("fer", result)


class Ours:
    """emolab's step; `detect_every` is the viewer's `tracking.detect_every`, in seconds; 0: every frame is searched."""

    def __init__(self, arguments: argparse.Namespace, detect_every: float = 0.0) -> None:
        settings = StepSettings(detect_every=detect_every)
        self._step = FrameStep(YuNet(arguments.detector), classifier(arguments), settings)
        self._shown = 0

    def look_at(self, images: list[np.ndarray]) -> tuple[list[float], int]:
        """Return the seconds of each frame, and how many faces were found in all."""
        spent, found = [], 0
        for image in images:
            began = time.perf_counter()
            found += len(self._step(image, self._shown / RATE).faces)
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
        told.write((json.dumps([len(images), *images[0].shape]) + "\n").encode())
        told.write(b"".join(image.tobytes() for image in images))
        told.flush()
        answer: dict[str, Any] = json.loads(answers.readline())
        return answer["seconds"], answer["faces"]


def _milliseconds(seconds: list[float]) -> dict[str, float]:
    percentiles = {f"p{share}_ms": float(np.percentile(seconds, share)) * 1e3 for share in (50, 95, 99)}
    return {"mean_ms": float(np.mean(seconds)) * 1e3, **percentiles}


if __name__ == "__main__":
    main()
