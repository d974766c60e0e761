"""The viewer as a user starts it: with an engine of a trained run, in processes that never import TensorFlow."""

import csv
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from commands import environment
from waiting import wait_for

from emolab.config.command import check_command, composed
from emolab.data.prepared import PreparedData
from emolab.engines import manifest
from emolab.engines.build import Builder
from emolab.engines.network import NetworkClassifier
from emolab.engines.registry import backend
from emolab.engines.selection import select
from emolab.errors import ConfigError, RunError
from emolab.exit_codes import exit_code
from emolab.files import read_json, write_json
from emolab.notices import LAW, NOTICE
from emolab.runs import RunRecord, resolve
from emolab.runs.network import load_network
from realtime.kaggle import export
from realtime.recogniser import Wanted, recogniser
from realtime.viewer import view

SCRIPT = (
    "import sys; from realtime.viewer import main\ntry:\n    main()\nfinally:\n"
    "    print('tensorflow' in sys.modules, 'pandas' in sys.modules)"
)

PROVED = {  # of an engine; without, it was never judged, and isn't used
    "parity": {
        "n": 24, "accuracy_engine": 1.0, "accuracy": {"value": 1.0, "low": 0.9, "high": 1.0}, "agreement": 1.0,
        "drop": {"value": 0.0, "low": 0.0, "high": 0.0},
    },
    "latency_ms": {"p50": 9.0, "p95": 10.0, "p99": 11.0}, "gates": {"accuracy": True, "latency": True},
}  # fmt: skip


@pytest.fixture(scope="module")
def project(competition: Path) -> Path:
    """The competition's folder beside a run whose ONNX engine is selected."""
    record = _record(competition.parent)
    reason = backend("onnxruntime").available("fp32")
    if reason is not None:
        pytest.skip(reason)
    (prepared,) = (competition.parent / "cache").glob("*/data.json")
    builder = Builder(record, PreparedData.open(prepared.parent), load_network(record), record.temperatures)
    folder = builder.build(backend("onnxruntime"), "fp32")
    manifest.amend(folder, **PROVED)
    select(record, folder, "for the test")
    return competition.parent


def _record(folder: Path) -> RunRecord:
    return resolve("last", folder / "runs")[0]


def _frames_shown(*settings: str) -> int:
    """How many frames the viewer has shown, in this process."""
    return view(composed("viewer", ["detector=full_frame", *settings])).timings.frames


def _refused(capsys: pytest.CaptureFixture[str], *settings: str) -> tuple[str, str]:
    """What is said on stdout and stderr where that ends with exit code 2."""
    capsys.readouterr()
    assert exit_code(lambda: _frames_shown(*settings)) == 2
    return capsys.readouterr()


def _view(folder: Path, *settings: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    variables = {key: value for key, value in environment().items() if key != "DISPLAY"}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, "detector=full_frame", *settings],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_every_photograph_of_a_folder_is_named_without_tensorflow(project: Path) -> None:
    done = _view(project, "source=images", "source.path=competition/test_kaggle", "display=file", "display.path=n.avi")
    assert done.returncode == 0, done.stderr
    assert "24 photographs" in done.stdout
    assert "recogniser: onnxruntime fp32" in done.stdout
    assert LAW in done.stdout
    assert done.stdout.splitlines()[-1] == "False False"
    rows = list(csv.DictReader((project / "n.csv").open(newline="")))
    assert sorted(row["file"] for row in rows) == sorted(f"{number}.png" for number in range(24))
    assert len({row["face"] for row in rows}) == 24
    assert {"anger", "happy", "sad"} <= set(rows[0])
    assert (project / "n.avi").stat().st_size > 10_000


def test_an_engine_outside_the_run_is_refused(project: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(_record(project).folder, tmp_path / "run")
    shutil.copytree(folder / "engines" / "onnxruntime-fp32", folder / "elsewhere")
    with pytest.raises(ConfigError, match=r"recogniser=\.\./elsewhere: .* no such engine"):
        recogniser(RunRecord.open(folder), Wanted("../elsewhere", failed_gates=True), live=False)


def test_an_export_before_the_first_frame_judges_by_the_given_budget(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(_record(project).folder, tmp_path / "run", ignore=shutil.ignore_patterns("engines"))
    with pytest.raises(RunError, match="exit code 2"):  # refused before anything is built, so that a second shows it
        recogniser(RunRecord.open(folder), Wanted("auto", cache=str(project / "cache"), budget_ms=-1.0), live=False)
    assert "budget_ms=-1.0" in capfd.readouterr().err


@pytest.fixture
def late(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run whose engine is too slow, and an export that always says so: a real one takes minutes."""
    folder = shutil.copytree(_record(project).folder, tmp_path / "run")
    (folder / "engines" / "selected.json").unlink()
    gates, times = {"accuracy": True, "latency": False}, dict.fromkeys(("p50", "p95", "p99"), 50.0)
    manifest.amend(folder / "engines" / "onnxruntime-fp32", gates=gates, latency_ms=times)
    export = tmp_path / "export"
    export.write_text("#!/bin/sh\nexit 1\n")
    export.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(export))
    monkeypatch.chdir(tmp_path)
    return folder


def test_where_no_engine_is_fast_enough_photographs_go_on_with_the_network(
    project: Path, late: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = (f"ckpt.run={late}", f"paths.cache={project / 'cache'}", "recogniser=auto")
    photographs = ("source=images", f"source.path={project / 'competition' / 'test_kaggle'}")
    assert _frames_shown(*settings, *photographs, "display=none") == 24
    submission = export(composed("kaggle", [f"data.root={project / 'competition'}", *settings]))
    assert len(submission.read_text().splitlines()) == 1 + 24
    out = capfd.readouterr().out
    assert out.count("no engine passed its gates") == 2
    assert out.count(f"recogniser: {NetworkClassifier.name}") == 2


def test_where_no_engine_is_fast_enough_a_live_source_is_told_how_slow_the_fastest_was_and_what_to_do(
    project: Path, late: Path
) -> None:
    with pytest.raises(RunError, match=r"onnxruntime-fp32, took 50\.0 ms a face") as caught:
        recogniser(RunRecord.open(late), Wanted("auto", cache=str(project / "cache")), live=True)
    for way in ("budget_ms=60", "recogniser=onnxruntime-fp32 failed_gates=true", "recogniser=network"):
        assert way in str(caught.value)


def test_a_face_below_the_threshold_that_the_runs_evaluation_found_is_not_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(_record(project).folder, tmp_path / "run")
    facts = read_json(tmp_path / "run" / "run.json")
    write_json(tmp_path / "run" / "run.json", {**facts, "uncertain_below": 1.0})
    photographs = ("source=images", f"source.path={project / 'competition' / 'test_kaggle'}")
    assert _frames_shown("ckpt.run=run", "paths.runs=.", *photographs, "display=file", "display.path=n.avi") == 24
    with (tmp_path / "n.csv").open(newline="") as handle:
        assert [row["label"] for row in csv.DictReader(handle)] == [""] * 24


def test_what_the_data_say_of_a_run_is_told_in_the_terminal_and_on_the_page(project: Path, tmp_path: Path) -> None:
    shutil.copytree(_record(project).folder, tmp_path / "run")
    facts = read_json(tmp_path / "run" / "run.json")
    data = {**facts["data"], "notice": "not fit for real faces"}
    write_json(tmp_path / "run" / "run.json", {**facts, "data": data})
    settings = ["ckpt=run", "paths.runs=.", "source=synthetic", "detector=full_frame", "display=web", "display.port=0"]
    command = [sys.executable, "-m", "realtime.viewer", *settings]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            lines.append(line)
            if line.startswith("open "):
                break
        try:
            with urlopen(lines[-1].split()[1], timeout=60) as answer:
                page = answer.read().decode()
        finally:
            process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert "0 frames in" in process.stdout.read()
    assert process.returncode == 0
    assert "note: not fit for real faces\n" in lines
    assert f"{NOTICE} Note: not fit for real faces.<" in page


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["source=video"], "source.path must be given"),
        (["smoothing.threshold=2"], "smoothing.threshold=2"),
        (["display=web", "display.token=short"], "display.token=short"),
        (["detector=yunet", "detector.score=3"], "detector.score=3"),
        (["source=webcam", "source.indx=1"], "Did you mean 'index'"),
    ],
)
def test_a_wrong_setting_is_named(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_command("viewer", settings)
    assert message in str(caught.value)


def test_a_missing_screen_is_said_without_a_traceback(project: Path) -> None:
    done = _view(project)
    assert done.returncode == 2
    assert "this machine has no screen" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_engine_that_isnt_there_is_refused_with_those_there_are(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    _, error = _refused(capsys, "recogniser=nosuch", "source=synthetic", "display=none")
    assert "Choose from: auto, selected, network, onnxruntime-fp32" in error


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["source.index=99", "display=none", "frames=5"], "camera 99 can't be opened"),
        (["source=video", "source.path=absent.mp4", "display=web", "display.port=0"], "absent.mp4: no such file"),
        (
            ["source=synthetic", "detector=auto", "detector.path=absent.onnx", "display=none", "frames=5"],
            "absent.onnx: no such file",
        ),
    ],
)
def test_a_source_or_detector_that_cant_work_is_refused_before_an_engine_is_sought(
    project: Path,
    settings: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(project)
    out, error = _refused(capsys, *settings)
    assert message in error
    assert "recogniser" not in out


def test_an_onnx_file_of_another_network_is_no_detector_and_garbage_no_engine(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(_record(project).folder, tmp_path / "run")
    engine = tmp_path / "run" / "engines" / "onnxruntime-fp32"
    settings = ("ckpt.run=run", "paths.runs=.", "source=synthetic", "display=none", "frames=5")
    _, error = _refused(capsys, *settings, "detector=yunet", f"detector.path={engine / 'model.onnx'}")
    assert "model.onnx: OpenCV can't read it as YuNet's ONNX file" in error
    (engine / "model.onnx").write_bytes(b"garbage")
    manifest.write(engine, manifest.read(engine).model_dump())
    _, error = _refused(capsys, *settings)
    assert "can't be used by onnxruntime" in error


def test_an_engine_that_failed_a_gate_is_used_only_when_told_to(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    path = _record(project).folder / "engines" / "onnxruntime-fp32" / "engine.json"
    facts = read_json(path)
    write_json(path, {**facts, "gates": {"parity": True, "latency": False}})
    settings = ("source=synthetic", "display=none", "frames=5")
    _, refused = _refused(capsys, *settings)
    shown = _frames_shown(*settings, "failed_gates=true")
    write_json(path, facts)
    assert "failed a gate (latency)" in refused
    assert shown == 5


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_a_viewer_that_is_terminated_keeps_what_it_recorded(project: Path, end: signal.Signals) -> None:
    settings = ["detector=full_frame", "source=synthetic", "display=file", f"display.path={end.name}.avi"]
    process = subprocess.Popen([sys.executable, "-m", "realtime.viewer", *settings], cwd=project, env=environment())
    parts = f".tmp-*{end.name}.avi"
    wait_for(lambda: process.poll() is not None or any(p.stat().st_size > 50_000 for p in project.glob(parts)))
    process.send_signal(end)
    assert process.wait(60) == 130
    assert (project / f"{end.name}.avi").stat().st_size > 50_000
    assert (project / f"{end.name}.csv").stat().st_size > 0
    assert list(project.glob(".tmp-*")) == []


@pytest.mark.slow
def test_a_run_without_an_engine_is_exported_first_and_only_once(competition: Path, tmp_path: Path) -> None:
    """Slow: every engine is built and measured."""
    shutil.copytree(competition.parent, tmp_path / "project", ignore=shutil.ignore_patterns("engines"))
    settings = ("source=synthetic", "display=none", "frames=3", "recogniser=auto")
    first, again = (_view(tmp_path / "project", *settings, timeout=1200) for _ in range(2))
    assert first.returncode == 0, first.stdout + first.stderr
    assert "no engine that passed its gates; exporting" in first.stdout
    assert "3 frames" in first.stdout
    assert "exporting" not in again.stdout
    assert again.stdout.splitlines()[-1] == "False False"


@pytest.mark.slow
def test_photographs_go_on_with_the_network_where_a_real_export_finds_no_engine_fast_enough(
    competition: Path, tmp_path: Path
) -> None:
    """Slow: every engine is built and measured."""
    shutil.copytree(competition.parent, tmp_path / "project", ignore=shutil.ignore_patterns("engines"))
    photographs = ("source=images", "source.path=competition/test_kaggle", "display=none")
    done = _view(tmp_path / "project", *photographs, "recogniser=auto", "budget_ms=0.001", timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "what isn't live goes on with the run's network" in done.stdout
    assert "24 frames" in done.stdout
