"""`display=file`: an annotated video and a CSV."""

from pathlib import Path

from realtime.displays.display import DisplayError, View
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
        """Write it, and say what is wrong, once.

        Raises:
            DisplayError: if it can't be written (the disk is full); what was written before is kept.
        """
        self._problems.say(view.problem)
        recording = self._recording
        if recording is None:
            return
        try:
            recording.add(view)
        except DisplayError as error:
            self._recording = None
            try:
                recording.close(complete=False)
            except DisplayError as kept:
                raise DisplayError(f"{error}. {kept}") from error
            raise

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
