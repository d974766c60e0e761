"""What is wrong with a source, printed where there's no picture to write it into."""


class Problems:
    """Prints each problem once, as long as it stays."""

    def __init__(self) -> None:
        self._said: str | None = None

    def say(self, problem: str | None) -> None:
        """Print what is wrong now; None: nothing."""
        if problem is not None and problem != self._said:
            print(problem, flush=True)
        self._said = problem
