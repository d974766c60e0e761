"""What OpenCV's VideoCapture opens: cameras, video files, network streams."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from realtime.sources.source import USUAL_RATE, SourceEnded, SourceError

HIGHEST_RATE = 240.0  # what is named above it is the clock of a file's times, such as the 1000 of browsers' WebM
LONGEST = 86_400.0  # seconds of a video; what is named above it is none that can be
MISSING, MISSING_SHARE = 1.0, 0.05  # seconds, and of all, by which a video may end early without a word


class _Captured:
    """What OpenCV opens, once it's open."""

    file = ""
    faces_user = False

    def __init__(self, description: str) -> None:
        self.description = description
        self.rate: float | None = None
        self._capture: cv2.VideoCapture | None = None

    def close(self) -> None:
        """Give it free."""
        if self._capture is not None:
            self._capture.release()
        self._capture = None

    def _image(self) -> np.ndarray | None:
        """The next frame; None where there's none."""
        if self._capture is None:
            raise SourceError("a source was read before it was opened")
        try:
            good, image = self._capture.read()
        except cv2.error as error:
            raise SourceError(f"OpenCV can't read a frame: {error.err}") from error
        return image if good else None


class _Live(_Captured):
    """What goes on without us."""

    live = True
    why_none = ""  # ends the sentence that it gives no more frames

    def read(self) -> tuple[np.ndarray, None]:
        """Return the next frame; see `Source`."""
        image = self._image()
        if image is None:
            raise SourceError(f"{self.description} gives no more frames{self.why_none}")
        return image, None


class Camera(_Live):
    """A camera of this machine.

    Args:
        index: its number, from 0.
        width: pixels asked for; the camera takes the nearest that it has.
        height: pixels asked for.
        rate: frames a second asked for.
    """

    faces_user = True
    patience = None
    why_none = ": is it still plugged in?"

    def __init__(self, index: int = 0, width: int = 1280, height: int = 720, rate: float = 30.0) -> None:
        super().__init__(f"camera {index}")
        self._index = index
        self._wanted = {
            # Raw frames of 1280x720 fill USB 2 at 10 a second; compressed ones come at 30.
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"MJPG")),
            cv2.CAP_PROP_FRAME_WIDTH: float(width),
            cv2.CAP_PROP_FRAME_HEIGHT: float(height),
            cv2.CAP_PROP_FPS: rate,
            cv2.CAP_PROP_BUFFERSIZE: 1.0,  # old frames are late frames
        }

    def open(self) -> None:
        """Open it; see `Source`."""
        self._capture = _opened(self._index)
        if not self._capture.isOpened():
            self.close()
            raise SourceError(f"camera {self._index} can't be opened. {cameras_found()}")
        for name, value in self._wanted.items():
            self._capture.set(name, value)


class Video(_Captured):
    """A video file; one that ends well before the end that its header names is asked about, once.

    Args:
        path: the file.
        loop: whether it begins again at its end.
    """

    live = False
    patience = None

    def __init__(self, path: str, loop: bool = False) -> None:
        super().__init__(f"video {Path(path).name}")
        self._path = Path(path)
        self._loop = loop
        self._frames = 0
        self._at = 0.0
        self._seconds: float | None = None  # that the header names; None: none that can be
        self._asked = False

    def open(self) -> None:
        """Open it; see `Source`."""
        try:
            if not self._path.is_file():
                raise SourceError(f"source.path={self._path}: no such file")
        except OSError as error:
            raise SourceError(f"source.path={self._path} can't be read: {error.strerror}") from error
        self._capture = _opened(str(self._path))
        if not self._capture.isOpened():
            self.close()
            raise SourceError(f"source.path={self._path}: OpenCV can't read it as a video")
        named = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = named if 0 < named <= HIGHEST_RATE else USUAL_RATE
        seconds = self._capture.get(cv2.CAP_PROP_FRAME_COUNT) / self.rate
        self._seconds = seconds if self.rate == named and 0 < seconds <= LONGEST else None
        self._frames = 0

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next frame and its time in the video; see `Source`."""
        image = self._image()
        if image is None and self._frames:
            self._ask_about_early_end()
            if self._loop:
                self.close()
                self.open()
                image = self._image()
        if image is None:
            if not self._frames:
                raise SourceError(f"source.path={self._path}: the video has no frame that can be read")
            raise SourceEnded
        self._at = self._time_of_frame()
        self._frames += 1
        return image, self._at

    def _ask_about_early_end(self) -> None:
        """Only ask: an MP4 counts in its header what its edit list leaves out, too."""
        end = self._at + 1.0 / (self.rate or USUAL_RATE)
        if self._seconds is None or self._asked or self._seconds - end <= max(MISSING, MISSING_SHARE * self._seconds):
            return
        self._asked = True
        told = f"{self.description} ended at {end:.1f} of the {self._seconds:.1f} s that its header names"
        print(f"note: {told}; is it damaged?", flush=True)

    def _time_of_frame(self) -> float:
        """Seconds of the frame just read: the file's own, for phones vary their rate; reckoned where it names none."""
        named = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self._capture is not None else 0.0
        if self._frames == 0:
            return max(0.0, named)
        return named if named > self._at else self._at + 1.0 / (self.rate or USUAL_RATE)


class Stream(_Live):
    """A camera on the network: an RTSP or HTTP address.

    Args:
        path: the address; it may hold a password anywhere, so that only its scheme, host and port are shown.
        seconds: how long opening, or one frame, may take; also the source's `patience`.
    """

    def __init__(self, path: str, seconds: float = 5.0) -> None:
        super().__init__(f"stream {shown_address(path)}".rstrip())
        self._path = path
        self.patience = seconds
        self._milliseconds = int(seconds * 1000)

    def open(self) -> None:
        """Open it; see `Source`."""
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, self._milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
        self._capture = _opened(self._path, cv2.CAP_FFMPEG, [*limits, self._milliseconds])
        if not self._capture.isOpened():
            self.close()
            raise SourceError(f"{self.description} can't be opened: is the address right, and the camera on?")


def shown_address(address: str) -> str:
    """Return the address's scheme, host and port; nothing where it isn't sure which part of it they are.

    Cameras take passwords before the host, in the path and in the query, and people write them with any characters.
    """
    try:
        parts = urlsplit(address)
        known = parts.hostname and (parts.port is None or parts.port > 0)  # asking for a wrong port raises
    except ValueError:
        return ""
    if not known or "@" in f"{parts.path}{parts.query}{parts.fragment}":  # a password with a slash in it, perhaps
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def cameras_found() -> str:
    """Return a sentence about the cameras of this machine."""
    if not sys.platform.startswith("linux"):
        return "Is it plugged in, free, and is this program allowed to use it? Another one is source.index=1"
    devices = sorted(Path("/dev").glob("video*"))
    if not devices:
        return "This machine has none (there is no /dev/video*); take source=video, source=stream or display=web"
    names = ", ".join(map(str, devices))
    return f"This machine has {names}: take another one's number as source.index, or close what uses it"


def _opened(*arguments: Any) -> cv2.VideoCapture:
    """What OpenCV opens, without the lines that it logs of its own: our errors say what is wrong."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(*arguments)
    finally:
        cv2.utils.logging.setLogLevel(before)
