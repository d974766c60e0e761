"""How `python -m experiments.demo_faces` ends where nothing is rendered."""

import sys
from pathlib import Path

import pytest
from run_fields import made_record

from emolab.exit_codes import INTERRUPTED, WRONG
from experiments.demo_faces import judge, pack
from experiments.demo_faces.__main__ import main


def _ended(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["demo_faces", *arguments])
    return main()


def test_a_run_with_a_class_that_no_recipe_is_for_is_refused_before_anything_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made_record(tmp_path, classes=["bored", "happy"]).folder
    assert _ended(monkeypatch, "judge", str(run)) == WRONG
    error = capsys.readouterr().err
    assert "names bored, which no recipe is for" in error
    assert "among: anger, contempt" in error


def test_only_what_goes_on_where_it_was_says_so_when_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pack, "render_pack", stopped)
    monkeypatch.setattr(judge, "judge_recipes", stopped)
    said = []
    for verb in (["pack", "--output", str(tmp_path)], ["judge", str(tmp_path)]):
        assert _ended(monkeypatch, *verb) == INTERRUPTED
        said.append(capsys.readouterr().err)
    assert said == ["interrupted: the same command goes on\n", "interrupted\n"]
