"""The summary of engines, made of what exports on any machine leave."""

import json
from pathlib import Path

import pytest

from benchmarks import engines


def test_an_engine_that_failed_and_a_format_without_a_peak_stop_no_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = json.loads((engines.RESULTS / "custom_cnn-48.json").read_text())
    facts = {**kept["engines"][0], "precision": "fp16"}
    facts["latency_ms"] |= {"load_per_core": None}  # as on Windows
    for name, told in (("good", facts), ("broken", {"engine": "tftrt", "gates": {"usable": False}})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "engine.json").write_text(json.dumps(told))
    (tmp_path / "made.json").write_text(json.dumps({**kept, "engines": engines.timed(tmp_path)}))
    monkeypatch.setattr(engines, "RESULTS", tmp_path)
    engines.write_summary()
    (row,) = (tmp_path / "README.md").read_text().splitlines()[-1:]
    assert row.startswith("| custom_cnn | 48 |")
    assert f"{facts['engine']} fp16" in row
    assert row.endswith("|  |  |")
