"""The summary of engines, made of what exports on any machine leave."""

from pathlib import Path

import pytest

from benchmarks import engines
from emolab import files
from emolab.runs import RunRecord


def test_an_engine_that_failed_and_a_format_without_a_peak_stop_no_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = files.read_json(engines.RESULTS / "custom_cnn-48.json")
    facts = {**kept["engines"][0], "precision": "fp16"}
    facts["latency_ms"] |= {"load_per_core": None}  # as on Windows
    broken = {**facts, "precision": "int8", "gates": {"usable": False}}
    for told in (facts, broken):
        files.write_json(tmp_path / "engines" / f"{told['engine']}-{told['precision']}" / "engine.json", told)
    files.write_json(tmp_path / "made.json", {**kept, "engines": engines.timed(RunRecord(tmp_path, {}))})
    monkeypatch.setattr(engines, "RESULTS", tmp_path)
    engines.write_summary()
    *_, line, row = (tmp_path / "README.md").read_text().splitlines()
    assert line.startswith("| --- |")
    assert row.startswith("| custom_cnn | 48 |")
    assert f"{facts['engine']} fp16" in row
    assert row.endswith("|  |  |")
