import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolab.runs import journal


def write(path: Path, epochs: int) -> None:
    for epoch in range(epochs):
        journal.append(path, {"epoch": epoch, "loss": 1.0 / (epoch + 1)})


def test_lines_are_read_back(tmp_path):
    write(tmp_path / "m", 3)
    assert [line["epoch"] for line in journal.read(tmp_path / "m")] == [0, 1, 2]


def test_no_file_holds_no_lines(tmp_path):
    assert journal.read(tmp_path / "m") == []


def test_values_that_are_not_finite_become_null(tmp_path):
    journal.append(tmp_path / "m", {"epoch": 0, "loss": float("nan"), "gradient": float("inf")})
    assert journal.read(tmp_path / "m") == [{"epoch": 0, "loss": None, "gradient": None}]


@given(cut=st.integers(min_value=0, max_value=200))
def test_a_file_torn_anywhere_gives_its_whole_lines(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("torn") / "m"
    write(path, 4)
    whole = path.read_bytes()[:cut]
    path.write_bytes(whole)
    assert len(journal.read(path)) == whole.count(b"\n")


@pytest.mark.parametrize("odd", ["[" * 100_000, '{"epoch": ' + "[" * 100_000], ids=["list", "epoch"])
def test_a_line_nested_beyond_reason_ends_the_lines(tmp_path, odd):
    write(tmp_path / "m", 2)
    with (tmp_path / "m").open("a") as handle:
        handle.write(f"{odd}\n")
    assert [line["epoch"] for line in journal.read(tmp_path / "m")] == [0, 1]


def test_lines_before_an_end_without_end_are_read_and_the_memory_stays(tmp_path):
    write(tmp_path / "m", 2)
    os.truncate(tmp_path / "m", 2**40)  # a terabyte that takes no disk
    assert [line["epoch"] for line in journal.read(tmp_path / "m")] == [0, 1]


def test_truncate_keeps_the_epochs_before_and_mends_a_torn_end(tmp_path):
    path = tmp_path / "m"
    write(path, 5)
    os.truncate(path, path.stat().st_size - 3)
    journal.truncate(path, 3)
    journal.append(path, {"epoch": 3})
    assert [line["epoch"] for line in journal.read(path)] == [0, 1, 2, 3]


def test_truncate_gives_the_bytes_of_a_run_that_was_never_longer(tmp_path):
    write(tmp_path / "short", 2)
    write(tmp_path / "long", 5)
    journal.truncate(tmp_path / "long", 2)
    assert (tmp_path / "long").read_bytes() == (tmp_path / "short").read_bytes()


def test_a_line_that_does_not_fit_on_the_disk_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "m"
    write(path, 2)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        journal.append(path, {"epoch": 2})
    assert path.read_bytes() == before
