"""No display: for measuring, and for machines that only count."""

from realtime.displays.display import View
from realtime.displays.problems import Problems


class NoDisplay:
    """Shows nothing, and prints once what is wrong with the source."""

    every_frame = True
    paused = False
    closed = False

    def __init__(self) -> None:
        self._problems = Problems()

    def open(self) -> None:
        """Nothing to prepare."""

    def show(self, view: View) -> None:
        """Say what is wrong, once."""
        self._problems.say(view.problem)

    def wait(self, view: View) -> None:
        """Say what is wrong, once."""
        self._problems.say(view.problem)

    def close(self, complete: bool) -> None:
        """Nothing to end."""
