"""A recogniser of brightness and a source that fails on demand: what the viewer's tests share."""

import threading
from collections.abc import Callable, Iterator

import numpy as np

from realtime.boxes import FaceBox
from realtime.sources.source import SourceEnded, SourceError

CLASSES = ("dark", "grey", "light")


class Brightness:
    """Names a face by its mean: below 85, up to 170, above. Calls like an engine."""

    classes = CLASSES
    image_size = 16

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        assert images.shape[1:] == (16, 16, 3)
        self.batches.append(len(images))
        named = np.minimum(images.reshape(len(images), -1).mean(axis=1) // 85, 2).astype(int)
        return np.eye(3, dtype=np.float32)[named] * 0.7 + 0.1


class Unsure(Brightness):
    """A recogniser that can't decide."""

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return np.full((len(images), 3), 1 / 3, np.float32)


class Boxes:
    """A detector that finds what it's told."""

    name = "boxes"

    def __init__(self, *boxes: FaceBox, crop_scale: float = 1.0) -> None:
        self.boxes = list(boxes)
        self.crop_scale = crop_scale

    def __call__(self, frame: np.ndarray, photograph: bool = False) -> list[FaceBox]:
        return self.boxes


def plain(value: int, height: int = 48, width: int = 64) -> np.ndarray:
    """A frame of one grey."""
    return np.full((height, width, 3), value, np.uint8)


def noisy(seed: int, value: int = 120, height: int = 48, width: int = 64) -> np.ndarray:
    """A frame as a lens gives it: no two are the same."""
    return np.random.default_rng(seed).integers(value - 20, value + 20, (height, width, 3)).astype(np.uint8)


class Scripted:
    """A live source that does what its script says, item by item, across attempts.

    An item is a frame, "fail" (reading fails), "refuse" (opening fails), "hang" (until released) or "end".
    """

    live = True
    faces_user = False
    rate = None
    patience: float | None = None
    file = ""
    description = "scripted camera"
    hanging = threading.Event()

    def __init__(self, script: Iterator[object], wait: Callable[[], None] = lambda: None) -> None:
        self._script = script
        self._wait = wait
        self._first: object = None
        self.closed = False

    def open(self) -> None:
        item = next(self._script, "end")
        if isinstance(item, str) and item == "refuse":
            raise SourceError("scripted camera can't be opened")
        self._first = item

    def read(self) -> tuple[np.ndarray, None]:
        self._wait()
        item, self._first = (self._first, None) if self._first is not None else (next(self._script, "end"), None)
        if isinstance(item, np.ndarray):
            return item, None
        if item == "hang":
            self.hanging.wait(300)
            raise SourceError("released")
        if item == "end":
            raise SourceEnded
        raise SourceError("scripted camera gives no more frames")

    def close(self) -> None:
        self.closed = True
