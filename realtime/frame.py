"""The frame step: one frame in, its faces out. It knows no camera, no window and no clock of its own."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from emolab.data.crop import crop_and_resize, square_box
from realtime.boxes import FaceBox, is_visible
from realtime.smoothing import UNCERTAIN, decide, smooth
from realtime.tracking import Track, Tracker

NOT_SURE = "not sure"  # what is shown where a face has no label; data may have a class "uncertain", as demo has
STAGES = ("detect", "crop", "classify", "decide")
MOST_FACES = 8  # of a frame that another follows soon; a photograph has time for all of its own
_BATCH = 64  # faces that are classified at once: a crowd at 224 pixels would take several GB


class Classifier(Protocol):
    """A recogniser of faces: an engine of `emolab.engines`, or anything that calls like one."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities."""

    @property
    def image_size(self) -> int:
        """Side of the faces in pixels."""

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return float32 probabilities (N, C) of uint8 RGB faces (N, S, S, 3)."""


class Detector(Protocol):
    """Finds faces.

    Attributes:
        name: such as "yunet".
        crop_scale: side of the square that training crops show, over the longer side of this detector's boxes.
    """

    name: str
    crop_scale: float

    def __call__(self, frame: np.ndarray, photograph: bool = False) -> list[FaceBox]:
        """Return the boxes of the faces in a frame, uint8 BGR (H, W, 3).

        Args:
            frame: to search.
            photograph: whether no other frame follows soon: then there's time to find small faces, too.
        """


class Face(NamedTuple):
    """A face of a frame.

    Attributes:
        id: the same from frame to frame.
        box: in pixels of the frame.
        label: a class, or None where none is sure enough.
        confidence: smoothed probability of the most probable class, or of the one shown, 0 to 1.
        probabilities: smoothed float32 (C,), in the order of the classes.
    """

    id: int
    box: FaceBox
    label: str | None
    confidence: float
    probabilities: np.ndarray

    @property
    def name(self) -> str:
        """What to show as its label."""
        return NOT_SURE if self.label is None else self.label


class StepResult(NamedTuple):
    """What a step found.

    Attributes:
        faces: from left to right.
        seconds: of each of `STAGES`.
    """

    faces: list[Face]
    seconds: dict[str, float]


@dataclass(frozen=True)
class StepSettings:
    """How faces become labels; `conf/viewer.yaml` explains each."""

    time_constant: float = 0.3
    threshold: float = 0.4
    hysteresis: float = 0.1
    max_faces: int | None = None
    detect_every: float = 0.0
    overlap: float = 0.2
    forget_after: float = 1.0


class FrameStep:
    """Detect, crop, classify all faces together, smooth, decide.

    Args:
        detector: finds the faces.
        classify: names them.
        settings: how.
        timer: gives seconds, for the times of the stages.

    Example:
        step = FrameStep(detector, load_engine(folder))
        faces = step(frame, at=0.033).faces
    """

    def __init__(
        self,
        detector: Detector,
        classify: Classifier,
        settings: StepSettings | None = None,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.detector = detector
        self.classify = classify
        self._settings = settings or StepSettings()
        self._timer = timer
        self._tracker = Tracker(self._settings.overlap, self._settings.forget_after)
        self._boxes: list[FaceBox] = []
        self._searched: tuple[float, tuple[int, ...]] | None = None
        self._file = ""

    def __call__(self, frame: np.ndarray, at: float, file: str = "") -> StepResult:
        """Return the faces of a frame.

        Args:
            frame: uint8 BGR (H, W, 3).
            at: when it was taken, in seconds; what is smoothed depends on nothing else.
            file: the photograph that it is: in another one all faces are new.
        """
        if file != self._file:
            self._file, self._searched = file, None
            self._tracker.forget()
        times = [self._timer()]
        boxes = self._found(frame, at)
        times.append(self._timer())
        images = face_images(frame, boxes, self.detector, self.classify.image_size)
        times.append(self._timer())
        probabilities = self._probabilities(images)
        times.append(self._timer())
        tracks = self._tracker.update(boxes, at)
        faces = [self._face(track, row, at) for track, row in zip(tracks, probabilities, strict=True)]
        times.append(self._timer())
        spent = {name: after - before for name, before, after in zip(STAGES, times, times[1:], strict=False)}
        return StepResult(faces, spent)

    def _found(self, frame: np.ndarray, at: float) -> list[FaceBox]:
        """The faces of this frame, or of one a moment ago: in a few hundredths of a second a face moves little."""
        since = at - self._searched[0] if self._searched and self._searched[1] == frame.shape else -1.0
        if not 0 <= since < self._settings.detect_every:
            found = self.detector(frame, photograph=bool(self._file))
            self._boxes, self._searched = self._largest(found, frame), (at, frame.shape)
        return self._boxes

    def _largest(self, boxes: Sequence[FaceBox], frame: np.ndarray) -> list[FaceBox]:
        height, width = frame.shape[:2]
        inside = [box for box in boxes if is_visible(box, width, height)]
        most = self._settings.max_faces or (None if self._file else MOST_FACES)
        return sorted(sorted(inside, key=lambda box: -box.area)[:most])

    def _probabilities(self, images: np.ndarray) -> np.ndarray:
        """What the classifier says of the faces: float32 (N, C); of a crowd, batch by batch."""
        batches = [self.classify(images[first : first + _BATCH]) for first in range(0, len(images), _BATCH)]
        return np.concatenate([np.zeros((0, len(self.classify.classes)), np.float32), *batches])

    def _face(self, track: Track, seen: np.ndarray, at: float) -> Face:
        settings = self._settings
        before = seen if track.probabilities is None else track.probabilities
        track.probabilities = smooth(before, seen, at - track.smoothed, settings.time_constant)
        track.smoothed = at
        track.shown = decide(track.probabilities, track.shown, settings.threshold, settings.hysteresis)
        if track.shown == UNCERTAIN:
            return Face(track.id, track.box, None, float(track.probabilities.max()), track.probabilities)
        label = self.classify.classes[track.shown]
        return Face(track.id, track.box, label, float(track.probabilities[track.shown]), track.probabilities)


def face_images(frame: np.ndarray, boxes: Sequence[FaceBox], detector: Detector, size: int) -> np.ndarray:
    """Return the faces as the network sees them: uint8 RGB (N, size, size, 3).

    The crop is the one of training (`emolab.data.crop`), of the region that the training crops show.
    """
    images = np.empty((len(boxes), size, size, 3), np.uint8)
    for image, box in zip(images, boxes, strict=True):
        square = square_box(*box, scale=detector.crop_scale)
        image[:] = crop_and_resize(frame, square, size)[:, :, ::-1]  # BGR to RGB
    return images
