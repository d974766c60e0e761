import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import answering

from emolab.download import DownloadError, fetch

CONTENT = b"weights" * 40_000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with answering(lambda path: _dripping() if path == "/dripping" else [CONTENT]) as host:
        yield f"http://{host}"


def _dripping() -> Iterator[bytes]:
    for _ in range(600):
        yield b"x" * 100
        time.sleep(0.1)


def test_a_file_arrives_whole_and_with_its_digest(server: str, tmp_path: Path) -> None:
    digest = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    path = fetch(f"{server}/file", tmp_path / "models" / "file.h5", digest)
    assert path.read_bytes() == CONTENT


def test_another_file_than_expected_is_not_kept(server: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="isn't the file that was expected"):
        fetch(f"{server}/file", tmp_path / "file.h5", "md5:" + "0" * 32)
    assert not list(tmp_path.iterdir())


def test_a_server_that_drips_is_given_up(server: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="too slow"):
        fetch(f"{server}/dripping", tmp_path / "file.h5", patience=1.0)
    assert not list(tmp_path.iterdir())


def test_no_download_outlasts_its_limit_and_progress_is_shown(server: str, tmp_path: Path) -> None:
    lines: list[str] = []
    with pytest.raises(DownloadError, match="longer than 2 s"):
        fetch(f"{server}/dripping", tmp_path / "file.h5", seconds=2.0, patience=0.5, least_rate=-1.0, show=lines.append)
    assert re.fullmatch(r"0.0 MB, \d+ kB/s", lines[0])


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="ConnectionError") as caught:
        fetch("http://127.0.0.1:9/file", tmp_path / "file.h5")
    assert "\n" not in str(caught.value)
