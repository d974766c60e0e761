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
import csv
import gzip
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import psutil

import emolab.data
from emolab.files import write_json
from emolab.runs import resolve
from emolab.runs.environment import hardware
from realtime.boxes import FaceBox, overlap
from realtime.capture import Capture
from realtime.detectors.haar import Haar
from realtime.detectors.yunet import YuNet
from realtime.frame import Classifier, FrameStep, StepSettings, face_images
from realtime.overlay import Look, draw_faces, draw_lines
from realtime.recogniser import recogniser
from realtime.sources.opencv import Video
from realtime.sources.source import SourceEnded, SourceError
from realtime.timings import Timings

VIDEO = Path(emolab.data.__file__).parent / "demo" / "video.mp4"
RESULTS = Path(__file__).resolve().parents[1] / "results" / "realtime"
NAMES = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
WIDTH, HEIGHT = 1280, 720
STARTS = 5
RATE = 15  # frames a second of emolab's own video
WARM_UP = 20  # frames that don't count


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
    result = MEASUREMENTS[arguments.what](arguments)
    facts = {"hardware": hardware(), "load_1_min": os.getloadavg()[0], "command": " ".join(sys.argv[1:]), **result}
    print(json.dumps(facts, indent=2))
    write_json(RESULTS / f"{arguments.what}.json", facts)


def crop(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return geometry and accuracy of each detector; every face is classified from every scale."""
    classify = classifier(arguments)
    faces, truth = read_faces(arguments.faces, arguments.count)
    plain = np.stack([np.repeat(face[..., None], 3, axis=2) for face in faces])
    result: dict[str, Any] = {"faces": len(faces), "accuracy_of_plain_crops": _accuracy(classify, plain, truth)}
    random = np.random.default_rng(0)
    placed = [place(face, int(random.integers(120, 320)), random) for face in faces]
    for detector in (YuNet(arguments.detector), Haar()):
        result[detector.name] = _crop_of(detector, classify, placed, truth, plain)
    return result


def _crop_of(
    detector: YuNet | Haar, classify: Classifier, placed: list, truth: np.ndarray, plain: np.ndarray
) -> dict[str, Any]:
    geometry, rows, boxes = [], [], []
    for row, (frame, (left, top, side)) in enumerate(placed):
        found = detector(frame)
        if not found:
            continue
        box = max(found, key=lambda box: box.area)
        longer = max(box.width, box.height)
        across, down = left + side / 2 - box.left - box.width / 2, top + side / 2 - box.top - box.height / 2
        geometry.append((side / longer, across / longer, down / longer))
        rows.append(row)
        boxes.append(box)
    found_share = len(rows) / len(placed)
    accuracies = {}
    for scale in (0.8, 0.9, 1.0, 1.1, 1.2, 1.4):
        detector.crop_scale = scale
        images = [
            face_images(placed[row][0], [box], detector, classify.image_size)[0]
            for row, box in zip(rows, boxes, strict=True)
        ]
        accuracies[f"{scale:.1f}"] = _accuracy(classify, np.stack(images), truth[rows])
    names = ("square_over_longer_side", "right_of_centre", "below_centre")
    medians = dict(zip(names, np.median(geometry, axis=0).round(3).tolist(), strict=True))
    return {
        "found": round(found_share, 3),
        "median": medians,
        "accuracy_by_crop_scale": accuracies,
        "accuracy_of_plain_crops_of_these": _accuracy(classify, plain[rows], truth[rows]),
    }


def frame(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the percentiles of the stages, of frames with one face and of those with two.

    The processor's time of a whole frame (all threads together) stands beside them: on a machine that others use, too,
    it says more than the clock.
    """
    classify = classifier(arguments)
    truth = _true_faces(VIDEO.with_suffix(".csv"))
    step = {count: FrameStep(YuNet(arguments.detector), classify, StepSettings()) for count in (1, 2)}
    timings = {count: Timings(0.033) for count in (1, 2)}
    processor: dict[int, list[float]] = {1: [], 2: []}
    found = {1: 0, 2: 0}
    shown = 0
    for number, image in demo_frames():
        count = len(truth.get(number, []))
        if count not in step:
            continue
        began = time.process_time()
        result = step[count](image, shown / RATE)
        drawn = time.perf_counter()
        picture = draw_faces(image, result.faces, classify.classes, Look(mirror=True, bars=True))
        draw_lines(picture, ["12 of 33 ms   30 frames/s"], None)
        shown += 1
        if shown > WARM_UP:
            timings[count].add({**result.seconds, "draw": time.perf_counter() - drawn})
            processor[count].append(time.process_time() - began)
            found[count] += len(result.faces)
        if min(map(len, processor.values())) >= arguments.count:
            break
    return {f"{count}_faces": _frames(timings[count], processor[count], found[count]) for count in (1, 2)}


def demo_frames() -> Iterator[tuple[int, np.ndarray]]:
    """Yield number and picture (uint8 BGR (720, 1280, 3)) of each frame of emolab's own video, again and again."""
    while True:
        source = Video(str(VIDEO))
        source.open()
        try:
            for number in itertools.count():
                yield number, cv2.resize(source.read()[0], (WIDTH, HEIGHT))
        except SourceEnded:
            source.close()


def _frames(timings: Timings, processor: list[float], found: int) -> dict[str, Any]:
    return {
        "frames": timings.frames,
        "faces_found_a_frame": found / timings.frames,
        "milliseconds": timings.percentiles(),
        "processor_milliseconds_of_the_whole": {"p50": statistics.median(processor) * 1e3},
        "share_within_33_ms": timings.share_in_budget(),
    }


def detector(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the processor's time and the share of faces found, by detector and by the side frames are shrunk to."""
    faces, _ = read_faces(arguments.faces, arguments.count)
    random = np.random.default_rng(0)
    placed = [place(face, int(random.integers(120, 320)), random)[0] for face in faces]
    made = {f"yunet {side}": YuNet(arguments.detector, longer_side=side) for side in (320, 480, 640)}
    result = {}
    for name, finds in {**made, "haar 480": Haar()}.items():
        finds(placed[0])
        began = time.process_time()
        found = sum(bool(finds(image)) for image in placed)
        spent = (time.process_time() - began) / len(placed) * 1e3
        result[name] = {"found": found / len(placed), "processor_milliseconds": round(spent, 2)}
    return result


def labels(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return how often the label on a face of emolab's own video is the true one, steadied and frame by frame."""
    classify = classifier(arguments)
    truth = _true_faces(VIDEO.with_suffix(".csv"))
    ways = {
        "as the viewer": StepSettings(),
        "each frame for itself": StepSettings(time_constant=0.0, threshold=0.0, hysteresis=0.0),
        "faces searched in every second frame": StepSettings(detect_every=1.5 / RATE),
        "faces searched in every third frame": StepSettings(detect_every=2.5 / RATE),
    }
    return {name: _labels_of(FrameStep(YuNet(arguments.detector), classify, way), truth) for name, way in ways.items()}


def _labels_of(step: FrameStep, truth: dict[int, list[tuple[FaceBox, str]]]) -> dict[str, Any]:
    source = Video(str(VIDEO))
    source.open()
    right, uncertain, faces, changes, false = 0, 0, 0, 0, 0
    shown: dict[int, str] = {}
    for number in itertools.count():
        try:
            image, at = source.read()
        except SourceEnded:
            break
        for face in step(image, at).faces:
            box, emotion = max(truth.get(number, []), key=lambda one: overlap(one[0], face.box), default=(None, ""))
            if box is None or overlap(box, face.box) < 0.4:
                false += 1
                continue
            faces += 1
            right += face.label == emotion
            uncertain += face.label == "uncertain"
            changes += shown.get(face.id, face.label) != face.label
            shown[face.id] = face.label
    source.close()
    return {
        "true_faces": sum(map(len, truth.values())),
        "found": faces,
        "false": false,
        "right": round(right / faces, 3),
        "uncertain": round(uncertain / faces, 3),
        "changes_of_label": changes,
        "true_changes": _true_changes(truth),
    }


def _true_faces(path: Path) -> dict[int, list[tuple[FaceBox, str]]]:
    found: dict[int, list[tuple[FaceBox, str]]] = {}
    with path.open(newline="") as handle:
        for row in csv.DictReader(handle):
            box = FaceBox(*(float(row[name]) for name in ("x", "y", "width", "height")))
            found.setdefault(int(row["frame"]), []).append((box, row["emotion"]))
    return found


def _true_changes(truth: dict[int, list[tuple[FaceBox, str]]]) -> int:
    """Changes of the true emotion where a face stays (its box overlaps that of the frame before)."""
    return sum(
        emotion != before
        for number in truth
        for box, emotion in truth[number]
        for earlier, before in truth.get(number - 1, [])
        if overlap(box, earlier) > 0.4
    )


def start(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return seconds from the start of `python -m realtime.viewer` to its end after one frame."""
    faces, _ = read_faces(arguments.faces, 1)
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "face.png"
        cv2.imwrite(str(picture), moving(faces, 0))
        command = [
            *(sys.executable, "-m", "realtime.viewer", f"ckpt={arguments.run}", f"recogniser={arguments.recogniser}"),
            *("source=images", f"source.path={picture}", "display=none", "frames=1", "detector=yunet"),
            f"detector.path={arguments.detector}",
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = [_seconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(STARTS)]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / STARTS
    return {"seconds": {"median": statistics.median(seconds), "all": seconds}, "processor_seconds": round(processor, 2)}


def kaggle(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return photographs a second: the exporter with network and engine, and one `predict` a photograph."""
    from emolab.runs.network import load_network
    from realtime.submission.predict import predict

    faces, _ = read_faces(arguments.faces, 1000)
    record, _ = resolve(arguments.run, Path("runs"))
    network = load_network(record)
    classifiers = {name: recogniser(record, name, None, True, "cache") for name in ("network", arguments.recogniser)}
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.png" for number in range(len(faces))]
        for path, face in zip(files, faces, strict=True):
            cv2.imwrite(str(path), face)
        looped = files[:60]
        network.predict(np.zeros((1, 48, 48, 3), np.uint8), verbose=0)
        one_by_one = _seconds(lambda: [_predict_one(network, path) for path in looped]) / len(looped) * len(files)
        seconds = {name: _seconds(lambda c=c: predict(files, [c])) for name, c in classifiers.items()}
    times = {name: one_by_one / value for name, value in seconds.items()}
    loop = {"measured_on": len(looped), "seconds_for_all": one_by_one}
    return {"photographs": len(files), "loop_of_predict": loop, "exporter_seconds": seconds, "times_faster": times}


def _predict_one(network: Any, path: Path) -> int:
    from emolab.data.crop import crop_and_resize
    from emolab.data.image import read_image

    return int(network.predict(crop_and_resize(read_image(path), None, 48)[None], verbose=0).argmax())


class Faulty:
    """A live camera that sees emolab's own video, with a fault every 20 seconds: unplugged, frozen, hanging in turn."""

    live = True
    rate = None
    description = "faulty camera"
    every = 600  # frames
    faults = itertools.cycle(("unplugged", "frozen", "hanging"))

    def __init__(self) -> None:
        self._frames = (image for _, image in demo_frames())
        self._number = 0
        self._fault = ""
        self._last = next(self._frames)

    def open(self) -> None:
        """Nothing to open."""

    def read(self) -> tuple[np.ndarray, None]:
        """Return the next frame 33 ms later, or fail."""
        time.sleep(1 / 30)
        self._number += 1
        if self._number == self.every:
            self._fault = next(self.faults)
        if self._fault == "unplugged":
            raise SourceError("unplugged")
        if self._fault == "hanging":
            time.sleep(20)
        if self._fault != "frozen":
            self._last = next(self._frames)
        return self._last.copy(), None

    def close(self) -> None:
        """Nothing to close."""


def faults(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return memory, frames and recoveries of a loop over `Faulty`."""
    step = FrameStep(YuNet(arguments.detector), classifier(arguments))
    process = psutil.Process()
    memory: list[float] = []
    longest, shown, last = 0.0, 0, time.monotonic()
    with Capture(Faulty) as capture:
        end = time.monotonic() + arguments.seconds
        while time.monotonic() < end:
            got = capture.next(0.1)
            now = time.monotonic()
            if got is not None:
                step(got.image, got.at)
                longest, last, shown = max(longest, now - last), now, shown + 1
            if not memory or now - (end - arguments.seconds) > 10 * len(memory):
                memory.append(round(process.memory_info().rss / 2**20, 1))
        began = time.monotonic()
        capture.close()
    return {
        "seconds": arguments.seconds,
        "frames_shown": shown,
        **{name: getattr(capture.counts, name) for name in ("read", "dropped", "faults", "recoveries")},
        "longest_gap_seconds": round(longest, 2),
        "closing_seconds": round(time.monotonic() - began, 2),
        "memory_mib_every_10_s": memory,
    }


def read_faces(path: Path, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return FER2013's first PublicTest faces (uint8 (48, 48)) and their names."""
    faces, names = [], []
    with gzip.open(path, "rt") as handle:
        for emotion, pixels, usage in itertools.islice(csv.reader(handle), 1, None):
            if usage == "PublicTest":
                faces.append(np.array(pixels.split(), np.uint8).reshape(48, 48))
                names.append(NAMES[int(emotion)])
            if len(faces) == count:
                break
    return faces, np.array(names)


def place(face: np.ndarray, side: int, random: np.random.Generator) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Return a frame with the face at a random place, and the face's square: left, top, side."""
    left, top = int(random.integers(0, WIDTH - side)), int(random.integers(0, HEIGHT - side))
    frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    _paste(frame, face, left, top, side)
    return frame, (left, top, side)


def moving(faces: list[np.ndarray], number: int) -> np.ndarray:
    """Return frame `number` of a video in which the faces sway."""
    frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for which, face in enumerate(faces):
        _paste(frame, face, 200 + 500 * which + round(80 * np.sin(number / 20 + which)), 200, 260)
    return frame


def _paste(frame: np.ndarray, face: np.ndarray, left: int, top: int, side: int) -> None:
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    frame[top : top + side, left : left + side] = large[..., None]


def classifier(arguments: argparse.Namespace) -> Classifier:
    """Return the network or engine that the command names."""
    record, _ = resolve(arguments.run, Path("runs"))
    return recogniser(record, arguments.recogniser, None, True, "cache")


def _accuracy(classify: Classifier, images: np.ndarray, truth: np.ndarray) -> float:
    named = np.array(classify.classes)[np.concatenate([classify(part) for part in _parts(images)]).argmax(axis=1)]
    return round(float((named == truth).mean()), 4)


def _parts(images: np.ndarray) -> Iterator[np.ndarray]:
    return (images[start : start + 64] for start in range(0, len(images), 64))


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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
