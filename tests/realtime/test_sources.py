import os
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from answering import answering
from made_photographs import encoded, write
from stand_ins import plain

from realtime.sources.images import Images
from realtime.sources.opencv import Camera, Stream, Video, cameras_found, shown_address
from realtime.sources.source import Source, SourceEnded, SourceError
from realtime.sources.synthetic import Synthetic


def _all(source: Source) -> list[tuple[np.ndarray, float | None]]:
    source.open()
    found = []
    try:
        while True:
            found.append(source.read())
    except SourceEnded:
        return found
    finally:
        source.close()


def _written(path: Path, rate: float, frames: int = 5) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (64, 48))
    for number in range(frames):
        writer.write(plain(40 * number % 256))
    writer.release()
    return path


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return _written(tmp_path / "video.avi", 20.0)


def test_a_video_gives_every_frame_with_its_time(video: Path) -> None:
    found = _all(Video(str(video)))
    assert [at for _, at in found] == pytest.approx([0, 0.05, 0.10, 0.15, 0.2])
    assert [round(float(image.mean()) / 40) for image, _ in found] == [0, 1, 2, 3, 4]


def test_the_frames_of_a_video_of_varying_rate_come_at_their_own_times(tmp_path: Path) -> None:
    path = str(tmp_path / "phone.mkv")
    raw = [cv2.VIDEOWRITER_PROP_RAW_VIDEO, 1]  # packets with times of their own, in tenths of a second
    writer = cv2.VideoWriter(path, cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48), raw)
    for number in (0, 1, 2, 10, 11):
        writer.set(cv2.VIDEOWRITER_PROP_PTS, number)
        writer.write(np.frombuffer(encoded(plain(9 * number), "JPEG"), np.uint8).reshape(1, -1))
    writer.release()
    found = _all(Video(path))
    assert [at for _, at in found] == pytest.approx([0.0, 0.1, 0.2, 1.0, 1.1])


@pytest.mark.parametrize(("named", "rate"), [(20.0, 20.0), (240.0, 240.0), (1000.0, 30.0)])
def test_a_rate_that_no_camera_has_is_the_clock_of_the_times_and_no_rate(
    tmp_path: Path, named: float, rate: float
) -> None:
    source = Video(str(_written(tmp_path / "video.avi", named)))
    source.open()
    source.close()
    assert source.rate == rate


def test_a_looping_video_begins_again(video: Path) -> None:
    source = Video(str(video), loop=True)
    source.open()
    times = [source.read()[1] for _ in range(12)]
    source.close()
    assert times[4:7] == pytest.approx([0.2, 0.0, 0.05])


@pytest.mark.parametrize("ending", ["avi", "mkv"])
@pytest.mark.parametrize("loop", [False, True])
def test_a_video_that_ends_long_before_its_header_says_is_asked_about_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str, loop: bool
) -> None:
    path = _written(tmp_path / f"cut.{ending}", 20.0, 100)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    source = Video(str(path), loop=loop)
    source.open()
    try:
        for _ in range(250):
            source.read()
    except SourceEnded:
        assert not loop
    source.close()
    (told,) = capsys.readouterr().out.splitlines()
    found = re.fullmatch(
        rf"note: video cut\.{ending} ended at (.*) of the 5\.0 s that its header names; is it damaged\?", told
    )
    assert found is not None
    assert 1.5 < float(found[1]) < 3.5


@pytest.mark.parametrize(
    ("rate", "count"),
    [
        (20.0, 5),
        (20.0, 24),  # 19 that are never shown: 0.95 s
        (20.0, 0),
        (20.0, -9.2e15),  # what OpenCV makes of no duration
        (20.0, 1e12),
        (1000.0, 5000),  # no rate of a camera
        (0.0, 5000),
    ],
)
def test_a_video_that_is_whole_or_names_nothing_that_can_be_is_not_asked_about(
    video: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, rate: float, count: float
) -> None:
    named = {cv2.CAP_PROP_FPS: rate, cv2.CAP_PROP_FRAME_COUNT: count}

    class Naming:
        def __init__(self, path: str, opened: type = cv2.VideoCapture) -> None:
            self._capture = opened(path)

        def get(self, name: int) -> float:
            return named.get(name, self._capture.get(name))

        def __getattr__(self, name: str) -> object:
            return getattr(self._capture, name)

    monkeypatch.setattr(cv2, "VideoCapture", Naming)
    assert len(_all(Video(str(video)))) == 5
    assert capsys.readouterr().out == ""


def test_a_video_that_isnt_one_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    for path, message in ((tmp_path / "bad.mp4", "can't read it"), (tmp_path / "absent.mp4", "no such file")):
        with pytest.raises(SourceError, match=message):
            Video(str(path)).open()


def test_what_cant_even_be_looked_at_is_an_error_that_names_it() -> None:
    name = "n" * 300 + ".png"  # longer than a name can be: as a folder without rights, it can't be looked at
    for source in (Video, Images):
        with pytest.raises(SourceError, match=r"source\.path=n+\.png can't be read: File name too long"):
            source(name).open()


def test_photographs_come_by_name_in_bgr_and_broken_ones_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    red = np.zeros((20, 30, 3), np.uint8)
    red[..., 0] = 255
    write(tmp_path / "b.png", encoded(red, "PNG"))
    write(tmp_path / "a.png", encoded(plain(9), "PNG"))
    write(tmp_path / "broken\x1b[2J.jpg", b"nothing")
    write(tmp_path / "notes.txt", b"no photograph")
    found = _all(Images(str(tmp_path), seconds=2.0))
    assert [at for _, at in found] == [0.0, 2.0]
    assert found[1][0][0, 0].tolist() == [0, 0, 255]
    assert r"broken\x1b[2J.jpg is left out" in capsys.readouterr().out
    assert len(_all(Images(str(tmp_path / "a.png")))) == 1


def test_photographs_of_folders_come_with_their_names_and_hidden_ones_dont(tmp_path: Path) -> None:
    for name in ("two/a.png", "one/b.png", ".trash/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, encoded(plain(9), "PNG"))
    source = Images(str(tmp_path))
    source.open()
    names = []
    for _ in range(2):
        source.read()
        names.append(source.file)
    with pytest.raises(SourceEnded):
        source.read()
    assert names == ["one/b.png", "two/a.png"]


def test_what_is_passed_over_is_told_once_however_often_a_source_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", ".trash/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, encoded(plain(9), "PNG"))
    for source in (Images(str(tmp_path)), Images(str(tmp_path))):  # the first only to see whether it can be opened
        source.open()
    source.read()
    assert capsys.readouterr().out.count("passed over") == 1


def test_a_place_without_photographs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no photographs there"):
        Images(str(tmp_path)).open()
    write(tmp_path / "broken\x1b[2J.jpg", b"nothing")
    with pytest.raises(SourceError, match="none of its photographs can be read"):
        _all(Images(str(tmp_path)))


def test_photographs_whose_names_are_no_utf8_are_told_with_escapes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    write(folder / "broken.jpg", b"nothing")
    source = Images(str(folder))
    with pytest.raises(SourceError) as caught:
        _all(source)
    for told in (capsys.readouterr().out, str(caught.value), source.description):
        assert r"caf\xe9" in told


def test_synthetic_frames_are_the_same_each_time_and_end() -> None:
    one, other = _all(Synthetic(64, 48, frames=6)), _all(Synthetic(64, 48, frames=6))
    assert len(one) == 6
    np.testing.assert_array_equal([image for image, _ in one], [image for image, _ in other])


@pytest.fixture
def network_camera() -> Iterator[str]:
    """JPEGs one after the other."""
    picture = encoded(plain(200), "JPEG")
    frame = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture)
    headers = {"Content-Type": "multipart/x-mixed-replace; boundary=frame"}
    with answering(lambda _: [frame] * 200, headers) as host:
        yield f"http://user:secret@{host}/video.mjpg"


def test_a_network_camera_gives_frames_and_its_password_isnt_shown(network_camera: str) -> None:
    stream = Stream(network_camera, seconds=7.0)
    assert stream.patience == 7.0
    stream.open()
    image, at = stream.read()
    stream.close()
    assert image.shape == (48, 64, 3)
    assert at is None
    assert "secret" not in stream.description


def test_a_network_camera_that_is_off_is_an_error_without_its_password() -> None:
    with pytest.raises(SourceError) as caught:
        Stream("http://user:secret@127.0.0.1:9/video", seconds=2).open()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:secret@cam:554/stream", "rtsp://cam:554"),
        ("http://cam/video.cgi?user=admin&pwd=secret", "http://cam"),
        ("rtsp://cam/user=admin&password=secret&channel=1", "rtsp://cam"),
        ("rtsp://[fe80::1]:554/secret", "rtsp://[fe80::1]:554"),
        ("rtsp://admin:secret/@cam/stream", ""),
        ("rtsp://admin:12/secret@cam/stream", ""),
        ("rtsp://admin:12?secret@cam/stream", ""),
        ("rtsp://admin:12#secret@cam/stream", ""),
        ("rtsp://secret/word@cam", ""),
        ("admin:secret@cam/stream", ""),
        ("secret", ""),
        ("rtsp://[secret", ""),
    ],
)
def test_of_a_streams_address_only_what_holds_no_password_is_shown(address: str, shown: str) -> None:
    assert shown_address(address) == shown
    assert Stream(address).description == f"stream {shown}".strip()


@pytest.mark.skipif(bool(list(Path("/dev").glob("video*"))), reason="this machine has a camera")
def test_a_machine_without_a_camera_says_so() -> None:
    with pytest.raises(SourceError, match="camera 0 can't be opened"):
        Camera(0).open()
    assert "none" in cameras_found() or "plugged in" in cameras_found()


def test_what_cant_be_opened_is_told_in_our_words_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.avi").write_bytes(b"nothing")
    for source in (Camera(99), Video(str(tmp_path / "bad.avi")), Stream("absent.mjpg")):
        with pytest.raises(SourceError):
            source.open()
    assert capfd.readouterr().err == ""
