"""Does a detector's crop mean the region that the network learned? Faces of FER2013 in frames."""

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from live.measured import classifier
from live.pasted import place, read_faces
from realtime.detectors.haar import Haar
from realtime.detectors.yunet import YuNet
from realtime.frame import Classifier, face_images


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


def _accuracy(classify: Classifier, images: np.ndarray, truth: np.ndarray) -> float:
    named = np.array(classify.classes)[np.concatenate([classify(part) for part in _parts(images)]).argmax(axis=1)]
    return round(float((named == truth).mean()), 4)


def _parts(images: np.ndarray) -> Iterator[np.ndarray]:
    return (images[start : start + 64] for start in range(0, len(images), 64))
