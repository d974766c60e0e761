import hashlib
import http.server
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emolab.download import DownloadError, fetch

CONTENT = b"weights" * 40_000


@pytest.fixture
def serving() -> Iterator[Callable[[Callable[[Any], None]], str]]:
    """Start a server whose answer is written by a function; return its address."""
    servers = []

    def start(answer: Callable[[Any], None]) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/file"

    yield start
    for server in servers:
        server.shutdown()


def _whole(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(CONTENT)


def _dripping(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(600):
            handler.wfile.write(b"x" * 100)
            time.sleep(0.1)
    except OSError:  # the client has gone
        return


def test_a_file_arrives_whole_and_with_its_digest(serving, tmp_path: Path) -> None:
    digest = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    path = fetch(serving(_whole), tmp_path / "models" / "file.h5", digest)
    assert path.read_bytes() == CONTENT


def test_another_file_than_expected_is_not_kept(serving, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="isn't the file that was expected"):
        fetch(serving(_whole), tmp_path / "file.h5", "md5:" + "0" * 32)
    assert not list(tmp_path.iterdir())


def test_a_server_that_drips_is_given_up(serving, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(DownloadError, match="too slow"):
        fetch(serving(_dripping), tmp_path / "file.h5", patience=1.0)
    assert time.monotonic() - began < 30  # it would drip for a minute
    assert not list(tmp_path.iterdir())


def test_no_download_outlasts_its_limit_and_progress_is_shown(serving, tmp_path: Path) -> None:
    lines: list[str] = []
    with pytest.raises(DownloadError, match="longer than 2 s"):
        fetch(serving(_dripping), tmp_path / "file.h5", seconds=2.0, patience=0.5, least_rate=-1.0, show=lines.append)
    assert re.fullmatch(r"0.0 MB, \d+ kB/s", lines[0])


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="ConnectionError") as caught:
        fetch("http://127.0.0.1:9/file", tmp_path / "file.h5")
    assert "\n" not in str(caught.value)
