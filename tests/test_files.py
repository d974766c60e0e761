import os
import struct
from pathlib import Path
from zipfile import ZipFile

import pytest

from emolab import files
from emolab.files import own, write_folder


def fill(folder: Path, text: str, **settings: bool) -> None:
    with write_folder(folder, **settings) as made:
        assert made.name == folder.name
        (made / "within").mkdir()
        (made / "within" / "file.txt").write_text(text)


def test_a_folder_is_there_when_whole_and_readable_for_all_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        fill(tmp_path / "new" / "folder", "whole")
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "folder" / "within" / "file.txt").read_text() == "whole"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*")}
    assert modes == {"folder": 0o755, "within": 0o755, "file.txt": 0o644}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["folder"]


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
