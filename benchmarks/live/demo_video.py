"""Time and labels on emolab's own video, whose true faces are known."""

import argparse
import itertools
import statistics
import time
from typing import Any

from live.frames import RATE, VIDEO, WARM_UP, demo_frames, true_faces
from live.measured import classifier
from realtime.boxes import FaceBox, overlap
from realtime.detectors.yunet import YuNet
from realtime.frame import FrameStep, StepSettings
from realtime.overlay import Look, draw_faces, draw_lines
from realtime.sources.opencv import Video
from realtime.sources.source import SourceEnded
from realtime.timings import Timings


def frame(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the percentiles of the stages, of frames with one face and of those with two.

    Every frame is searched. Beside them stands the processor's time of a whole frame (all threads together): on a
    machine that others use, too, it says more than the clock.
    """
    classify = classifier(arguments)
    truth = true_faces()
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


def _frames(timings: Timings, processor: list[float], found: int) -> dict[str, Any]:
    return {
        "frames": timings.frames,
        "faces_found_a_frame": found / timings.frames,
        "milliseconds": timings.percentiles(),
        "processor_milliseconds_of_the_whole": {"p50": statistics.median(processor) * 1e3},
        "share_within_33_ms": timings.share_in_budget(),
    }


def labels(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return how often the label on a face of emolab's own video is the true one, steadied and frame by frame."""
    classify = classifier(arguments)
    truth = true_faces()
    ways = {
        "every frame searched, threshold 0.4": StepSettings(detect_every=0.0, threshold=0.4),
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
            uncertain += face.label is None
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


def _true_changes(truth: dict[int, list[tuple[FaceBox, str]]]) -> int:
    """Changes of the true emotion where a face stays (its box overlaps that of the frame before)."""
    return sum(
        emotion != before
        for number in truth
        for box, emotion in truth[number]
        for earlier, before in truth.get(number - 1, [])
        if overlap(box, earlier) > 0.4
    )
