"""Fetches one file, checks that it's the one, and gives up on a server that keeps us waiting.

A timeout of a socket limits each read alone: a server that sends a byte a second outlasts it. So a process of its
own downloads (`python -m emolab.download ADDRESS FILE`), and is stopped when the file no longer grows fast enough.
"""

import hashlib
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from emolab import files

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
_LOOK_SECONDS = 0.2


class DownloadError(Exception):
    """The file can't be had; the message says why, in one line."""


def fetch(
    address: str,
    path: Path,
    digest: str | None = None,
    seconds: float = 900.0,
    patience: float = 15.0,
    least_rate: float = 100_000.0,
    show: Callable[[str], None] | None = None,
    beginning: bytes = b"",
) -> Path:
    """Download `address` to `path`, which is whole or isn't there.

    Args:
        address: of the file, http or https.
        path: where it's kept.
        digest: what its bytes must give, such as "md5:..." or "sha256:..."; None: not checked.
        seconds: the longest it may take in all.
        patience: seconds over which the rate is measured, and after which it counts.
        least_rate: bytes a second below which it isn't worth waiting.
        show: takes a line about the progress, once in `patience` seconds.
        beginning: its first bytes; a network that wants a login answers with its page, as if that were the file.

    Raises:
        DownloadError: if the server can't be reached, is too slow or sends something else.
        OSError: if the file can't be written.
    """
    with files.write_atomically(path) as temporary:
        command = [sys.executable, "-m", "emolab.download", address, str(temporary)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own code
        try:
            _watch(process, temporary, seconds, patience, least_rate, show or (lambda line: None))
        finally:
            process.kill()
            _, problem = process.communicate()
        if process.returncode != 0:
            raise DownloadError(problem.strip().splitlines()[-1][:160] if problem.strip() else "it broke off")
        if difference := difference_of(temporary, digest, beginning):
            raise DownloadError(f"{address} isn't the file that was expected: {difference}")
    return path


def difference_of(path: Path, digest: str | None, beginning: bytes = b"") -> str | None:
    """Say how `path` isn't the file that is expected, or return None.

    Args:
        path: of the file.
        digest: what its bytes must give, such as "md5:..."; None: whatever they give.
        beginning: its first bytes.
    """
    with path.open("rb") as handle:
        first = handle.read(len(beginning))
        if first != beginning:
            return f"it begins with {first!r}, expected {beginning!r}"
        handle.seek(0)
        algorithm, _, expected = (digest or "").partition(":")
        if digest is not None and hashlib.file_digest(handle, algorithm).hexdigest() != expected:
            return f"its digest isn't {digest}"
    return None


def _watch(
    process: "subprocess.Popen[str]",
    file: Path,
    seconds: float,
    patience: float,
    least_rate: float,
    show: Callable[[str], None],
) -> None:
    began = shown = time.monotonic()
    seen = deque([(began, 0)])  # moments of the last `patience` seconds, and bytes there were
    while process.poll() is None:
        time.sleep(_LOOK_SECONDS)
        now, size = time.monotonic(), file.stat().st_size
        seen.append((now, size))
        while now - seen[0][0] > patience:
            since, before = seen.popleft()
            rate = (size - before) / (now - since)
            if rate < least_rate:
                raise DownloadError(f"too slow: {rate / 1000:.0f} kB/s, {size / 1e6:.1f} MB in {now - began:.0f} s")
            if now - shown > patience:
                shown = now
                show(f"{size / 1e6:.1f} MB, {rate / 1000:.0f} kB/s")
        if now - began > seconds:
            raise DownloadError(f"it took longer than {seconds:g} s")


def _main(address: str, file: str) -> None:
    import pooch
    import requests

    try:
        pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS), progressbar=False)(address, file, None)
    except (requests.RequestException, OSError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
