"""Threads that were left alone in a driver: no thread can be stopped from outside while it's in one."""

import threading
from weakref import WeakSet

MOST_HUNG = 3  # threads that may hang in a driver before no more are started


class HungThreads:
    """All that hang, whichever source they read: each may hold a device and costs memory."""

    def __init__(self) -> None:
        self._threads: WeakSet[threading.Thread] = WeakSet()  # one that ended is forgotten

    def add(self, thread: threading.Thread) -> None:
        """Count a thread as long as it's alive."""
        self._threads.add(thread)

    @property
    def count(self) -> int:
        """How many hang now."""
        return sum(thread.is_alive() for thread in self._threads)

    @property
    def are_too_many(self) -> bool:
        """Whether no more threads may be started."""
        return self.count >= MOST_HUNG
