"""From a competition's folder to its file, as a user does it. Slow (a training), and worth it: this went wrong once."""

import csv
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from commands import environment, run

SETTINGS = ("data.root=competition", "data.image_size=32")


def test_classes_are_right_from_the_folder_to_the_file_whatever_the_order(competition: Path) -> None:
    folder = competition.parent
    (folder / "earlier.csv").write_text("image_path,emotion\n0.png,anger\n")
    done = run("realtime.kaggle", *SETTINGS, "flip=true", "compare=earlier.csv", cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    with (folder / "submission.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    truth = dict(line.split(",") for line in (folder / "truth.csv").read_text().split())
    sample = [line.split(",")[0] for line in (competition / "sample_submission.csv").read_text().split()[1:]]
    assert [row["image_path"] for row in rows] == sample
    right = sum(truth[row["image_path"]] == row["emotion"] for row in rows)
    assert right / len(rows) > 0.6  # stripes are easy; any mix-up of the classes leaves a third or less
    assert "rows differ from earlier.csv" in done.stdout
    assert (folder / "submission.classes.png").stat().st_size > 5_000
    confidences = [float(row["confidence"]) for row in csv.DictReader((folder / "submission.confidence.csv").open())]
    assert all(1 / 3 <= value <= 1 for value in confidences)


def test_a_photograph_that_cant_be_read_is_refused_and_nothing_written(competition: Path, tmp_path: Path) -> None:
    shutil.copytree(competition, tmp_path / "competition")
    (tmp_path / "competition/test_kaggle/3.png").write_bytes(b"no picture")
    settings = ("data.root=competition", "data.image_size=32", f"paths.runs={competition.parent / 'runs'}")
    done = run("realtime.kaggle", *settings, cwd=tmp_path)
    assert done.returncode == 2
    assert "3.png" in done.stdout + done.stderr
    assert "unreadable=most_frequent" in done.stderr
    assert not list(tmp_path.glob("submission*"))


def test_a_place_that_cant_be_written_is_refused_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("realtime.kaggle", "data.root=absent", "output=file/submission.csv", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "output=file/submission.csv can't be written: File exists. " in done.stderr
    assert "or name another file" in done.stderr


def test_a_folder_in_the_outputs_place_is_refused_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    for name, message in (
        ("out.csv", "out.csv is a folder: name the file"),
        ("out", "out: expected a file that ends in"),
    ):
        done = run("realtime.kaggle", "data.root=absent", f"output={name}", cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert f"output={message}" in done.stderr
        assert f"{name}/submission.csv" in done.stderr


def test_submitting_uses_the_official_client_and_refuses_before_anything_without_it(
    competition: Path, tmp_path: Path
) -> None:
    """The client itself needs Kaggle; a program in its place shows what it's asked to do."""
    client = tmp_path / "kaggle"
    client.write_text(f'#!/bin/sh\necho "$@" > {tmp_path / "asked"}\necho "404 - no such competition" >&2\nexit 1\n')
    client.chmod(client.stat().st_mode | stat.S_IXUSR)
    command = [sys.executable, "-m", "realtime.kaggle", *SETTINGS, "--submit", "competition=faces", "output=sent.csv"]
    options = {"cwd": competition.parent, "capture_output": True, "text": True, "timeout": 120, "check": False}
    without = subprocess.run(command, env={**environment(), "PATH": "/nowhere"}, **options)
    assert without.returncode == 2
    assert "pip install kaggle" in without.stderr
    assert not (competition.parent / "sent.csv").exists()
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    sent = subprocess.run(command, env={**environment(), "PATH": path}, **options)
    assert sent.returncode == 2
    assert "404 - no such competition" in sent.stderr
    assert (tmp_path / "asked").read_text().startswith("competitions submit -c faces -f sent.csv -m emolab ")
    assert (competition.parent / "sent.csv").is_file()
