"""No display: for measuring, and for machines that only count."""

from realtime.displays.display import View


class NoDisplay:
    """Shows nothing, and prints now and then what is wrong with the source."""

    every_frame = True
    paused = False
    closed = False

    def __init__(self) -> None:
        self._said: str | None = None

    def open(self) -> None:
        """Nothing to prepare."""

    def show(self, view: View) -> None:
        """Say what is wrong, once."""
        self._say(view.problem)

    def wait(self, view: View) -> None:
        """Say what is wrong, once."""
        self._say(view.problem)

    def close(self, complete: bool) -> None:
        """Nothing to end."""

    def _say(self, problem: str | None) -> None:
        if problem is not None and problem != self._said:
            print(problem, flush=True)
        self._said = problem
