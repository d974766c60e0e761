"""Does a detector's crop mean the region that the network learned? Faces of FER2013 in frames."""

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from emolab.data.crop import SquareBox, crop_and_resize
from live.measured import classifier
from live.pasted import continued, place, read_faces
from realtime.detectors.haar import Haar
from realtime.detectors.yunet import YuNet
from realtime.frame import Classifier, face_images

SCALES = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.4)  # of the longer side of a detector's box


def crop(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return geometry and accuracy of each detector; every face is classified from every scale.

    What lies around a face is its own mirror image, where crops are taken; else every crop that is larger than the
    photograph would hold the frame's grey, which no camera shows. Detectors see the grey.
    """
    classify = classifier(arguments)
    faces, truth = read_faces(arguments.faces, arguments.count)
    plain = np.stack([np.repeat(face[..., None], 3, axis=2) for face in faces])
    random = np.random.default_rng(0)
    found = {detector: _Found() for detector in (YuNet(arguments.detector), Haar())}
    squares = []
    for row, face in enumerate(faces):
        frame, square = place(face, int(random.integers(120, 320)), random)
        squares.append(crop_and_resize(frame, SquareBox(*square), classify.image_size))
        for detector, its in found.items():
            its.add(row, detector, frame, square, classify.image_size)
    return {
        "faces": len(faces),
        "accuracy_of_plain_crops": _accuracy(classify, plain, truth),
        "accuracy_of_true_squares": _accuracy(classify, np.stack(squares), truth),
        **{detector.name: its.judged(classify, plain, truth) for detector, its in found.items()},
    }


class _Found:
    """The faces that one detector found, each cut out at every scale."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.geometry: list[tuple[float, float, float]] = []
        self.images: dict[float, list[np.ndarray]] = {scale: [] for scale in SCALES}

    def add(self, row: int, detector: YuNet | Haar, frame: np.ndarray, square: tuple[int, int, int], size: int) -> None:
        """Search the face in its frame; keep its crops if it's found."""
        boxes = detector(frame)
        if not boxes:
            return
        box = max(boxes, key=lambda box: box.area)
        longer, (left, top, side) = max(box.width, box.height), square
        across, down = left + side / 2 - box.left - box.width / 2, top + side / 2 - box.top - box.height / 2
        self.rows.append(row)
        self.geometry.append((side / longer, across / longer, down / longer))
        whole = continued(frame, square)
        for scale, images in self.images.items():
            detector.crop_scale = scale
            images.extend(face_images(whole, [box], detector, size))

    def judged(self, classify: Classifier, plain: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
        """Return the share of the faces that was found, where the true squares lie, and the accuracy by scale."""
        names = ("square_over_longer_side", "right_of_centre", "below_centre")
        truth_of_these = truth[self.rows]
        return {
            "found": round(len(self.rows) / len(plain), 3),
            "median": dict(zip(names, np.median(self.geometry, axis=0).round(3).tolist(), strict=True)),
            "accuracy_by_crop_scale": {
                f"{scale:.2f}": _accuracy(classify, np.stack(images), truth_of_these)
                for scale, images in self.images.items()
            },
            "accuracy_of_plain_crops_of_these": _accuracy(classify, plain[self.rows], truth_of_these),
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
