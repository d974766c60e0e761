"""Real files for the tests of emolab.data: whole ones and one of each kind of damage."""

import io
import os
import signal
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from emolab.data.build import prepare
from emolab.data.options import Options
from emolab.data.prepared import PreparedData
from emolab.data.records import Reader


def picture(seed: int, width: int = 64, height: int = 64) -> np.ndarray:
    """Smooth colours (so that JPEG keeps them) that differ from seed to seed: uint8 RGB (H, W, 3)."""
    low = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(low).resize((width, height), Image.Resampling.BICUBIC))


def encoded(image: np.ndarray, kind: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def png_header_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few bytes whose header promises billions of pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def class_folders(root: Path, counts: dict[str, int], order: int = 1, seed: int = 0) -> Path:
    """`<class>/<n>.jpg`, all different; `order` -1 creates them the other way round."""
    names = [(label, number) for label, count in counts.items() for number in range(count)]
    for label, number in names[::order]:
        image = picture(seed + zlib.crc32(f"{label}{number}".encode()))
        write(root / label / f"{number}.jpg", encoded(image, quality=90))
    return root


def made(reader: Reader, cache: Path, workers: int = 1, **options) -> PreparedData:
    return prepare(reader, Options(**{"name": "made", "image_size": 32, **options}), cache, workers, io.StringIO())


class DeadlyPath(type(Path())):
    """A photograph whose decoder crashes the process; here, where a worker can import it."""

    def stat(self, **_):
        os.kill(os.getpid(), signal.SIGSEGV)


class KilledPath(type(Path())):
    """A photograph during which the kernel, short of memory, kills the process."""

    def stat(self, **_):
        os.kill(os.getpid(), signal.SIGKILL)
