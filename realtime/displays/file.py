"""`display=file`: an annotated video and a CSV."""

from pathlib import Path

from realtime.displays.display import View
from realtime.displays.recording import Recording


class FileDisplay:
    """Writes a `Recording` of every frame.

    Args:
        path: of the video; the CSV lies beside it. Where one of them is there already, both get a number.
    """

    every_frame = True
    paused = False
    closed = False

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._recording: Recording | None = None
        self._said: str | None = None

    def open(self) -> None:
        """Begin the files; see `Display`."""
        self._recording = Recording(self._path)

    def show(self, view: View) -> None:
        """Write it."""
        if self._recording is not None:
            self._recording.add(view)

    def wait(self, view: View) -> None:
        """Say what is wrong, once."""
        if view.problem is not None and view.problem != self._said:
            print(view.problem, flush=True)
        self._said = view.problem

    def close(self, complete: bool) -> None:
        """Finish the files; see `Display`."""
        if self._recording is None:
            return
        path = self._recording.close(complete)
        if path is not None:
            print(f"written: {path} and {path.with_suffix('.csv')}")
