"""Frames from a source that may fail in any way, without ever hanging the one who asks for them.

A thread reads the source and keeps the newest frame. If the source fails, it's opened again after pauses that
grow. If a call to a live source hangs, the thread is left to itself and another takes its place, as long as few hang.
What isn't live, such as a file, is waited for.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from realtime.health import FaultLimits, Health, Pauses
from realtime.hung import HungThreads
from realtime.sources.source import Frame, Source, SourceEnded, SourceError

Result = TypeVar("Result")

STEADY = 5.0  # seconds of frames after which a failure is a new one, and pauses are short again
QUIET = 1.0  # seconds that a source may take to begin before that is said


def try_opening(source: Source, hung: HungThreads, limits: FaultLimits | None = None) -> None:
    """Open a source and close it; one that hangs is left alone with its thread, for `Capture` to tell.

    Args:
        source: not yet opened.
        hung: gets the thread that hangs.
        limits: when it hangs.

    Raises:
        SourceError: if it can't be opened. Any other error of `open` is raised, too.
    """
    errors: list[Exception] = []

    def attempt() -> None:
        try:
            source.open()
        except Exception as error:  # raised again, in the thread of who asked
            errors.append(error)
        finally:
            source.close()

    thread = threading.Thread(target=attempt, daemon=True, name="try-opening")
    thread.start()
    thread.join((limits or FaultLimits()).patient(source.patience).opening)
    if thread.is_alive():
        hung.add(thread)
    if errors:
        raise errors[0]


@dataclass
class Counts:
    """What happened so far.

    Attributes:
        read: frames that came.
        dropped: frames that a newer one replaced before they were asked for.
        faults: times that the source failed, froze or hung.
        recoveries: times that frames came again after that.
    """

    read: int = 0
    dropped: int = 0
    faults: int = 0
    recoveries: int = 0


@dataclass(eq=False)
class _Worker:
    """A thread with its source."""

    left: threading.Event = field(default_factory=threading.Event)  # set: it's no longer wanted
    deadline: float | None = None  # when the call into the source that it's in has lasted too long; None: in none
    thread: threading.Thread | None = None


class Capture:
    """Reads a source in the background.

    Args:
        make: gives a new source; called again for each attempt, because a hanging one can't be used again.
        newest: whether frames may be left out so that the newest is at hand, at the pace of the source; False:
            each is kept until it was asked for.
        clock: gives seconds that never go back.
        limits: when a source is at fault.
        pauses: between attempts.
        hung: gets the threads that hang in a driver; while there are too many, of other captures, too, no more are
            started. None: there are no others.

    Example:
        with Capture(lambda: Camera(0)) as capture:
            while not capture.ended:
                frame = capture.next(0.1)
    """

    def __init__(
        self,
        make: Callable[[], Source],
        newest: bool = True,
        clock: Callable[[], float] = time.monotonic,
        limits: FaultLimits | None = None,
        pauses: Pauses | None = None,
        hung: HungThreads | None = None,
    ) -> None:
        self.counts = Counts()
        self.source = make()
        self._make = make
        self.newest = newest
        self._clock = clock
        self._limits = (limits or FaultLimits()).patient(self.source.patience)
        self._pauses = pauses or Pauses()
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._is_at_end = False
        self._is_held = False
        self._error: SourceError | None = None
        self._problem: str | None = None
        self._failing = False
        self._health = Health(self.source.live, self._limits)
        self._began = clock()
        self._hung = HungThreads() if hung is None else hung
        self._worker: _Worker | None = None
        self._is_closed = False

    def __enter__(self) -> "Capture":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ended(self) -> bool:
        """Whether the last frame was handed out."""
        with self._changed:
            return self._is_at_end and self._frame is None

    @property
    def problem(self) -> str | None:
        """What is wrong now, for people; None: nothing."""
        if self._problem is None and not self.counts.read and self._clock() - self._began > QUIET:
            return f"waiting for {self.source.description}"
        return self._problem or self._health.warning()

    def start(self) -> None:
        """Begin to read."""
        if self._may_start():
            self._start(self.source)

    def next(self, timeout: float) -> Frame | None:
        """Return a frame that wasn't handed out before, or None if none came within `timeout` seconds.

        Raises:
            SourceError: if a source that isn't live can't be read: trying again would change nothing.
        """
        with self._changed:
            if self._is_held:
                self._is_held = False
                self._changed.notify_all()  # heard when the frame that is there has been taken
            self._changed.wait_for(lambda: self._frame is not None or self._is_at_end or self._error, timeout)
            frame, self._frame = self._frame, None
            self._changed.notify_all()
        if frame is None and self._error is not None:
            raise self._error
        if frame is None and not self._is_at_end:
            self._look_after()
        return frame

    def hold(self) -> None:
        """Let a recorded source wait until the next frame is asked for; a live one goes on."""
        self._is_held = True

    def close(self, timeout: float = 1.0) -> bool:
        """Stop reading; return whether every thread ended, which one in a hanging driver doesn't."""
        self._is_closed = True
        worker = self._worker
        if worker is not None and worker.thread is not None:
            self._leave(worker)
            worker.thread.join(timeout)
            self._hung.add(worker.thread)
        return self._hung.count == 0

    def _may_start(self) -> bool:
        too_many = self._hung.are_too_many
        if too_many:
            self._note_fault(f"{self.source.description} hangs")
        return not (too_many or self._is_closed)

    def _start(self, source: Source) -> None:
        worker = _Worker()
        worker.thread = threading.Thread(target=self._work, args=(worker, source), daemon=True, name="capture")
        self._worker = worker
        worker.thread.start()

    def _leave(self, worker: _Worker) -> None:
        worker.left.set()
        with self._changed:
            self._changed.notify_all()

    def _look_after(self) -> None:
        """Put another thread in the place of one that hangs or died."""
        worker, now = self._worker, self._clock()
        if worker is None or worker.thread is None:
            self.start()
            return
        if not worker.thread.is_alive() and not worker.left.is_set() and not self._is_at_end and not self._error:
            raise RuntimeError("the thread that reads the source ended by an error of its own; see above")
        deadline = worker.deadline  # once: the other thread may forget it at any time
        late = not worker.left.is_set() and deadline is not None and now > deadline
        if late and not self.source.live:  # another reader would begin with the first frame again
            self._note_fault(f"{self.source.description} is slow: still waiting")
        elif late:
            self._leave(worker)
            self._hung.add(worker.thread)
            self._note_fault(f"{self.source.description} hangs")
        if worker.left.is_set() and self._may_start():
            self._start(self._make())

    def _work(self, worker: _Worker, source: Source) -> None:
        while not worker.left.is_set():
            began = self._clock()
            try:
                self._read_all(worker, source)
            except SourceEnded:
                self._finish(worker)
                return
            except SourceError as error:
                if not source.live:
                    self._finish(worker, error)
                    return
                self._wait_after(worker, str(error), began)
            source = self._make()

    def _read_all(self, worker: _Worker, source: Source) -> None:
        try:
            self._call(worker, source.open, self._limits.opening)
            self._offer_all(worker, source)
        finally:
            self._call(worker, source.close, self._limits.silent)

    def _offer_all(self, worker: _Worker, source: Source) -> None:
        health = Health(source.live, self._limits)
        video_began, last = self._clock(), 0.0
        while not worker.left.is_set():
            try:
                image, at = self._call(worker, source.read, self._limits.silent)
            except SourceEnded:
                if self.newest and source.rate is not None:  # the last frame is seen as long as the others
                    self._wait_until(worker, source, video_began + last + 1.0 / source.rate)
                raise
            if at is not None and self.newest:
                video_began = self._clock() if at < last else video_began  # the video began again
                last = at
                video_began += self._wait_until(worker, source, video_began + at)
            now = self._clock()
            health.observe(image, now)
            if health.is_frozen():
                self._pauses.reset()  # opening it works, and what it shows may be still
                raise SourceError(f"{source.description} is frozen: it gives the same picture again and again")
            at = now - self._began if at is None else at
            self._offer(worker, Frame(image, at, self.counts.read, source.file), health)

    def _wait_until(self, worker: _Worker, source: Source, at: float) -> float:
        """Wait for the clock to say `at`, and on while a recorded source is held; return the seconds it was held."""
        worker.left.wait(max(0.0, at - self._clock()))
        began = self._clock()
        with self._changed:
            self._changed.wait_for(lambda: not self._is_held or source.live or worker.left.is_set())
        return self._clock() - began

    def _call(self, worker: _Worker, function: Callable[[], Result], seconds: float) -> Result:
        worker.deadline = self._clock() + seconds
        try:
            return function()
        finally:
            worker.deadline = None

    def _offer(self, worker: _Worker, frame: Frame, health: Health) -> None:
        with self._changed:
            if not self.newest:
                self._changed.wait_for(lambda: self._frame is None or worker.left.is_set())
            if worker.left.is_set():  # late, from a driver that hung: another thread reads now
                return
            self.counts.read += 1
            self.counts.dropped += self._frame is not None
            self.counts.recoveries += self._failing
            self._failing, self._problem, self._health, self._frame = False, None, health, frame
            self._changed.notify_all()

    def _finish(self, worker: _Worker, error: SourceError | None = None) -> None:
        with self._changed:
            if not worker.left.is_set():
                self._is_at_end, self._error = error is None, error
            self._changed.notify_all()

    def _wait_after(self, worker: _Worker, problem: str, began: float) -> None:
        if worker.left.is_set():
            return
        if self._clock() - began > STEADY + self._limits.frozen:
            self._pauses.reset()
        pause = self._pauses.next()
        self._note_fault(f"{problem}. Trying again in {pause:g} s")
        worker.left.wait(pause)

    def _note_fault(self, problem: str) -> None:
        with self._changed:
            self.counts.faults += not self._failing
            self._failing, self._problem = True, problem
