"""`display=window`: a window of OpenCV's, ruled by keys."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from emolab.files import make_folder, write_bytes
from realtime.displays.display import DisplayError, View
from realtime.displays.recording import Recording, check_ending, free_path
from realtime.displays.screen import why_no_window
from realtime.overlay import Look, blank, draw_faces, draw_lines

TITLE = "emolab"
ESCAPE = 27
HELP = ("q  quit", "space  pause", "m  mirror", "b  bars of all classes", "s  snapshot", "r  record", "h  this help")


class Window:
    """A window with the picture, its faces and how fast it is.

    Args:
        path: of recordings; snapshots lie in the same folder.
        mirror: whether it begins mirrored; None: where the source is a camera of this machine.
        bars: whether it begins with the bars of all classes.
        clock: gives the time for the names of snapshots, in seconds since 1970.
    """

    every_frame = False

    def __init__(
        self,
        path: str = "recording.mp4",
        mirror: bool | None = None,
        bars: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.paused = False
        self.closed = False
        self._path = Path(path)
        self._mirror = mirror
        self._look = Look(bars=bars)
        self._help = False
        self._clock = clock
        self._recording: Recording | None = None
        self._is_open = False
        self._said = ""
        self._view: View | None = None

    def open(self) -> None:
        """Check the name of recordings, and that there is a screen. See `Display`.

        The window itself comes with the first picture.
        """
        check_ending(self._path)
        reason = why_no_window()
        if reason is not None:
            raise DisplayError(f"display=window: {reason}")

    def show(self, view: View) -> None:
        """Draw the view and obey the keys."""
        self._see(view)
        self._record(view)
        self._draw(1)

    def wait(self, view: View) -> None:
        """Draw what was there, with what is wrong now, and obey the keys."""
        last = self._view or view
        self._see(replace(last, problem=view.problem, rate=view.rate))
        self._draw(30)

    def close(self, complete: bool) -> None:
        """Finish a recording and say where it is, for no window can any more; close the window. See `Display`."""
        try:
            path = self._stop_recording(complete)
        finally:
            if self._is_open:
                with suppress(cv2.error):  # what was closed by its own button is gone already
                    cv2.destroyWindow(TITLE)
                cv2.waitKey(1)
                self._is_open = False
        if path is not None:
            print(f"written: {path} and {path.with_suffix('.csv')}")

    def picture(self, view: View) -> np.ndarray:
        """Return what the window shows: uint8 BGR (H, W, 3)."""
        image = view.image
        shown = blank() if image is None else draw_faces(image, view.faces, view.classes, self._look)
        draw_lines(shown, self._lines(view), view.problem)
        return shown

    def press(self, key: int) -> None:
        """Do what a key says, as `cv2.waitKeyEx` gives it; keys that say nothing are ignored."""
        code = key & 0xFFFF  # GTK puts above it what is held and locked, such as Num Lock
        letter = chr(code).lower() if code < 256 else ""
        if letter == "q" or code == ESCAPE:
            self.closed = True
        elif letter == " ":
            self.paused = not self.paused
        elif letter == "m":
            self._look = replace(self._look, mirror=not self._look.mirror)
        elif letter == "b":
            self._look = replace(self._look, bars=not self._look.bars)
        elif letter == "h":
            self._help = not self._help
        elif letter == "s":
            self._snapshot()
        elif letter == "r":
            self._toggle_recording()

    def _see(self, view: View) -> None:
        if self._view is None:
            self._look = replace(self._look, mirror=view.faces_user if self._mirror is None else self._mirror)
        self._view = view

    def _draw(self, milliseconds: int) -> None:
        if not self._is_open:
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(TITLE, 960, 540)
            self._is_open = True
        if self._view is not None:
            cv2.imshow(TITLE, self.picture(self._view))
        self.press(cv2.waitKeyEx(milliseconds))  # waitKey takes an arrow, 0xFF51, for Q, 0x51
        if cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1:  # closed with its own button
            self.closed = True

    def _lines(self, view: View) -> list[str]:
        late = " LATE" if view.milliseconds > view.budget else ""
        state = (" paused" if self.paused else "") + (" RECORDING" if self._recording is not None else "")
        speed = f"{view.milliseconds:.0f} of {view.budget:.0f} ms{late}   {view.rate:.0f} frames/s{state}"
        return [speed, *([self._said] if self._said else []), *(HELP if self._help else ("h  help",))]

    def _snapshot(self) -> None:
        if self._view is None or self._view.image is None:
            return
        name = time.strftime("snapshot-%Y%m%d-%H%M%S.png", time.localtime(self._clock()))
        path = self._path.parent / name
        picture = draw_faces(self._view.image, self._view.faces, self._view.classes, replace(self._look, mirror=False))
        try:
            self._said = f"written: {_written(path, cv2.imencode('.png', picture)[1].tobytes()).name}"
        except OSError as error:
            self._said = f"{path} can't be written: {error.strerror}"

    def _toggle_recording(self) -> None:
        if self._recording is not None:
            self._said = self._finish_recording(complete=True)
        elif self._view is not None:
            try:
                self._recording = Recording(self._path)
            except DisplayError as error:
                self._said = str(error)
            else:
                self._said = ""

    def _record(self, view: View) -> None:
        try:
            if self._recording is not None:
                self._recording.add(view)
        except DisplayError as error:
            self._said = f"{error}. {self._finish_recording(complete=False)}"

    def _finish_recording(self, complete: bool) -> str:
        """Return what became of it, for the window to say."""
        try:
            path = self._stop_recording(complete)
        except DisplayError as error:
            return str(error)
        return "nothing was recorded" if path is None else f"written: {path.name}"

    def _stop_recording(self, complete: bool) -> Path | None:
        recording, self._recording = self._recording, None
        return None if recording is None else recording.close(complete)


def _written(path: Path, content: bytes) -> Path:
    """Write a whole file, or none, under a name that is free; return its path."""
    make_folder(path.parent)
    free = free_path(path)
    try:
        write_bytes(free, content)
    except OSError:
        free.unlink()  # it only kept the name
        raise
    return free
