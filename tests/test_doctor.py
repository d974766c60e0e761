import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment, run

from emolab import machine


def test_it_names_engines_with_reasons_detectors_cameras_and_disk(tmp_path: Path) -> None:
    done = run("emolab.doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for text in ("tensorflow", "tftrt fp16", "openvino int8", "haar", "cameras", "GiB free"):
        assert text in done.stdout
    assert "TensorRT" in done.stdout  # why tftrt is out
    assert "Traceback" not in done.stdout + done.stderr


def test_it_never_imports_tensorflow_unasked(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from emolab.machine import examine;"
        "examine(Path('runs'), Path('cache')); print([name for name in ('tensorflow', 'wandb') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_what_is_missing_is_named_and_only_the_necessary_is_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "requires", lambda name: ["abacus>=1", "numpy>=1.26,<3", "loom; extra == 'dev'"])
    findings = machine.examine(tmp_path / "runs", tmp_path / "cache")
    assert [finding.name for finding in findings if finding.broken] == ["abacus"]
    assert {"yunet"} <= {finding.name for finding in findings if finding.good is False}


def test_a_key_for_wandb_is_seen_without_being_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    findings = machine.examine(tmp_path / "runs", tmp_path / "cache")
    (state,) = [finding for finding in findings if finding.topic == "W&B"]
    assert "goes online" in state.text
    assert "kkkk" not in str(findings)
