"""What a display is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from emolab.errors import EmolabError
from emolab.interrupts import interrupted_once
from realtime.frame import Face
from realtime.sources.source import Frame


class DisplayError(EmolabError):
    """A display that this machine hasn't, or that can't be written."""


@dataclass(frozen=True)
class View:
    """What there is to show.

    Attributes:
        frame: the frame; None: none came yet.
        faces: its faces.
        classes: class names.
        milliseconds: that the frame took, reading not counted.
        budget: milliseconds that it may take.
        rate: frames a second that were shown.
        source_rate: frames a second that the source names, if it does.
        problem: what is wrong with the source, for people; None: nothing.
        real_time: whether frames go by that we're too slow for.
        faces_user: whether who looks sees himself; see `Source`.
    """

    frame: Frame | None
    faces: list[Face]
    classes: tuple[str, ...]
    milliseconds: float
    budget: float
    rate: float
    source_rate: float | None
    problem: str | None
    real_time: bool
    faces_user: bool

    @property
    def image(self) -> np.ndarray | None:
        """The frame's pixels, uint8 BGR (H, W, 3)."""
        return None if self.frame is None else self.frame.image


class Display(Protocol):
    """Shows views.

    Attributes:
        every_frame: whether a recorded source must not leave frames out for it.
    """

    every_frame: bool

    def open(self) -> None:
        """Get ready, before anything slow is done and before the source is opened.

        Raises:
            DisplayError: if this machine can't show or write it; the message names the other displays.
        """

    def show(self, view: View) -> None:
        """Show it."""

    def wait(self, view: View) -> None:
        """Stay alive while there is no new frame, or while it's paused."""

    @property
    def paused(self) -> bool:
        """Whether the user wants the picture to stand still."""

    @property
    def closed(self) -> bool:
        """Whether the user has closed it."""

    def close(self, complete: bool) -> None:
        """End.

        Args:
            complete: False after an error, when what was recorded is kept, but must not look whole.

        Raises:
            DisplayError: if a file can't be finished.
        """


@contextmanager
def opened(display: Display) -> Iterator[None]:
    """Open a display, and close it however it ends.

    Ctrl-C is the usual way to stop without a window: what is recorded is finished, and no further one cuts that off.

    Raises:
        DisplayError: if it can't be opened, or a file of its own not finished.
    """
    display.open()
    complete = False
    with interrupted_once() as hold:
        try:
            yield
            complete = True
        except KeyboardInterrupt:
            complete = True
            raise
        finally:
            hold()
            display.close(complete)
