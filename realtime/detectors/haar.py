"""The Haar cascade that comes in OpenCV's wheel: needs no file, finds fewer faces than YuNet."""

from pathlib import Path

import cv2
import numpy as np

from emolab.errors import ConfigError
from realtime.boxes import FaceBox
from realtime.detectors.shrink import shrunk

CASCADE = "haarcascade_frontalface_default.xml"
SMALLEST = 24  # pixels: what the cascade was trained on (Viola and Jones 2001)


class Haar:
    """Viola and Jones's detector, frontal faces only.

    Args:
        longer_side: pixels to which larger frames are shrunk.
        neighbours: overlapping finds that make a face; more means fewer false ones.
        crop_scale: see `realtime.frame.Detector`.

    Raises:
        ConfigError: if this OpenCV has no cascades.
    """

    name = "haar"

    def __init__(self, longer_side: int = 480, neighbours: int = 3, crop_scale: float = 1.0) -> None:
        path = Path(getattr(getattr(cv2, "data", None), "haarcascades", "")) / CASCADE
        if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
            raise ConfigError(f"detector=haar: OpenCV {cv2.__version__} has no cascades; install opencv-python below 5")
        self.crop_scale = crop_scale
        self._longer_side = longer_side
        self._neighbours = neighbours
        self._cascade = cv2.CascadeClassifier(str(path))

    def __call__(self, frame: np.ndarray, photograph: bool = False) -> list[FaceBox]:
        """Return the boxes of the faces in a frame, uint8 BGR (H, W, 3).

        A photograph is searched no larger: of flowers and roofs at 1920 pixels it took nine for faces, at 480 none.
        """
        small, factor = shrunk(frame, self._longer_side)
        grey = cv2.cvtColor(
            small, cv2.COLOR_BGR2GRAY
        )  # the cascade evens out contrast itself; equalizing halved the finds
        smallest = (SMALLEST, SMALLEST)
        found = self._cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=self._neighbours, minSize=smallest)
        return [FaceBox(*map(float, box)).scaled(factor) for box in found]
