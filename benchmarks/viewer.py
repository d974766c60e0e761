"""The viewer and the Kaggle exporter against the clock, and the crop against the training's.

    python benchmarks/viewer.py WHAT --run RUN --faces fer2013.csv.gz [--detector yunet.onnx] [--recogniser NAME]

WHAT is one of
    crop    where the detectors' boxes lie around faces whose training square is known, and the accuracy by crop_scale
    frame   percentiles of each stage on emolab's own video at 1280x720, one face and two
    detector  what each detector costs and finds, by the size that frames are shrunk to
    labels  labels on emolab's own video against the truth (--run: one of the demo faces)
    start   from the start of the process to the first labelled frame, by `python -m realtime.viewer`
    kaggle  the exporter on 1,000 photographs, against a loop of one `model.predict` a photograph
    faults  that video without end, with a fault every 20 seconds: memory, frames, recoveries

For the others faces of FER2013 (PublicTest) are pasted into grey frames. The result goes to results/realtime/WHAT.json
with the machine and its load, because two shared cores measure the neighbours as well.
"""

import argparse
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
from live.crops import crop, detector
from live.demo_video import frame, labels
from live.exporter import kaggle
from live.faults import faults
from live.measured import keep, seconds_of
from live.pasted import moving, read_faces

from emolab.config.overrides import override

STARTS = 5


def main() -> None:
    """Measure one thing, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=MEASUREMENTS)
    parser.add_argument("--run", required=True)
    parser.add_argument("--faces", type=Path, help="FER2013's CSV, gzipped")
    parser.add_argument("--detector")
    parser.add_argument("--recogniser", default="selected")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    keep(arguments.what, MEASUREMENTS[arguments.what](arguments))


def start(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return seconds from the start of `python -m realtime.viewer` to its end after one frame."""
    faces, _ = read_faces(arguments.faces, 1)
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "face.png"
        cv2.imwrite(str(picture), moving(faces, 0))
        command = [
            *(sys.executable, "-m", "realtime.viewer", f"ckpt={arguments.run}", f"recogniser={arguments.recogniser}"),
            *("source=images", f"source.path={picture}", "display=none", "frames=1", "detector=yunet"),
            *([override("detector.path", arguments.detector)] if arguments.detector else []),  # else the viewer's own
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = [seconds_of(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(STARTS)]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / STARTS
    return {"seconds": {"median": statistics.median(seconds), "all": seconds}, "processor_seconds": round(processor, 2)}


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "crop": crop,
    "frame": frame,
    "detector": detector,
    "labels": labels,
    "start": start,
    "kaggle": kaggle,
    "faults": faults,
}

if __name__ == "__main__":
    main()
