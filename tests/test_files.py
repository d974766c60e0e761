import errno
import os
import stat
import struct
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from emolab import files
from emolab.files import own, write_folder


def fill(folder: Path, text: str, **settings: bool) -> None:
    with write_folder(folder, **settings) as made:
        assert made.name == folder.name
        (made / "within").mkdir()
        (made / "within" / "file.txt").write_text(text)


@pytest.mark.parametrize(("umask", "folder", "file"), [(0o022, 0o755, 0o644), (0o077, 0o700, 0o600)])
def test_what_is_written_is_there_when_whole_and_for_whom_the_umask_says(
    tmp_path: Path, umask: int, folder: int, file: int
) -> None:
    before = os.umask(umask)
    try:
        fill(tmp_path / "new" / "folder", "whole")
        files.write_text(tmp_path / "new" / "text", "whole")
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "folder" / "within" / "file.txt").read_text() == "whole"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*")}
    assert modes == {"folder": folder, "within": folder, "file.txt": file, "text": file}
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"folder", "text"}


def test_a_file_system_that_flushes_no_folders_is_written_to_and_a_broken_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such file system is here: the system call alone is replaced."""
    flush = os.fsync

    def refused_for_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", refused_for_folders)
    code = errno.EINVAL
    files.write_text(tmp_path / "text", "whole")
    code = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        files.write_text(tmp_path / "text", "whole")


def test_arrays_that_would_fill_the_memory_are_refused_before_they_are_read(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", zeros=np.zeros(70 * 2**20, np.uint8))
    with pytest.raises(ValueError, match="bytes would become 73,4"):
        files.read_arrays(tmp_path / "bomb.npz")
    np.savez_compressed(tmp_path / "small.npz", zeros=np.zeros(2**20, np.uint8))
    assert len(files.read_arrays(tmp_path / "small.npz")["zeros"]) == 2**20


def test_a_text_that_never_ends_or_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a regular file"):
        files.read_text(Path("/dev/zero"))
    with (tmp_path / "large.json").open("wb") as handle:
        handle.truncate(40 * 2**30)  # bytes, none of them on the disk
    with pytest.raises(ValueError, match="expected at most"):
        files.read_json(tmp_path / "large.json")


def fill_half(folder: Path) -> None:
    with write_folder(folder) as made:
        (made / "half.txt").write_text("half")
        raise KeyboardInterrupt


def test_a_folder_that_is_cut_leaves_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path / "folder", "before")
    with pytest.raises(KeyboardInterrupt):
        fill_half(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["within"]


def test_a_folder_that_is_cut_while_it_makes_room_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "folder", "before")

    def interrupted(*_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_put", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "folder", "after")
    assert (tmp_path / "folder" / "within" / "file.txt").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(("replace", "stays"), [(True, "after"), (False, "before")])
def test_a_folder_that_is_there_makes_room_or_stays(tmp_path: Path, replace: bool, stays: str) -> None:
    fill(tmp_path / "folder", "before")
    fill(tmp_path / "folder", "after", replace=replace)
    assert (tmp_path / "folder" / "within" / "file.txt").read_text() == stays
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_all_of_a_folder_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []

    def fsync(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        assert (tmp_path / "folder").exists() == (flushed[-1] == tmp_path.stat().st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    fill(tmp_path / "folder", "whole")
    paths = [tmp_path, tmp_path / "folder", *(tmp_path / "folder").rglob("*")]
    assert sorted(flushed) == sorted(path.stat().st_ino for path in paths)


def test_what_one_owns_is_busy_for_others_until_its_released(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    lock = own(path, ValueError("busy"))
    with pytest.raises(ValueError, match="busy"):
        own(path, ValueError("busy"))
    lock.release()
    own(path, ValueError("busy")).release()


def _array_header(text: str) -> bytes:
    """What a file in NumPy's format begins with."""
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text) + 1) + text.encode() + b"\n"


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (
            _array_header("{'descr': '<f4', 'fortran_order': False, 'shape': (9999, 99999999)}"),
            "Unable to allocate|EOF",
        ),
        (_array_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1" + "0" * 30 + ",)}"), "too large"),
        (_array_header("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)"), "EOF in multi-line statement"),
        (_array_header("-" * 9000 + "1"), "MemoryError|recursion"),
        (b"a text", "a in it is no array"),
    ],
    ids=["a terabyte", "a number without end", "an open bracket", "depth", "no array"],
)
def test_arrays_whose_headers_lie_are_refused(tmp_path: Path, member: bytes, reason: str) -> None:
    with ZipFile(tmp_path / "arrays.npz", "w") as archive:
        archive.writestr("a.npy", member)
    with pytest.raises(ValueError, match=reason):
        files.read_arrays(tmp_path / "arrays.npz")
