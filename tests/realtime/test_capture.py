"""Faults of a source, with real threads and short real times."""

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from stand_ins import Scripted, noisy, plain
from waiting import wait_for

from realtime.capture import Capture, try_opening
from realtime.health import FaultLimits, Pauses
from realtime.hung import MOST_HUNG, HungThreads
from realtime.sources.source import Frame, SourceError
from realtime.sources.synthetic import Synthetic

CALM = FaultLimits(opening=60, silent=60, frozen=0.15, black=0.05, slow=1.0)  # a busy machine isn't taken for a hang
QUICK = replace(CALM, opening=0.15, silent=0.15)


class Noted(Capture):
    """Keeps what it said of each fault, however short a time that stood."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.said: list[str] = []
        super().__init__(*args, **options)

    def _note_fault(self, problem: str) -> None:
        self.said.append(problem)
        super()._note_fault(problem)


def _capture(*script: object, wait: float = 0.002, limits: FaultLimits = CALM) -> Noted:
    items = itertools.chain.from_iterable(item if isinstance(item, Iterator) else [item] for item in script)
    return Noted(lambda: Scripted(items, lambda: time.sleep(wait)), limits=limits, pauses=Pauses(0.02, 0.06))


def _until(capture: Capture, number: int, seconds: float = 60.0) -> list[Frame]:
    """The frames up to `number` of them."""
    frames: list[Frame] = []
    end = time.monotonic() + seconds
    while len(frames) < number and time.monotonic() < end and not capture.ended:
        frame = capture.next(0.01)
        if frame is not None:
            frames.append(frame)
    return frames


def _noise() -> Iterator[np.ndarray]:
    return (noisy(seed) for seed in itertools.count())


def test_only_the_newest_frame_is_kept_and_the_others_are_counted() -> None:
    with _capture(*(plain(20 + number) for number in range(20)), wait=0.001) as capture:
        wait_for(lambda: capture._is_at_end)
        frame = capture.next(1.0)
    assert frame is not None
    assert int(frame.image.max()) == 39
    assert (capture.counts.read, capture.counts.dropped) == (20, 19)
    assert capture.ended


def test_a_file_loses_no_frame_however_slow_its_reader_is() -> None:
    with Capture(lambda: Synthetic(32, 24, frames=15), newest=False) as capture:
        frames = []
        while not capture.ended:
            frames.append(capture.next(0.5))
            time.sleep(0.002)
    assert [frame.number for frame in frames if frame] == list(range(15))
    assert capture.counts.dropped == 0


def test_a_slow_file_is_waited_for_and_never_begun_again() -> None:
    class Slow(Synthetic):
        opened = 0

        def open(self) -> None:
            Slow.opened += 1
            super().open()

        def read(self) -> tuple[np.ndarray, float]:
            image, at = super().read()
            time.sleep(0.4 if Slow.opened == 1 and at > 0.05 else 0.0)  # longer than a live source may take
            return image, at

    with Noted(lambda: Slow(32, 24, rate=50, frames=5), newest=False, limits=QUICK) as capture:
        frames = _until(capture, 10)
    assert [frame.number for frame in frames] == list(range(5))
    assert Slow.opened == 1
    assert any("still waiting" in problem for problem in capture.said)


def test_a_recorded_source_plays_at_its_own_pace() -> None:
    began = time.monotonic()
    with Capture(lambda: Synthetic(32, 24, rate=50, frames=11), newest=True) as capture:
        while not capture.ended:
            capture.next(0.5)
    assert time.monotonic() - began >= 0.19


def test_an_unplugged_camera_is_said_and_opened_again() -> None:
    told = threading.Event()

    def script() -> Iterator[object]:
        yield from (noisy(1), "fail")
        told.wait(60)
        yield from _noise()

    with _capture(script()) as capture:
        problem = wait_for(lambda: capture.counts.faults and capture.problem)
        told.set()
        assert len(_until(capture, 3)) == 3
        assert capture.problem is None
    assert "gives no more frames" in problem
    assert "Trying again in 0.02 s" in problem
    assert (capture.counts.faults, capture.counts.recoveries) == (1, 1)


def test_a_camera_that_refuses_is_tried_again_after_growing_pauses() -> None:
    with _capture(*["refuse"] * 4, _noise()) as capture:
        assert _until(capture, 1)
    said = [text.rpartition("in ")[2] for text in capture.said if "can't be opened" in text]
    assert said == ["0.02 s", "0.04 s", "0.06 s", "0.06 s"]
    assert (capture.counts.faults, capture.counts.recoveries) == (1, 1)


def test_a_camera_that_failed_is_closed_before_it_is_opened_again() -> None:
    calls: list[str] = []

    class Told(Scripted):
        def open(self) -> None:
            calls.append("open")
            super().open()

        def close(self) -> None:
            calls.append("close")
            super().close()

    items = itertools.chain([noisy(1), "fail", "refuse"], _noise())
    with Capture(lambda: Told(items, lambda: time.sleep(0.002)), limits=CALM, pauses=Pauses(0.01, 0.02)) as capture:
        assert len(_until(capture, 3)) == 3
    assert calls[:5] == ["open", "close", "open", "close", "open"]


def test_a_frozen_camera_is_said_and_opened_again() -> None:
    with _capture(iter([noisy(0)] * 150), _noise()) as capture:
        wait_for(lambda: _until(capture, 1) and capture.counts.recoveries)
    assert any("frozen" in text for text in capture.said)


def test_a_picture_that_stays_still_is_seen_again_after_the_shortest_pause_each_time() -> None:
    with _capture(itertools.repeat(noisy(0))) as capture:
        wait_for(lambda: _until(capture, 1) and capture.counts.recoveries >= 3)
    assert {text.rpartition("in ")[2] for text in capture.said if "frozen" in text} == {"0.02 s"}


def test_a_hanging_camera_is_left_and_another_attempt_gives_frames() -> None:
    Scripted.hanging.clear()
    with _capture(noisy(0), "hang", _noise(), limits=QUICK) as capture:
        assert len(_until(capture, 3)) == 3
    assert capture.counts.faults >= 1
    Scripted.hanging.set()


def test_a_frame_that_a_hung_driver_gives_late_is_left_out() -> None:
    class Late(Scripted):
        def read(self) -> tuple[np.ndarray, None]:
            try:
                return super().read()
            except SourceError:  # released
                return plain(7), None

    Scripted.hanging.clear()
    items = itertools.chain([noisy(0), "hang"], _noise())
    with Capture(lambda: Late(items, lambda: time.sleep(0.01)), limits=QUICK, pauses=Pauses(0.01, 0.02)) as capture:
        frames = _until(capture, 10)
        Scripted.hanging.set()
        frames += _until(capture, 50)
    assert len(frames) == 60
    assert not any((frame.image == 7).all() for frame in frames)


def test_a_stream_may_take_as_long_as_its_user_said() -> None:
    class Patient(Scripted):
        patience = 9.0

    items = _noise()
    with Capture(lambda: Patient(items, lambda: time.sleep(2.5 * QUICK.silent)), limits=QUICK) as capture:
        assert len(_until(capture, 4)) == 4
    assert capture.counts.faults == 0


def test_a_camera_that_always_hangs_costs_few_threads_and_closing_is_quick() -> None:
    Scripted.hanging.clear()
    before = threading.active_count()
    capture = _capture(itertools.repeat("hang"), limits=QUICK).__enter__()
    wait_for(lambda: capture.next(0.01) or capture._hung.are_too_many)
    assert _until(capture, 1, 1.0) == []  # in which as many more would begin
    assert set(capture.said) == {"scripted camera hangs"}
    assert threading.active_count() - before <= MOST_HUNG
    assert capture.close(0.3) is False
    Scripted.hanging.set()


def test_what_hung_is_counted_over_all_who_read_one_after_the_other() -> None:
    Scripted.hanging.clear()
    hung, reached = HungThreads(), threading.Semaphore(0)
    items = itertools.chain(["hang"] * MOST_HUNG, _noise())

    def read() -> None:
        reached.release()
        time.sleep(0.002)

    make = lambda: Scripted(items, read)  # noqa: E731
    for _ in range(MOST_HUNG):
        capture = Noted(make, limits=CALM, hung=hung)
        capture.start()
        assert reached.acquire(timeout=60)
        assert capture.close(0.0) is False
        assert capture.said == []
    assert hung.count == MOST_HUNG
    with Noted(make, limits=CALM, hung=hung) as capture:
        assert capture.said == ["scripted camera hangs"]  # there are too many
        Scripted.hanging.set()
        assert _until(capture, 1)


def test_who_still_asks_a_capture_that_was_closed_begins_nothing_anew() -> None:
    with _capture(_noise()) as capture:
        assert _until(capture, 1)
    assert _until(capture, 9, 0.2)[1:] == []


def test_frames_come_again_when_what_hung_lets_go() -> None:
    Scripted.hanging.clear()
    with _capture(*["hang"] * MOST_HUNG, _noise(), limits=QUICK) as capture:
        assert _until(capture, 1, 1.5) == []
        Scripted.hanging.set()
        assert _until(capture, 1)


def test_a_black_picture_and_a_changing_size_are_shown_and_no_fault() -> None:
    black = (plain(0, height=40 + number // 10 % 2) for number in itertools.count())
    heights = set()
    with _capture(black, wait=0.005) as capture:
        wait_for(lambda: heights.update(frame.image.shape[0] for frame in _until(capture, 1)) or len(heights) == 2)
        wait_for(lambda: _until(capture, 1) and "black" in (capture.problem or ""))
    assert capture.counts.faults == 0


def test_what_can_be_opened_is_closed_again_and_what_cant_be_is_an_error() -> None:
    good = Scripted(iter([noisy(1)]))
    try_opening(good, HungThreads())
    assert good.closed
    with pytest.raises(SourceError, match="can't be opened"):
        try_opening(Scripted(iter(["refuse"])), HungThreads())


def test_a_source_that_fails_by_an_error_of_its_own_has_not_opened() -> None:
    class Faulty(Scripted):
        def open(self) -> None:
            raise MemoryError("no room for it")

    faulty = Faulty(iter([]))
    with pytest.raises(MemoryError, match="no room for it"):
        try_opening(faulty, HungThreads())
    assert faulty.closed


def test_a_source_that_hangs_as_it_is_tried_out_keeps_nobody_waiting_and_is_counted() -> None:
    class Hanging(Scripted):
        def open(self) -> None:
            self.hanging.wait(30)

    Scripted.hanging.clear()
    hanging, hung = Hanging(iter([])), HungThreads()
    try_opening(hanging, hung, QUICK)
    assert not hanging.closed
    assert hung.count == 1
    Scripted.hanging.set()


def test_a_file_that_isnt_there_is_an_error_at_once() -> None:
    from realtime.sources.opencv import Video

    with (
        Capture(lambda: Video("absent.mp4")) as capture,
        pytest.raises(SourceError, match=r"absent\.mp4: no such file"),
    ):
        _until(capture, 1)
