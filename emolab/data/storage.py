"""The array of images on disk: made at full length, cut to what turned out usable."""

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

ROWS_AT_ONCE = 1024


def allocate(path: Path, count: int, size: int) -> None:
    """Make a uint8 array (count, size, size, 3) of zeros in NumPy's format.

    Its space is claimed at once: on a full disk this raises, where writing to a mapped hole would kill the
    process.

    Raises:
        OSError: if there isn't room for it.
    """
    with path.open("wb") as handle:
        _write_header(handle, (count, size, size, 3))
        handle.flush()  # before the file grows: whoever sees its length can read it
        length = handle.tell() + count * size * size * 3
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle.fileno(), 0, length)
        handle.truncate(length)


def keep_rows(path: Path, rows: np.ndarray) -> None:
    """Keep only `rows` (ascending) of the array in `path`, in place, and flush it to disk."""
    array = np.lib.format.open_memmap(path, mode="r+")
    shape, offset = array.shape, array.offset
    if len(rows) < len(array):
        for start in range(0, len(rows), ROWS_AT_ONCE):
            chosen = rows[start : start + ROWS_AT_ONCE]
            array[start : start + len(chosen)] = array[chosen]
    array.flush()
    del array
    with path.open("r+b") as handle:
        # NumPy pads the header for a growing first axis, so a shorter one takes the same room.
        _write_header(handle, (len(rows), *shape[1:]))
        handle.truncate(offset + len(rows) * int(np.prod(shape[1:])))
        os.fsync(handle.fileno())


def _write_header(handle: BinaryIO, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(handle, {"descr": "|u1", "fortran_order": False, "shape": shape})
