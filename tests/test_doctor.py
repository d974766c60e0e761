import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb
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
        "examine(Path('runs'), Path('cache')); print('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300
    )
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_what_is_missing_is_named_and_only_the_necessary_is_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = ["abacus[fast]~=1.0", "numpy>=1.26,<3", "loom; extra == 'dev'", "winreg; sys_platform == 'win32'"]
    monkeypatch.setattr(machine, "requires", lambda name: wanted)
    findings = machine.examine(tmp_path / "runs", tmp_path / "cache")
    assert [finding.name for finding in findings if finding.broken] == ["abacus"]
    assert {"yunet"} <= {finding.name for finding in findings if finding.good is False}


def test_a_file_where_a_folder_is_expected_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    findings = machine.examine(file, file / "cache")
    broken = {finding.name: finding.text for finding in findings if finding.broken}
    told = f"{file} is a file, expected a folder: set paths."
    assert broken == {"runs": f"{told}runs", "cache": f"{told}cache"}


@pytest.fixture
def fresh_wandb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """W&B reads its settings once in a process: here, before and after a test, again."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_CONFIG_DIR", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    wandb.teardown()
    yield
    wandb.teardown()


def said_of_wandb(folder: Path) -> str:
    (state,) = [finding for finding in machine.examine(folder / "runs", folder / "cache") if finding.topic == "W&B"]
    return str(state)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (None, "goes online"),
        ("online", "goes online"),
        ("dryrun", "WANDB_MODE=dryrun: logger=wandb writes offline"),
        ("disabled", "WANDB_MODE=disabled: logger=wandb does nothing"),
    ],
)
@pytest.mark.usefixtures("fresh_wandb")
def test_what_a_key_for_wandb_does_is_told_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str | None, told: str
) -> None:
    if mode is not None:
        monkeypatch.setenv("WANDB_MODE", mode)
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    assert told in said_of_wandb(tmp_path)
    assert "kkkk" not in said_of_wandb(tmp_path)


@pytest.mark.usefixtures("fresh_wandb")
def test_a_key_counts_for_the_server_that_wandbs_settings_name_alone(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine elsewhere login wandb password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert "writes offline" in said_of_wandb(tmp_path)
    (tmp_path / ".config" / "wandb").mkdir(parents=True)
    (tmp_path / ".config" / "wandb" / "settings").write_text("[default]\nbase_url = http://elsewhere\n")
    wandb.teardown()
    assert "a key for http://elsewhere: logger=wandb goes online" in said_of_wandb(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WANDB_BASE_URL", "nonsense", "base_url: Input should be a valid URL"),
        ("WANDB_API_KEY", f" {'k' * 40} ", "cannot start or end with whitespace"),
    ],
)
@pytest.mark.usefixtures("fresh_wandb")
def test_settings_that_wandb_refuses_are_named_without_their_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    assert told in said_of_wandb(tmp_path)
    assert value not in said_of_wandb(tmp_path)


def test_a_machine_without_wandb_is_looked_at_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert "W&B" not in {finding.topic for finding in machine.examine(tmp_path / "runs", tmp_path / "cache")}
