"""The loop: frame after frame from the capture through the step to the display, until someone says stop."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from realtime.capture import Capture, Counts
from realtime.displays.display import Display, View
from realtime.frame import STAGES, Face, FrameStep
from realtime.hung import HungThreads
from realtime.sources.source import Frame, Source
from realtime.timings import Timings

PATIENCE = 0.1  # seconds that the loop waits for a frame before it looks at the display's keys again
SMOOTHING = 0.9  # of the frame rate that is shown


@dataclass(frozen=True)
class Stop:
    """When to stop by itself; None: never.

    Attributes:
        frames: after so many.
        seconds: after so many.
    """

    frames: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Summary:
    """What a session was.

    Attributes:
        timings: of the stages.
        counts: of the source; None where each of several connections has one.
        seconds: that it lasted.
        ended: whether every thread ended; False: one hangs in a driver.
        interrupted: whether it was stopped with Ctrl-C, where that isn't the usual end.
        photographs: whether a face was found in each, by its file; empty for other sources.
    """

    timings: Timings
    counts: Counts | None
    seconds: float
    ended: bool
    interrupted: bool
    photographs: Mapping[str, bool] = field(default_factory=dict)

    def text(self) -> str:
        """Return the summary in lines."""
        done = self.timings.frames
        what = "photographs" if self.photographs else "frames"
        took = f"{done} {what} in {self.seconds:.1f} s ({done / max(self.seconds, 1e-9):.1f} a second)"
        return took + (self._without_faces() if self.photographs else self._of_source() + self._within_budget())

    def _of_source(self) -> str:
        if self.counts is None:
            return ""
        return (
            f", {self.counts.dropped} of {self.counts.read} dropped for newer ones, "
            f"{self.counts.faults} faults of the source, {self.counts.recoveries} recoveries"
        )

    def _within_budget(self) -> str:
        if not self.timings.frames:
            return ""
        return f"\n{self.timings.share_in_budget():.1%} of the frames within {self.timings.budget * 1e3:g} ms"

    def _without_faces(self) -> str:
        faceless = list(self.photographs.values()).count(False)
        if not faceless:
            return ""
        found = f"in {faceless} of {len(self.photographs)} photographs no face was found"
        return f"\n{found}: where they are cut to the face already, take detector=full_frame"


def run(
    make_source: Callable[[], Source],
    step: FrameStep,
    display: Display,
    budget: float,
    stop: Stop,
    clock: Callable[[], float] = time.monotonic,
    hung: HungThreads | None = None,
) -> Summary:
    """Show the source's faces until the display is closed, the source ends or `stop` says so.

    Args:
        make_source: gives a source, not yet opened.
        step: names the faces.
        display: already open.
        budget: seconds a frame may take.
        stop: when to stop.
        clock: gives seconds that never go back.
        hung: threads that hung before this began; None: none.

    Raises:
        EmolabError: if a source that isn't live, or the display, can't go on.
    """
    timings = Timings(budget)
    began = clock()
    photographs: dict[str, bool] = {}
    interrupted = False
    capture = Capture(make_source, newest=make_source().live or not display.every_frame, clock=clock, hung=hung)
    try:
        with capture:
            _show_all(capture, step, display, timings, photographs, stop, clock)
    except KeyboardInterrupt:
        interrupted = True
    ended = capture.close(0.0)  # it was waited for already
    return Summary(timings, capture.counts, clock() - began, ended, interrupted, photographs)


def _show_all(
    capture: Capture,
    step: FrameStep,
    display: Display,
    timings: Timings,
    photographs: dict[str, bool],
    stop: Stop,
    clock: Callable[[], float],
) -> None:
    shown = _Shown(capture, step.classify.classes, timings.budget)
    began = clock()
    while not (display.closed or capture.ended or _is_over(stop, timings.frames, clock() - began)):
        if display.paused:
            capture.hold()
        frame = None if display.paused else capture.next(PATIENCE)
        if frame is None:
            display.wait(shown.view())
            continue
        result = step(frame.image, frame.at, frame.file)
        if frame.file:
            photographs[frame.file] = bool(result.faces)
        drawn = time.perf_counter()
        display.show(shown.after(frame, result.faces, sum(result.seconds.values()), clock()))
        timings.add({**{name: result.seconds[name] for name in STAGES}, "show": time.perf_counter() - drawn})


def _is_over(stop: Stop, frames: int, seconds: float) -> bool:
    enough = stop.frames is not None and frames >= stop.frames
    return enough or (stop.seconds is not None and seconds >= stop.seconds)


class _Shown:
    """What was shown last, and how often something is."""

    def __init__(self, capture: Capture, classes: tuple[str, ...], budget: float) -> None:
        self._capture = capture
        self._classes = classes
        self._budget = budget
        self._frame: Frame | None = None
        self._faces: list[Face] = []
        self._seconds = 0.0
        self._at: float | None = None
        self._between: float | None = None

    def after(self, frame: Frame, faces: list[Face], seconds: float, now: float) -> View:
        """Return the view of a new frame."""
        if self._at is not None:
            passed = now - self._at
            self._between = passed if self._between is None else SMOOTHING * self._between + (1 - SMOOTHING) * passed
        self._frame, self._faces, self._seconds, self._at = frame, faces, seconds, now
        return self.view()

    def view(self) -> View:
        """Return the view of the last frame, with what is wrong now."""
        return View(
            frame=self._frame,
            faces=self._faces,
            classes=self._classes,
            milliseconds=self._seconds * 1e3,
            budget=self._budget * 1e3,
            rate=1.0 / self._between if self._between else 0.0,
            source_rate=self._capture.source.rate,
            problem=self._capture.problem,
            real_time=self._capture.newest,
            faces_user=self._capture.source.faces_user,
        )
