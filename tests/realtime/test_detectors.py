import csv
import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from answering import answering

from emolab.cache import YUNET
from emolab.data.readers.demo import FACES
from emolab.errors import ConfigError
from emolab.files import sha256_of
from realtime.boxes import FaceBox, overlap
from realtime.detectors.auto import best_detector
from realtime.detectors.full_frame import FullFrame
from realtime.detectors.haar import Haar
from realtime.detectors.model_file import yunet_file
from realtime.detectors.yunet import YuNet
from realtime.sources.opencv import Video

SIDE, LEFT, TOP = 200, 700, 260


@pytest.fixture
def scene(shared: Path) -> np.ndarray:
    """A face of FER2013 in a grey frame of 1280x720, its square at (LEFT, TOP) with SIDE pixels."""
    with gzip.open(shared / "data" / "fer2013.csv.gz", "rt") as handle:
        rows = csv.reader(handle)
        next(rows)
        row = next(row for number, row in enumerate(rows) if number == 7)
    face = np.array(row[1].split(), np.uint8).reshape(48, 48)
    frame = np.full((720, 1280, 3), 110, np.uint8)
    frame[TOP : TOP + SIDE, LEFT : LEFT + SIDE] = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)[
        ..., None
    ]
    return frame


def _yunet(shared: Path) -> YuNet:
    return YuNet(str(shared / "detectors" / "yunet_n_320_320.onnx"))


def test_yunet_finds_a_face_where_it_is_in_frames_of_any_size(scene: np.ndarray, shared: Path) -> None:
    detector = _yunet(shared)
    for frame, factor in ((scene, 1.0), (cv2.resize(scene, (640, 360)), 0.5), (scene, 1.0)):
        (box,) = detector(frame)
        assert overlap(box.scaled(1 / factor), box._replace(left=LEFT, top=TOP, width=SIDE, height=SIDE)) > 0.3
    assert detector(np.full((720, 1280, 3), 110, np.uint8)) == []


@pytest.mark.parametrize("side", [120, 1900])
def test_a_photograph_is_searched_for_small_faces_too_and_each_is_found_once(
    scene: np.ndarray, shared: Path, side: int
) -> None:
    face = cv2.resize(scene[TOP : TOP + SIDE, LEFT : LEFT + SIDE], (side, side))
    photograph = np.full((1920, 2560, 3), 110, np.uint8)
    photograph[10 : 10 + side, 20 : 20 + side] = face
    detector = _yunet(shared)
    (box,) = detector(photograph, photograph=True)
    assert overlap(box, FaceBox(20, 10, side, side)) > 0.3
    assert len(detector(photograph)) == (side == 1900)


def test_yunet_finds_every_face_of_a_crowd(scene: np.ndarray, shared: Path) -> None:
    face = cv2.resize(scene[TOP : TOP + SIDE, LEFT : LEFT + SIDE], (130, 130))
    crowd = np.full((720, 1280, 3), 110, np.uint8)
    places = [(left, top) for top in range(5, 720, 144) for left in range(20, 1280, 160)]
    for left, top in places:
        crowd[top : top + 130, left : left + 130] = face
    boxes = _yunet(shared)(crowd)
    for left, top in places:
        assert any(overlap(box, FaceBox(left, top, 130, 130)) > 0.3 for box in boxes)


def test_haar_finds_a_face_without_any_file(scene: np.ndarray) -> None:
    boxes = Haar()(scene)
    assert any(overlap(box, box._replace(left=LEFT, top=TOP, width=SIDE, height=SIDE)) > 0.3 for box in boxes)


def test_full_frame_takes_the_centred_square() -> None:
    assert FullFrame()(np.zeros((40, 60, 3), np.uint8)) == [(10, 0, 40, 40)]


def test_a_file_that_isnt_there_or_isnt_yunet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"detector\.path=.*no such file"):
        YuNet(str(tmp_path / "absent.onnx"))
    (tmp_path / "bad.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(ConfigError, match="can't read it"):
        YuNet(str(tmp_path / "bad.onnx"))


def _slowly() -> Iterator[bytes]:
    for _ in range(1000):
        yield b"x"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with answering(lambda path: _slowly() if path == "/slow" else [b"x" * 1000], {"Content-Length": "1000"}) as host:
        yield f"http://{host}"


def test_the_file_is_downloaded_once_and_its_digest_compared(server: str, tmp_path: Path) -> None:
    (tmp_path / "expected").write_bytes(b"x" * 1000)
    digest = sha256_of(tmp_path / "expected")
    path = yunet_file(None, tmp_path, 20, f"{server}/good", digest)
    assert path == tmp_path / YUNET
    assert yunet_file(None, tmp_path, 0.001, "http://127.0.0.1:9/", digest) == path
    with pytest.raises(ConfigError, match="its digest isn't"):
        yunet_file(None, tmp_path / "other", 20, f"{server}/good", "0" * 64)
    assert not list((tmp_path / "other").rglob("*.onnx"))


def test_a_slow_or_refused_download_ends_in_time_and_says_what_to_do(server: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"longer than 2 s.*detector\.path"):
        yunet_file(None, tmp_path, 2, f"{server}/slow")
    with pytest.raises(ConfigError, match="can't be downloaded from http://127"):
        yunet_file(None, tmp_path, 20, "http://127.0.0.1:9/yunet.onnx")


@pytest.fixture
def no_cache(tmp_path: Path) -> str:
    """A cache that nothing can be downloaded to."""
    (tmp_path / "cache").write_text("a file, no folder")
    return str(tmp_path / "cache")


def test_auto_says_which_it_took_and_why(shared: Path, no_cache: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert best_detector(path=str(shared / "detectors" / "yunet_n_320_320.onnx")).name == "yunet"
    assert best_detector(cache=no_cache).name == "haar"
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("detector: yunet")
    assert "haar" in second
    assert "can't be downloaded" in second


def test_auto_takes_no_other_detector_than_the_file_that_was_named() -> None:
    with pytest.raises(ConfigError, match=r"detector\.path=absent\.onnx: no such file"):
        best_detector(path="absent.onnx")
    with pytest.raises(ConfigError, match=r"detector\.path=n+\.onnx can't be read"):
        best_detector(path="n" * 300 + ".onnx")


def test_a_fallback_to_haar_keeps_the_crop_and_the_size_that_were_asked_for(no_cache: str) -> None:
    detector = best_detector(cache=no_cache, longer_side=320, crop_scale=1.2)
    assert isinstance(detector, Haar)
    assert (detector.crop_scale, detector._longer_side) == (1.2, 320)


def test_haar_finds_the_faces_of_the_demo_video_where_they_are() -> None:
    with (FACES / "video.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if int(row["frame"]) % 60 == 0]
    source, detector, found = Video(str(FACES / "video.mp4")), Haar(), 0
    source.open()
    images = {number: source.read()[0] for number in range(361)}
    source.close()
    for row in rows:
        truth = FaceBox(*(float(row[name]) for name in ("x", "y", "width", "height")))
        found += any(overlap(truth, box) > 0.4 for box in detector(images[int(row["frame"])]))
    assert rows
    assert found >= 0.8 * len(rows)
