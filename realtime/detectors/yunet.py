"""YuNet through OpenCV (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector")."""

from pathlib import Path

import cv2
import numpy as np

from emolab.errors import ConfigError
from realtime.boxes import FaceBox, overlap
from realtime.detectors.model_file import yunet_file
from realtime.detectors.shrink import shrunk

CANDIDATES = 5000  # boxes kept before overlapping ones are removed, of which a face has several; OpenCV's default
OVERLAP = 0.3  # boxes that overlap more are one face
# Pixels of a photograph's longer side, for which there is time: at 480 half of the faces are found that measure a
# thirteenth of it and none of a twentieth; at 1920 nearly all of these, but few that fill it.
PHOTOGRAPH = 1920


class YuNet:
    """A small convolutional detector; finds turned, small and dark faces that Haar misses.

    Args:
        path: the ONNX file; None: from the cache, or downloaded once.
        cache: folder where a downloaded file is kept.
        longer_side: pixels to which larger frames are shrunk: more finds smaller faces and takes longer.
        score: 0 to 1; what is less sure is no face.
        crop_scale: see `realtime.frame.Detector`.
        download_seconds: how long the download may take in all.

    Raises:
        ConfigError: if there is no file and none can be had, or OpenCV can't read it.
    """

    name = "yunet"

    def __init__(
        self,
        path: str | None = None,
        cache: str = "cache",
        longer_side: int = 480,
        score: float = 0.6,
        crop_scale: float = 1.0,
        download_seconds: float = 10.0,
    ) -> None:
        self.path = yunet_file(Path(path) if path else None, Path(cache), download_seconds)
        self.crop_scale = crop_scale
        self._longer_side = longer_side
        self._network = _load(self.path, score)
        self._size = (0, 0)

    def __call__(self, frame: np.ndarray, photograph: bool = False) -> list[FaceBox]:
        """Return the boxes of the faces in a frame, uint8 BGR (H, W, 3); a photograph is searched larger, too."""
        boxes = self._found(frame, self._longer_side)
        if photograph and self._longer_side < min(max(frame.shape[:2]), PHOTOGRAPH):
            again = self._found(frame, PHOTOGRAPH)
            boxes += [box for box in again if all(overlap(box, known) <= OVERLAP for known in boxes)]
        return boxes

    def _found(self, frame: np.ndarray, longer_side: int) -> list[FaceBox]:
        small, factor = shrunk(frame, longer_side)
        size = (small.shape[1], small.shape[0])
        if size != self._size:  # a camera may change its size while it runs
            self._network.setInputSize(size)
            self._size = size
        _, found = self._network.detect(small)
        return [] if found is None else [FaceBox(*map(float, row[:4])).scaled(factor) for row in found]


def _load(path: Path, score: float) -> cv2.FaceDetectorYN:
    try:
        network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), score, OVERLAP, CANDIDATES)
        network.detect(np.zeros((320, 320, 3), np.uint8))  # else another network would show with the first frame only
    except cv2.error as error:
        raise ConfigError(f"detector.path={path}: OpenCV can't read it as YuNet's ONNX file: {error.err}") from error
    return network
