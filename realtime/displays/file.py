"""`display=file`: an annotated video and a CSV."""

from pathlib import Path

from realtime.displays.display import View
from realtime.displays.problems import Problems
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
        self._problems = Problems()

    def open(self) -> None:
        """Begin the files; see `Display`."""
        self._recording = Recording(self._path)

    def show(self, view: View) -> None:
        """Write it, and say what is wrong, once."""
        self._problems.say(view.problem)
        if self._recording is not None:
            self._recording.add(view)

    def wait(self, view: View) -> None:
        """Say what is wrong, once."""
        self._problems.say(view.problem)

    def close(self, complete: bool) -> None:
        """Finish the files; see `Display`."""
        if self._recording is None:
            return
        path = self._recording.close(complete)
        if path is not None:
            print(f"written: {path} and {path.with_suffix('.csv')}")
