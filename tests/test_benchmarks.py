"""What the benchmarks keep and read again, on any machine."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from run_fields import made_record

from benchmarks import engines, pruning
from emolab import files


def test_an_engine_that_failed_and_a_format_without_a_peak_stop_no_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = files.read_json(engines.RESULTS / "custom_cnn-48.json")
    facts = {**kept["engines"][0], "precision": "fp16"}
    facts["temperatures"] = dict.fromkeys(facts["classes"], 1.0)
    facts["parity"]["accuracy"] = facts["parity"]["drop"]
    facts["latency_ms"] |= {"load_per_core": None}  # as on Windows
    broken = {**facts, "precision": "int8", "gates": {"usable": False}}
    run = made_record(tmp_path / "runs")
    for told in (facts, broken):
        files.write_json(run.folder / "engines" / f"{told['engine']}-{told['precision']}" / "engine.json", told)
    files.write_json(tmp_path / "made.json", {**kept, "engines": engines.timed(run)})
    monkeypatch.setattr(engines, "RESULTS", tmp_path)
    engines.write_summary()
    *_, line, row = (tmp_path / "README.md").read_text().splitlines()
    assert line.startswith("| --- |")
    assert row.startswith("| custom_cnn | 48 |")
    assert f"{facts['engine']} fp16" in row
    assert row.endswith("|  |  |")


def _csv(path: Path, images: int) -> Path:
    """A CSV as FER2013's, each image another noise."""
    random = np.random.default_rng(0)
    usages = itertools.cycle(["Training", "Training", "PublicTest", "PrivateTest"])
    rows = [
        f"{number % 7},{' '.join(map(str, random.integers(0, 256, 48 * 48)))},{usage}"
        for number, usage in zip(range(images), usages, strict=False)
    ]
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]))
    return path


def test_a_part_of_the_faces_is_whole_and_of_the_counts_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv = _csv(tmp_path / "faces.csv", 40)

    def counts(folder: Path) -> list[int]:
        return [len(list((folder / split).rglob("*.png"))) for split in ("train", "validation")]

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(engines.Image.Image, "save", full)
        with pytest.raises(OSError, match="no space"):
            engines.part_of(csv, tmp_path / "work", 8, 4)
    assert counts(engines.part_of(csv, tmp_path / "work", 8, 4)) == [8, 4]
    assert counts(engines.part_of(csv, tmp_path / "work", 12, 5)) == [12, 5]


def test_a_part_of_the_csv_that_couldnt_be_written_whole_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv, part = _csv(tmp_path / "faces.csv", 8), tmp_path / "kept" / "part.csv"

    def cut(_: object, path: Path, **__: object) -> None:
        Path(path).write_text("emotion")
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pruning.pd.DataFrame, "to_csv", cut)
        with pytest.raises(OSError, match="no space"):
            pruning.write_part(csv, part)
    pruning.write_part(csv, part)
    assert len(part.read_text().splitlines()) == 1 + 8
