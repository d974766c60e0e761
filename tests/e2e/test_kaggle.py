"""From a competition's folder to its file, as a user does it. Slow (a training), and worth it: this went wrong once."""

import csv
import os
import shutil
import stat
from pathlib import Path

import pytest
from commands import run

from emolab.config.command import check_command, composed
from emolab.errors import ConfigError, DataError, RunError
from realtime.kaggle import export

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


def test_a_photograph_that_cant_be_read_is_refused_and_nothing_written(
    competition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(competition, tmp_path / "competition")
    (tmp_path / "competition/test_kaggle/3.png").write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="unreadable=most_frequent"):
        export(composed("kaggle", [*SETTINGS, f"paths.runs={competition.parent / 'runs'}"]))
    assert "3.png" in capsys.readouterr().out
    assert not list(tmp_path.glob("submission*"))


def test_a_run_is_averaged_once_however_it_is_named(
    competition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(competition.parent)
    with pytest.raises(RunError, match=r"ckpt: best and last are the same run, .* expected each run once"):
        export(composed("kaggle", [*SETTINGS, "ckpt.run=[best,last]", f"output={tmp_path}/twice.csv"]))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("file/submission.csv", r"file/submission\.csv can't be written: File exists\. .*or name another file"),
        ("out.csv", r"out\.csv is a folder: name the file, such as out\.csv/submission\.csv"),
    ],
)
def test_a_place_that_cant_be_written_is_refused_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, message: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "out.csv").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"output={message}"):
        export(composed("kaggle", ["data.root=absent", f"output={output}"]))


def test_an_output_without_a_suffix_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"output=out: expected a file that ends in .*out/submission\.csv"):
        check_command("kaggle", ["data.root=absent", "output=out"])


def test_submitting_uses_the_official_client_and_refuses_before_anything_without_it(
    competition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client itself needs Kaggle; a program in its place shows what it's asked to do."""
    monkeypatch.chdir(competition.parent)
    settings = ("competition=faces", "output=sent.csv")
    with monkeypatch.context() as patched:
        patched.setenv("PATH", "/nowhere")
        without = run("realtime.kaggle", *SETTINGS, "--submit", *settings, cwd=competition.parent)
    assert without.returncode == 2
    assert "pip install kaggle" in without.stderr
    assert not Path("sent.csv").exists()
    client = tmp_path / "kaggle"
    client.write_text(f'#!/bin/sh\necho "$@" > {tmp_path / "asked"}\necho "404 - no such competition" >&2\nexit 1\n')
    client.chmod(client.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "of nobody")
    with pytest.raises(DataError, match="404 - no such competition"):
        export(composed("kaggle", [*SETTINGS, "submit=true", *settings]))
    assert (tmp_path / "asked").read_text().startswith("competitions submit -c faces -f sent.csv -m emolab ")
    assert Path("sent.csv").is_file()
