"""Writing files and folders whole or not at all, by one process at a time; knowing files again by their digest."""

import errno
import hashlib
import json
import os
import secrets
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from tokenize import TokenError
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from filelock import FileLock, Timeout

from emolab.errors import EmolabError, one_line

if TYPE_CHECKING:
    import numpy as np

MARK = ".emolab"  # an empty file in folders that emolab made; nobody's photographs are looked for in them
UNFINISHED = ".tmp-"  # how the names begin of what isn't whole yet; a kill leaves it behind
LARGEST_TEXT = 64 * 2**20  # bytes; what emolab writes as text holds some kilobytes, a large plan's some megabytes
# A compressed array of predictions is a third of its size or more; above both an .npz is made to fill the memory.
_LARGEST_GROWTH = 100
_LEAST_GROWN = 64 * 2**20  # bytes
# What np.load raises for a damaged .npz; RuntimeError is a member that seems to be encrypted or compressed otherwise,
# TokenError and OverflowError an array's header
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    OverflowError,
    TokenError,
    BadZipFile,
    zlib.error,
)


def make_folder(folder: Path, exist_ok: bool = True) -> None:
    """Make the folder and those above it that are missing, and mark the topmost one made as emolab's.

    A folder that was there already is never marked: it may be the user's own, with photographs in it.

    Raises:
        FileExistsError: if it's there and mustn't be.
        OSError: if it can't be made.
    """
    folder = Path(folder)
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=exist_ok)
    if missing:
        mark(missing[-1])


def mark(folder: Path) -> None:
    """Mark a folder as one that emolab made, so that its pictures aren't taken for photographs.

    Raises:
        OSError: if it can't be written.
    """
    (folder / MARK).touch()


def try_writing(folder: Path) -> None:
    """See that a file can be written into the folder, or where it's still to be made, before the work for it is done.

    Raises:
        OSError: if it can't.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    TemporaryFile(dir=there).close()


@contextmanager
def clear_write_errors(place: object, advice: str, kind: type[EmolabError]) -> Iterator[None]:
    """Turn a full disk or an unwritable folder into one clear message.

    Args:
        place: what is written, as the message names it, such as "output=sweeps/first".
        advice: what to do if neither space nor rights can be had, such as "set another folder".
        kind: of the error.

    Raises:
        EmolabError: of that kind, for any OSError inside but a BrokenPipeError, which is of a reader who has gone.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise kind(f"{place} can't be written: {reason}. Free space, mend the rights, or {advice}") from error


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success flush it to disk and rename it over `path`.

    The temporary name keeps the suffix of `path`, because some writers choose the format by it.
    On an error the temporary file is removed and `path` is left as it was.

    Raises:
        OSError: if the folder can't be written or the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = unfinished(path)
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, path)
        _flush_to_disk(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def unfinished(path: Path) -> Path:
    """Make an empty file beside `path` under a temporary name that ends like its own, for whom the umask lets read it.

    (`tempfile` makes files for their owner alone.)

    Raises:
        OSError: if it can't be made.
    """
    temporary = path.with_name(f"{UNFINISHED}{secrets.token_hex(4)}{path.name}")
    temporary.touch(exist_ok=False)
    return temporary


@contextmanager
def write_folder(folder: Path, replace: bool = True) -> Iterator[Path]:
    """Yield an empty folder within a temporary one beside `folder`; on success flush it to disk and rename it.

    On an error what was written is removed, and `folder` is left as it was.

    Args:
        folder: where what is written will be.
        replace: whether a folder that is there by then makes room; else it stays, and what was written is removed.

    Raises:
        OSError: if the place can't be written or the disk is full.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(f"-{folder.name}", UNFINISHED, folder.parent, ignore_cleanup_errors=True) as place:
        made = Path(place) / folder.name
        made.mkdir()
        yield made
        for path in [*made.rglob("*"), made]:
            _flush_to_disk(path)
        old = Path(place) / f"{folder.name}-old"  # goes with the temporary folder
        try:
            if replace and folder.exists():
                folder.rename(old)
            _put(made, folder)
        except BaseException:
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
        _flush_to_disk(folder.parent)


def _put(made: Path, folder: Path) -> None:
    """Rename `made` to `folder`, unless another process was faster."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some shared file systems flush files, but know no flushing of folders
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def own(path: Path, busy: Exception) -> FileLock:
    """Lock the file at `path` until the lock is released or this process ends, however it comes.

    Args:
        path: the lock's own file; made if missing.
        busy: raised where somebody else has locked it.

    Raises:
        OSError: if it can't be made.
    """
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise busy from None
    return lock


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data`, atomically."""
    with write_atomically(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends, atomically."""
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically. NaN and infinities are refused: they aren't JSON.

    Raises:
        ValueError: if `value` holds NaN or an infinity.
        TypeError: if `value` holds something JSON has no form for.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_text(path: Path) -> str:
    """Return the text in a file that emolab wrote, or a stranger's in its place.

    Raises:
        OSError: if it can't be read, or is a pipe or a device, which may never end.
        ValueError: if it's larger than any of emolab's, or not UTF-8.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if found.st_size > LARGEST_TEXT:
        raise ValueError(f"it holds {found.st_size:,} bytes, expected at most {LARGEST_TEXT:,}")
    return path.read_text(encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return the JSON value in `path`; errors as for `read_text`."""
    return json.loads(read_text(Path(path)))


def read_arrays(path: Path) -> dict[str, "np.ndarray"]:
    """Return the arrays of the `.npz` file at `path`. Nothing in it is run.

    Raises:
        ValueError: if it can't be read whole, whatever NumPy, zipfile and zlib make of the damage, or says that it
            holds more than fits into memory or grows as only a bomb does.
    """
    import numpy as np

    try:
        _check_growth(path)
        with np.load(path, allow_pickle=False) as saved:
            arrays = {name: saved[name] for name in saved.files}
    except MemoryError as error:  # a header may lie
        raise ValueError(f"damaged, or too large for this machine's memory: {one_line(error)}") from error
    except _DAMAGED as error:
        raise ValueError(f"not a whole .npz file: {one_line(error)}") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # the bytes of what doesn't begin as an array does
            raise ValueError(f"not a whole .npz file: {name} in it is no array")
    return arrays


def _check_growth(path: Path) -> None:
    packed = path.stat().st_size
    with ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > max(_LEAST_GROWN, _LARGEST_GROWTH * packed):
        raise ValueError(f"its {packed:,} bytes would become {size:,}")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file's bytes as 64 hexadecimal digits."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
