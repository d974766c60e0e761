"""The Kaggle exporter against a loop of one `model.predict` a photograph."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from emolab.runs import resolve
from live.measured import seconds_of
from live.pasted import read_faces
from realtime.recogniser import Wanted, recogniser


def kaggle(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return photographs a second: the exporter with network and engine, and one `predict` a photograph."""
    from emolab.runs.network import load_network
    from realtime.submission.predict import predict

    faces, _ = read_faces(arguments.faces, 1000)
    record, _ = resolve(arguments.run, Path("runs"))
    network, size = load_network(record), record.facts.image_size
    wanted = [Wanted(name, failed_gates=True) for name in ("network", arguments.recogniser)]
    classifiers = {each.choice: recogniser(record, each, live=False) for each in wanted}
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.png" for number in range(len(faces))]
        for path, face in zip(files, faces, strict=True):
            cv2.imwrite(str(path), face)
        looped = files[:60]
        network.predict(np.zeros((1, size, size, 3), np.uint8), verbose=0)
        one_by_one = (
            seconds_of(lambda: [_predict_one(network, path, size) for path in looped]) / len(looped) * len(files)
        )
        seconds = {name: seconds_of(lambda c=c: predict(files, [c])) for name, c in classifiers.items()}
    times = {name: one_by_one / value for name, value in seconds.items()}
    loop = {"measured_on": len(looped), "seconds_for_all": one_by_one}
    return {"photographs": len(files), "loop_of_predict": loop, "exporter_seconds": seconds, "times_faster": times}


def _predict_one(network: Any, path: Path, size: int) -> int:
    from emolab.data.crop import crop_and_resize
    from emolab.data.image import read_image

    return int(network.predict(crop_and_resize(read_image(path), None, size)[None], verbose=0).argmax())
