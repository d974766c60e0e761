import csv
import resource
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_ins import CLASSES, plain

from realtime.boxes import FaceBox
from realtime.displays.display import DisplayError, View, opened
from realtime.displays.file import FileDisplay
from realtime.displays.none import NoDisplay
from realtime.displays.recording import Recording, fitted
from realtime.displays.window import Window
from realtime.frame import Face
from realtime.overlay import Look, draw_faces
from realtime.sources.source import Frame

FACE = Face(3, FaceBox(30, 60, 80, 80), "grey", 0.7, np.float32([0.1, 0.7, 0.2]))


def view(
    image: np.ndarray | None, at: float = 0.0, faces: tuple[Face, ...] = (FACE,), problem: str | None = None
) -> View:
    frame = None if image is None else Frame(image, at, round(at * 10))
    return View(frame, list(faces), CLASSES, 12.0, 33.0, 30.0, 10.0, problem, real_time=False, faces_user=False)


def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (240, 320, 3)).astype(np.uint8)


def _frames(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        good, image = capture.read()
        if not good:
            capture.release()
            return found
        found.append(image)


def test_a_recording_keeps_time_and_its_table_has_a_row_a_face(tmp_path: Path) -> None:
    display = FileDisplay(str(tmp_path / "named.avi"))
    display.open()
    for at in (0.0, 0.1, 0.5, 0.6):  # at ten a second the gap is filled with what was seen last
        display.show(view(plain(90, 240, 320), at))
    display.close(complete=True)
    assert len(_frames(tmp_path / "named.avi")) == 7
    with (tmp_path / "named.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["time_s"] for row in rows] == ["0.000", "0.100", "0.500", "0.600"]
    assert [row["video_frame"] for row in rows] == ["0", "1", "5", "6"]
    assert (rows[0]["face"], rows[0]["left"], rows[0]["label"], rows[0]["grey"]) == ("3", "30.0", "grey", "0.7000")


def test_each_row_of_the_table_names_the_frame_of_the_video_that_shows_it(tmp_path: Path) -> None:
    shades = {0.0: 0, 0.1: 30, 0.12: 60, 20.0: 120, 20.1: 180, 5.0: 240}  # one too soon, a long gap, and a second start
    recording = Recording(tmp_path / "a.avi")
    for at, shade in shades.items():
        recording.add(view(plain(shade, 240, 320), at))
    recording.close()
    frames = _frames(tmp_path / "a.avi")
    with (tmp_path / "a.csv").open(newline="") as handle:
        rows = [(float(row["time_s"]), row["video_frame"]) for row in csv.DictReader(handle)]
    assert [at for at, number in rows if not number] == [0.12]
    for at, number in rows:
        if number:
            assert abs(frames[int(number)][200, 5].mean() - shades[at]) < 8


def test_a_class_called_uncertain_and_a_face_that_is_not_sure_are_two_things(tmp_path: Path) -> None:
    classes = ("happy", "uncertain", "sad")
    named, unsure = (FACE._replace(label=label) for label in ("uncertain", None))
    shown = [replace(view(plain(90, 240, 320), faces=(face,)), classes=classes) for face in (named, unsure)]
    one, other = (draw_faces(one.frame.image, one.faces, classes, Look()) for one in shown if one.frame)
    assert (one != other).any()
    recording = Recording(tmp_path / "a.avi")
    for one_view in shown:
        recording.add(one_view)
    recording.close()
    with (tmp_path / "a.csv").open(newline="") as handle:
        assert [row["label"] for row in csv.DictReader(handle)] == ["uncertain", ""]


def test_a_gap_shows_what_was_seen_before_it(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.avi")
    for at, value in ((0.0, 20), (0.5, 200)):
        recording.add(view(plain(value, 240, 320), at, ()))
    recording.close()
    assert [bool(image[100:].mean() > 100) for image in _frames(tmp_path / "a.avi")] == [False] * 5 + [True]


class SlowWriter:
    """OpenCV's own writer on a machine whose clock says that a picture takes `seconds`."""

    now = 0.0
    seconds = 0.05
    make = cv2.VideoWriter
    fourcc = cv2.VideoWriter.fourcc

    def __init__(self, *settings: object) -> None:
        self._writer = SlowWriter.make(*settings)
        self.isOpened, self.release = self._writer.isOpened, self._writer.release

    def write(self, picture: np.ndarray) -> None:
        SlowWriter.now += SlowWriter.seconds
        self._writer.write(picture)


@pytest.mark.parametrize(
    ("usual", "busy"),
    [(0.05, 0.05), (0.01, 0.05)],  # a tick of the 30 frames a second is 0.033 s
    ids=["always", "for five seconds"],
)
def test_a_recording_that_cant_be_written_as_fast_as_it_comes_keeps_time_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usual: float, busy: float
) -> None:
    monkeypatch.setattr(cv2, "VideoWriter", SlowWriter)
    monkeypatch.setattr(SlowWriter, "now", 0.0)
    recording = Recording(tmp_path / "a.avi", clock=lambda: SlowWriter.now)
    times: list[float] = []
    while not times or times[-1] < 15:
        times.append(SlowWriter.now)
        SlowWriter.seconds = busy if 5 < SlowWriter.now < 10 else usual
        recording.add(replace(view(plain(90), times[-1]), source_rate=None, real_time=True))
        SlowWriter.now += 0.02  # the faces of the next one
    recording.close()
    assert max(np.diff(times)) < 0.3
    video = cv2.VideoCapture(str(tmp_path / "a.avi"))
    shown = len(_frames(tmp_path / "a.avi")) / video.get(cv2.CAP_PROP_FPS)
    assert shown == pytest.approx(times[-1], abs=0.5)


def test_neither_a_video_nor_a_table_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "named.avi").write_text("the source, perhaps")
    (tmp_path / "named-2.csv").write_text("somebody's table")
    display = FileDisplay(str(tmp_path / "named.avi"))
    display.open()
    display.show(view(plain(90, 240, 320)))
    display.close(complete=True)
    assert (tmp_path / "named.avi").read_text() == "the source, perhaps"
    assert (tmp_path / "named-2.csv").read_text() == "somebody's table"
    assert len(_frames(tmp_path / "named-3.avi")) == 1


@pytest.mark.parametrize("ending", [".mp4", ".avi", ".mkv"])
def test_a_video_that_a_full_disk_cut_is_said_to_be_lost_and_its_table_is_kept(tmp_path: Path, ending: str) -> None:
    display = FileDisplay(str(tmp_path / f"named{ending}"))
    display.open()
    with full_disk(after=20_000):
        for number in range(30):
            display.show(view(_noise(number), number / 10))
        with pytest.raises(DisplayError, match=r"named\.\w+ is lost.*Kept: .*named\.csv"):
            display.close(complete=True)
    assert [path.name for path in tmp_path.iterdir()] == ["named.csv"]
    assert len((tmp_path / "named.csv").read_text().splitlines()) == 31


def test_of_a_table_that_a_full_disk_cut_the_whole_rows_are_kept_and_the_video(tmp_path: Path) -> None:
    display = FileDisplay(str(tmp_path / "named.avi"))
    kept = r"Kept: .*named-incomplete\.avi, .*named-incomplete\.csv"
    message = rf"named\.csv can't be written: .* breaks off after \d+ rows: .*{kept}"
    with full_disk(after=30_000), pytest.raises(DisplayError, match=message) as caught:
        _record_crowd(display)
    with (tmp_path / "named-incomplete.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert f"after {len(rows)} rows" in str(caught.value)
    assert len(rows) > 200
    assert all(row["light"] == "0.2000" for row in rows)
    assert len(_frames(tmp_path / "named-incomplete.avi")) > int(rows[-1]["video_frame"])
    assert len(list(tmp_path.iterdir())) == 2


def _record_crowd(display: FileDisplay) -> None:
    """A table that grows faster than its video."""
    with opened(display):
        for number in range(30):
            display.show(view(plain(90), number / 10, (FACE,) * 200))


def test_a_table_that_cant_be_finished_is_kept_as_far_as_its_rows_are_whole(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "named.avi")
    recording.add(view(plain(90), faces=(FACE,) * 30))
    with full_disk(after=1000), pytest.raises(DisplayError, match=r"named\.csv breaks off"):
        recording.close()
    assert (tmp_path / "named.csv").read_text().endswith("0.2000\n")


def test_a_recording_that_is_lost_as_its_window_closes_is_an_error_and_one_that_is_kept_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, limit in (("kept", resource.RLIM_INFINITY), ("lost", 20_000)):
        window = Window(str(tmp_path / f"{name}.avi"))
        window._view = view(None)
        window.press(ord("r"))
        with full_disk(limit):
            for number in range(30):
                window._record(view(_noise(number), number / 10))
            with pytest.raises(DisplayError, match=r"lost\.avi is lost") if name == "lost" else nullcontext():
                window.close(complete=True)
    assert capsys.readouterr().out == f"written: {tmp_path / 'kept.avi'} and {tmp_path / 'kept.csv'}\n"


@contextmanager
def full_disk(after: int) -> Iterator[None]:
    """No file grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_recording_that_cant_go_on_ends_alone_and_the_window_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(str(tmp_path / "recording.mkv"))
    monkeypatch.setattr(window, "_draw", lambda milliseconds: None)  # no screen here
    window.show(view(plain(90, 240, 320)))
    window.press(ord("r"))
    window.show(view(plain(90, 16, 65_600)))  # wider than a JPEG can be
    assert window._recording is None
    assert "can't write it" in window._said
    assert list(tmp_path.iterdir()) == []


def test_two_viewers_that_record_to_one_name_both_keep_theirs(tmp_path: Path) -> None:
    recordings = [Recording(tmp_path / "a.avi") for _ in range(2)]
    for recording in recordings:
        recording.add(view(plain(90, 240, 320)))
    paths = [recording.close() for recording in recordings]
    assert paths == [tmp_path / "a.avi", tmp_path / "a-2.avi"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.avi", "a-2.csv", "a.avi", "a.csv"]
    assert all(len(_frames(path)) == 1 for path in paths if path)


def test_pictures_of_another_size_are_fitted_into_the_first(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.avi")
    recording.add(view(plain(90, 240, 320), 0.0))
    recording.add(view(plain(90, 320, 240), 0.1))
    recording.close()
    assert [image.shape for image in _frames(tmp_path / "a.avi")] == [(240, 320, 3)] * 2
    assert fitted(plain(200, 40, 20), (40, 40))[:, :9].max() == 0


def test_a_photograph_keeps_its_pixels_in_the_video_when_the_first_is_smaller(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.avi")
    for number, size in enumerate([(48, 48), (1080, 1440)]):
        seen = view(plain(90, *size), number / 10, faces=())
        recording.add(replace(seen, frame=seen.frame._replace(file=f"{number}.png")))
    recording.close()
    _, large = _frames(tmp_path / "a.avi")
    assert large.shape == (1080, 1920, 3)
    assert large[500, 245:1675].min() > 60  # 240 black columns on either side


@pytest.mark.parametrize("rate", [59.9401, 119.967, 239.934, 666.667])
def test_a_video_of_slow_motion_can_be_recorded_and_keeps_time(tmp_path: Path, rate: float) -> None:
    recording = Recording(tmp_path / "a.mp4")
    for number in range(30):
        recording.add(replace(view(plain(90), number / rate), source_rate=rate))
    recording.close()
    assert len(_frames(tmp_path / "a.mp4")) == 30


@pytest.mark.parametrize(
    ("width", "height", "written"),
    [(9504, 6336, (5460, 8190)), (16, 9000, (8190, 14)), (1, 1, (2, 2)), (65, 1, (2, 64))],
)
def test_a_picture_that_is_too_large_or_small_for_a_video_is_fitted_into_one(
    tmp_path: Path, width: int, height: int, written: tuple[int, int]
) -> None:
    recording = Recording(tmp_path / "a.mp4")
    recording.add(view(plain(90, height, width)))
    recording.close()
    assert [image.shape[:2] for image in _frames(tmp_path / "a.mp4")] == [written]


def test_before_the_end_there_is_no_half_file_and_after_an_error_one_that_says_so(tmp_path: Path) -> None:
    display = FileDisplay(str(tmp_path / "named.avi"))
    display.open()
    display.show(view(plain(90, 240, 320)))
    assert not (tmp_path / "named.avi").exists()
    display.close(complete=False)
    assert {path.name for path in tmp_path.iterdir()} == {"named-incomplete.avi", "named-incomplete.csv"}
    assert len(_frames(tmp_path / "named-incomplete.avi")) == 1


def test_after_an_error_before_any_frame_there_is_no_file(tmp_path: Path) -> None:
    display = FileDisplay(str(tmp_path / "named.avi"))
    display.open()
    display.close(complete=False)
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cant_be_written_is_refused_before_any_frame(tmp_path: Path) -> None:
    for display in (FileDisplay, Window):
        with pytest.raises(DisplayError, match=r"ends in \.mp4, \.avi, \.mkv"):
            display(str(tmp_path / "named.txt")).open()
    (tmp_path / "file").write_text("")
    with pytest.raises(DisplayError, match="can't be written"):
        FileDisplay(str(tmp_path / "file" / "named.mp4")).open()


def test_the_mirror_turns_the_picture_and_the_boxes_but_no_text() -> None:
    image = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    plainly, mirrored = (draw_faces(image, [FACE], CLASSES, Look(mirror)) for mirror in (False, True))
    np.testing.assert_array_equal(draw_faces(image, [], CLASSES, Look(True)), image[:, ::-1])
    turned = draw_faces(image[:, ::-1].copy(), [FACE._replace(box=FACE.box.mirrored(320))], CLASSES, Look(False))
    np.testing.assert_array_equal(mirrored, turned)
    assert (mirrored[:, ::-1] != plainly).any()


def test_a_face_as_high_as_the_picture_has_its_label_within_it() -> None:
    for height, width in ((240, 320), (720, 1280), (48, 48)):
        box = FaceBox((width - height) / 2, 0, height, height)
        faces = [FACE._replace(box=box, confidence=confidence) for confidence in (0.7, 0.8)]
        one, other = (draw_faces(plain(128, height, width), [face], CLASSES, Look()) for face in faces)
        assert (one != other).any()


def test_bars_are_drawn_for_every_class_and_within_any_picture() -> None:
    for height, width in ((240, 320), (24, 32), (720, 1280)):
        image = plain(128, height, width)
        small = draw_faces(image, [FACE], CLASSES, Look(bars=False))
        assert (draw_faces(image, [FACE], CLASSES, Look(bars=True)) != small).any()


def test_the_keys_of_the_window_do_what_they_say(tmp_path: Path) -> None:
    window = Window(str(tmp_path / "recording.avi"), mirror=False, clock=lambda: 0.0)
    window._view = view(plain(90, 240, 320))
    before = window.picture(window._view)
    for key in "mbh":
        window.press(ord(key))
        assert (window.picture(window._view) != before).any(), key
        window.press(ord(key.upper()))
        np.testing.assert_array_equal(window.picture(window._view), before)
    window.press(ord(" "))
    assert window.paused
    window.press(-1)
    assert not window.closed
    window.press(ord("q"))
    assert window.closed


def test_a_window_that_is_gone_already_closes_without_an_error() -> None:
    window = Window()
    window._is_open = True  # as after its own button was pressed: OpenCV knows no such window
    window.close(complete=True)
    assert not window._is_open


@pytest.mark.parametrize(
    ("wanted", "faces_user", "mirrored"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_a_window_begins_mirrored_where_its_user_sits_before_the_camera_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, wanted: bool | None, faces_user: bool, mirrored: bool
) -> None:
    window = Window(mirror=wanted)
    monkeypatch.setattr(window, "_draw", lambda milliseconds: None)  # no screen here
    image = plain(0)
    image[:, :9] = 255
    seen = replace(view(image, faces=()), faces_user=faces_user)
    window.wait(replace(seen, frame=None))
    window.show(seen)
    assert (window.picture(seen)[20, -5:].mean() > 200) == mirrored
    window.press(ord("m"))
    window.show(seen)
    assert (window.picture(seen)[20, -5:].mean() > 200) != mirrored


def test_arrows_and_other_keys_without_a_letter_do_nothing(tmp_path: Path) -> None:
    window = Window(str(tmp_path / "recording.avi"))
    window._view = view(plain(90, 240, 320))
    for key in (0xFF51, 0xFF52, 0xFF53, 0x1008FF1B, 0x250000):  # left, up, right, "search"; left on Windows
        window.press(key)
    assert not window.closed
    assert window._recording is None
    assert list(tmp_path.iterdir()) == []
    window.press(0x100000 | ord("q"))  # with Num Lock, as GTK says it
    assert window.closed


def test_a_recording_of_the_window_is_not_mirrored_and_none_is_written_over(tmp_path: Path) -> None:
    image = plain(0, 240, 320)
    image[:, :100] = 255
    for _ in range(2):
        window = Window(str(tmp_path / "recording.avi"), mirror=True)
        window._see(view(image, faces=()))
        window.press(ord("r"))
        assert window._recording is not None
        window._recording.add(view(image, faces=()))
        window.press(ord("s"))
        window.close(complete=True)
    assert sorted(path.name for path in tmp_path.glob("recording*.avi")) == ["recording-2.avi", "recording.avi"]
    (frame,) = _frames(tmp_path / "recording.avi")
    assert frame[100, :80].mean() > 200
    (snapshot,) = {path.name[:9] for path in tmp_path.glob("*.png")}
    assert snapshot == "snapshot-"


def test_a_snapshot_is_written_whole_under_a_name_of_its_own_or_not_at_all(tmp_path: Path) -> None:
    window = Window(str(tmp_path / "recording.avi"), clock=lambda: 0.0)
    for value in (20, 200):
        window._view = view(plain(value, 240, 320), faces=())
        window.press(ord("s"))
    one, other = sorted(tmp_path.iterdir(), key=lambda path: len(path.name))
    assert other.stem == f"{one.stem}-2"
    assert [cv2.imread(str(path)).mean().round() for path in (one, other)] == [20, 200]
    window._view = view(_noise(0), faces=())
    with full_disk(after=20_000):
        window.press(ord("s"))
    assert "can't be written" in window._said
    assert sorted(tmp_path.iterdir()) == sorted([one, other])


def test_what_is_wrong_is_printed_once_where_there_is_no_window(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for display in (NoDisplay(), FileDisplay(str(tmp_path / "named.avi"))):
        display.open()
        for problem in ("it is black", "it is black", None, "it is black"):
            display.show(view(plain(0, 240, 320), problem=problem))
        for _ in range(2):
            display.wait(view(None, problem="it is gone"))
        display.close(complete=False)
        assert capsys.readouterr().out.splitlines()[:3] == ["it is black", "it is black", "it is gone"]


def test_what_is_wrong_is_written_into_the_picture() -> None:
    window = Window()
    assert (window.picture(view(None, problem="camera 0 is gone")) != window.picture(view(None))).any()
