import csv
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import environment, start_on_terminal
from made_photographs import encoded, write
from stand_ins import Boxes, Brightness, Scripted, noisy, plain

from realtime.boxes import FaceBox
from realtime.detectors.full_frame import FullFrame
from realtime.displays.display import View, opened
from realtime.displays.file import FileDisplay
from realtime.displays.none import NoDisplay
from realtime.frame import FrameStep
from realtime.loop import Stop, run
from realtime.sources.images import Images
from realtime.sources.opencv import Video
from realtime.sources.source import SourceError
from realtime.sources.synthetic import Synthetic
from realtime.timings import Timings

RECORDER = Path(__file__).parent / "record_hanging.py"
TOLD = "ending; press Ctrl-C again to end at once: what isn't finished by then is lost\n"


def _step() -> FrameStep:
    return FrameStep(FullFrame(), Brightness())


class Watched(NoDisplay):
    """A display that keeps its views, and closes or raises when it has enough."""

    def __init__(self, close_after: int = 10**9, raise_after: int = 10**9) -> None:
        super().__init__()
        self.views: list[View] = []
        self.ends: list[bool] = []
        self._close_after = close_after
        self._raise_after = raise_after

    def show(self, view: View) -> None:
        self.views.append(view)
        if len(self.views) >= self._raise_after:
            raise KeyboardInterrupt
        self.closed = len(self.views) >= self._close_after

    def close(self, complete: bool) -> None:
        self.ends.append(complete)


def test_every_frame_of_a_recorded_source_is_shown_and_the_summary_counts_them() -> None:
    display = Watched()
    summary = run(lambda: Synthetic(64, 48, frames=12), _step(), display, 0.033, Stop())
    assert [view.frame.number for view in display.views if view.frame] == list(range(12))
    assert not any(view.real_time for view in display.views)
    assert summary.timings.frames == 12
    assert {"detect", "crop", "classify", "decide", "show", "whole"} == set(summary.timings.percentiles())
    assert "12 frames" in summary.text()
    assert "% of the frames within 33 ms" in summary.text()
    assert summary.ended


def test_of_no_frames_no_share_is_told() -> None:
    summary = run(lambda: Synthetic(64, 48, frames=0), _step(), NoDisplay(), 0.033, Stop())
    assert "0 frames" in summary.text()
    assert "%" not in summary.text()


@pytest.mark.parametrize("stop", [Stop(frames=3), Stop(seconds=0.2)])
def test_it_stops_by_itself_after_frames_or_seconds(stop: Stop) -> None:
    summary = run(lambda: Synthetic(64, 48), _step(), NoDisplay(), 0.033, stop)
    assert summary.timings.frames == 3 if stop.frames else summary.seconds >= 0.2


class Window(Watched):
    """Leaves out what it's too slow for, and stands still for a while after each of some frames."""

    every_frame = False

    def __init__(self, pauses: dict[int, int]) -> None:
        super().__init__()
        self._pauses = pauses
        self.waited = 0

    def show(self, view: View) -> None:
        super().show(view)
        self._left = self._pauses.get(len(self.views), 0)
        self.paused = self._left > 0

    def wait(self, view: View) -> None:
        self.waited += 1
        time.sleep(0.01)
        if self.paused:
            self._left -= 1
            self.paused = self._left > 0


def test_a_recorded_source_stands_still_while_the_picture_does() -> None:
    display = Window({2: 180, 4: 60})  # each pause is longer than the rest of the video
    summary = run(lambda: Synthetic(64, 48, rate=2, frames=4), _step(), display, 0.033, Stop())
    assert summary.counts.dropped == 0
    assert [view.frame.number for view in display.views if view.frame] == list(range(4))
    assert display.waited >= 240


def test_a_photograph_is_seen_before_the_window_closes() -> None:
    display = Window({})
    run(lambda: Synthetic(64, 48, rate=0.5, frames=1), _step(), display, 0.033, Stop())
    assert display.waited > 1
    assert display.views[0].real_time


def test_it_stops_when_the_display_is_closed() -> None:
    assert run(lambda: Synthetic(64, 48), _step(), Watched(close_after=4), 0.033, Stop()).timings.frames == 4


def test_ctrl_c_keeps_what_was_recorded() -> None:
    display = Watched(raise_after=3)
    with opened(display):
        summary = run(lambda: Synthetic(64, 48), _step(), display, 0.033, Stop())
    assert summary.interrupted
    assert display.ends == [True]


def _recording(path: Path, *frames: str) -> subprocess.Popen[str]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, RECORDER, path, *frames], env=_variables(), text=True, **pipes)


def _variables() -> dict[str, str]:
    variables = environment()
    variables["PYTHONPATH"] += f"{os.pathsep}{RECORDER.parent}"
    return variables


def _last_frame(table: Path) -> str:
    with table.open(newline="") as handle:
        return [row["frame"] for row in csv.DictReader(handle)][-1]


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_again_while_a_hanging_source_is_closed_keeps_what_was_recorded(
    tmp_path: Path, second: signal.Signals
) -> None:
    process = _recording(tmp_path / "r.avi")
    assert process.stdout.readline() == "hangs\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "closing\n"  # which takes a second
    process.send_signal(second)
    out, told = process.communicate("go on\n", timeout=300)
    assert told == TOLD
    assert f"written: {tmp_path / 'r.avi'}" in out
    assert process.returncode == 0
    assert _last_frame(tmp_path / "r.csv") == "1"


def test_a_terminal_that_is_closed_keeps_what_was_recorded(tmp_path: Path) -> None:
    command = [sys.executable, RECORDER, tmp_path / "r.avi"]
    process, terminal = start_on_terminal(command, env=_variables(), stdin=subprocess.PIPE)
    assert terminal.readline() == "hangs\n"
    terminal.close()
    for _ in range(3):  # the shell sends it, too
        time.sleep(0.1)
        process.send_signal(signal.SIGHUP)
    process.communicate(b"go on\n", timeout=300)
    assert process.returncode == 0
    assert _last_frame(tmp_path / "r.csv") == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.avi", "r.csv"]


def test_ctrl_c_while_a_recording_that_ended_by_itself_is_finished_keeps_it(tmp_path: Path) -> None:
    process = _recording(tmp_path / "r.avi", "1")
    while process.stdout.readline() != "finishing\n":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == TOLD
    process.communicate("go on\n", timeout=300)
    assert process.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.avi", "r.csv"]


def test_a_third_ctrl_c_ends_what_hangs(tmp_path: Path) -> None:
    process = _recording(tmp_path / "r.avi")
    assert process.stdout.readline() == "hangs\n"
    process.send_signal(signal.SIGINT)
    assert [process.stdout.readline() for _ in range(2)] == ["closing\n", "finishing\n"]
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == TOLD
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == -signal.SIGINT


def test_the_table_of_photographs_names_each_and_nobody_is_known_from_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    for name, grey in (("a.png", 20), ("holiday/b.png", 240)):
        write(tmp_path / name, encoded(plain(grey), "PNG"))
    display = FileDisplay(str(tmp_path / "named.avi"))
    with opened(display):
        run(lambda: Images(str(tmp_path), seconds=0.01), _step(), display, 0.033, Stop())
    with (tmp_path / "named.csv").open(newline="") as handle:
        rows = [(row["file"], row["face"], row["label"]) for row in csv.DictReader(handle)]
    assert rows == [("a.png", "1", "dark"), ("holiday/b.png", "2", "light")]


def test_photographs_without_a_face_are_counted_and_frames_of_a_video_arent(tmp_path: Path) -> None:
    for name, width in (("a.png", 64), ("b.png", 20), ("c.png", 20)):
        write(tmp_path / name, encoded(plain(90, width=width), "PNG"))
    step = FrameStep(Boxes(FaceBox(40, 4, 20, 20)), Brightness())
    summary = run(lambda: Images(str(tmp_path), seconds=0.01), step, NoDisplay(), 0.033, Stop())
    assert summary.text().startswith("3 photographs in ")
    assert "in 2 of 3 photographs no face was found" in summary.text()
    assert "33 ms" not in summary.text()  # no photograph is late
    assert "detector=full_frame" in summary.text()
    video = run(lambda: Synthetic(20, 48, frames=3), step, NoDisplay(), 0.033, Stop())
    assert "no face" not in video.text()


def test_a_recording_of_a_source_that_cant_be_read_leaves_nothing(tmp_path: Path) -> None:
    display = FileDisplay(str(tmp_path / "named.avi"))
    with pytest.raises(SourceError, match="absent"), opened(display):
        run(lambda: Video("absent.mp4"), _step(), display, 0.033, Stop())
    assert list(tmp_path.iterdir()) == []


def test_the_view_tells_what_is_wrong_and_the_loop_goes_on() -> None:
    def script() -> Iterator[object]:
        yield from (noisy(1), "fail")
        yield from (noisy(seed) for seed in itertools.count())

    items = script()
    display = Watched(close_after=3)
    problems: list[str | None] = []
    display.wait = lambda view: problems.append(view.problem)
    summary = run(lambda: Scripted(items), _step(), display, 0.033, Stop(seconds=10))
    assert any(problem and "gives no more frames" in problem for problem in problems)
    assert (summary.counts.faults, summary.counts.recoveries) == (1, 1)


def test_percentiles_and_the_share_in_the_budget() -> None:
    timings = Timings(0.033)
    for milliseconds in range(1, 101):
        timings.add({"detect": milliseconds / 1000})
    assert timings.percentiles()["whole"]["p50"] == pytest.approx(50.5)
    assert timings.share_in_budget() == pytest.approx(0.33)
    assert np.isclose(timings.percentiles()["detect"]["p99"], 99.01)
