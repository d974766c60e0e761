"""What a source of frames is."""

from typing import NamedTuple, Protocol

import numpy as np

from emolab.errors import EmolabError

USUAL_RATE = 30.0  # frames a second, where a source names none that can be


class SourceError(EmolabError):
    """A source that can't be opened or read; the message says which and how to mend it."""


class SourceEnded(Exception):  # noqa: N818 - the end of a video is no error
    """There are no more frames."""


class Frame(NamedTuple):
    """A frame.

    Attributes:
        image: uint8 BGR (H, W, 3).
        at: when it was taken, in seconds: of the video, or of the clock where the source is live.
        number: frames that the source gave before it.
        file: the photograph that it is; empty for a video or a camera.
    """

    image: np.ndarray
    at: float
    number: int
    file: str = ""


class Source(Protocol):
    """Frames, one after the other. One thread at a time uses it; any call may hang.

    Attributes:
        description: for people, such as "camera 0".
        live: whether time goes on without us: a camera or a stream, and no file.
        faces_user: whether who looks at it sees himself, as in a mirror: a camera of this machine.
        rate: frames a second where that is known in advance.
        patience: seconds after which opening, or reading a frame, gives up by itself; None: that's unknown.
        file: the photograph that was read last; empty for a video or a camera.
    """

    description: str
    live: bool
    faces_user: bool
    rate: float | None
    patience: float | None
    file: str

    def open(self) -> None:
        """Get ready to read.

        Raises:
            SourceError: if it can't be opened.
        """

    def read(self) -> tuple[np.ndarray, float | None]:
        """Return the next frame (uint8 BGR (H, W, 3)) and its time in seconds, None for a live source.

        Raises:
            SourceEnded: after the last frame.
            SourceError: if there should be a frame and is none.
        """

    def close(self) -> None:
        """Give it free. Never raises."""
