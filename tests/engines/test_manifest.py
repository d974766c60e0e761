import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from run_fields import made_record

from emolab import files
from emolab.engines import manifest
from emolab.engines.gates import fastest
from emolab.engines.registry import backend
from emolab.engines.selection import engines_of, fastest_here, select, selected_engine
from emolab.errors import RunError
from emolab.runs import RunRecord
from realtime.recogniser import Wanted, recogniser

INTERVAL = {"value": 0.0, "low": 0.0, "high": 0.0}
BUILT = {
    "engine": "litert", "precision": "fp32", "classes": ["happy", "sad"], "image_size": 48, "sha256": {}, "options": {},
    "hardware": {"system": "Linux", "processor": "one", "cores": 2, "gpus": []}, "fingerprint": "f",
    "temperatures": {"happy": 1.0, "sad": 1.0},
}  # fmt: skip
PROVED = {
    "parity": {"n": 9, "accuracy_engine": 1.0, "accuracy": INTERVAL, "drop": INTERVAL, "agreement": 1.0},
    "latency_ms": {"p50": 1.0, "p95": 2.0, "p99": 3.0}, "throughput": {"1": 900.0}, "gates": {"latency": True},
    "ratio": {"keras_predict": 9.0, "savedmodel": 1.0}, "start": {"seconds": 1.0, "memory_mib": None},
}  # fmt: skip


def _written(folder: Path, **fields: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / manifest.FACTS).write_text(json.dumps({**BUILT, **PROVED, **fields}))
    return folder


def _run(root: Path) -> RunRecord:
    return made_record(root, classes=BUILT["classes"])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"parity": "x"}, "parity is 'x', expected keys with values"),
        ({"parity": {**PROVED["parity"], "drop": {"value": 0.0}}}, "parity.drop.low is missing"),
        ({"parity": {**PROVED["parity"], "accuracy": [1.0]}}, r"parity.accuracy is \[1.0\], expected keys with values"),
        ({"gates": ["latency"]}, r"gates is \['latency'\], expected keys with values"),
        ({"gates": {"latency": "yes"}}, "gates.latency is 'yes', expected true or false"),
        ({"latency_ms": {"p50": 1.0, "p99": 3.0}}, "latency_ms.p95 is missing"),
        ({"latency_ms": {**PROVED["latency_ms"], "p95": 10**400}}, "latency_ms.p95 is 1000.*expected a number"),
        ({"hardware": {"gpus": "Tesla T4"}}, "hardware.gpus is 'Tesla T4', expected a list"),
        ({"hardware": {"cores": "two"}}, "hardware.cores is 'two', expected a whole number"),
        ({"precision": "fp64"}, "precision is 'fp64', expected 'fp32', 'fp16', 'bf16' or 'int8'"),
        ({"classes": "happy"}, "classes is 'happy', expected a list"),
        ({"image_size": 1 << 40}, "image_size is .*, expected 16 to 1024 pixels"),
        ({"temperatures": 1.5}, "temperatures is 1.5, expected keys with values"),
        ({"temperatures": {"happy": "1.5"}}, "temperatures.happy is '1.5', expected a number"),
        ({"throughput": {"1": "fast"}}, "throughput.1 is 'fast', expected a number"),
        ({"start": [1]}, r"start is \[1\], expected keys with values"),
        ({"bytes": "many"}, "bytes is 'many', expected a whole number"),
    ],
)
def test_a_damaged_field_of_an_engine_is_named_with_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fields: dict[str, Any], told: str
) -> None:
    """In the viewer, whichever way it comes to the engine; export and comparison go on without it, and say so."""
    run = _run(tmp_path / "runs")
    folder = _written(run.folder / "engines" / "litert-fp32", **fields)
    select(run, folder, "the fastest")
    for choice in ("litert-fp32", "selected", "auto"):
        with pytest.raises(RunError, match=rf"engine\.json is damaged: {told}.*\. Export it again"):
            recogniser(run, Wanted(choice, failed_gates=True), live=False)
    assert engines_of(run) == []
    assert "Export it again" in caplog.text


@pytest.mark.parametrize("text", ["[]", "3", "{", "[" * 100_000])
def test_what_are_no_facts_of_an_engine_at_all_is_refused(tmp_path: Path, text: str) -> None:
    folder = _written(tmp_path / "litert-fp32")
    (folder / manifest.FACTS).write_text(text)
    with pytest.raises(RunError, match=r"engine\.json (holds|can't be read).*Export it again"):
        manifest.read(folder)


def _whole(folder: Path) -> Path:
    (folder / "saved_model").mkdir(parents=True)
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"graph")
    manifest.write(folder, BUILT)
    return folder


def test_an_engine_stays_whole_where_a_kill_stopped_the_writing_of_its_facts(tmp_path: Path) -> None:
    folder = _whole(tmp_path / "tensorflow-fp32")
    with files.write_atomically(folder / manifest.FACTS) as unfinished:  # it stays if the process is killed here
        shutil.copy(folder / manifest.FACTS, unfinished)
        assert manifest.verified(folder).engine == BUILT["engine"]
    (folder / ".tmp-weights.bin").write_bytes(b"x")  # of nobody's
    with pytest.raises(RunError, match=r"differ in \.tmp-weights\.bin"):
        manifest.verified(folder)


def test_a_linked_folder_that_was_added_to_an_engine_is_refused(tmp_path: Path) -> None:
    folder = _whole(tmp_path / "tensorflow-fp32")
    (folder / "more").symlink_to(shutil.copytree(folder / "saved_model", tmp_path / "elsewhere"))
    with pytest.raises(RunError, match=r"isn't whole: .* differ in more\."):
        manifest.verified(folder)


def test_an_engine_that_was_only_built_is_read_as_one_and_never_the_fastest(tmp_path: Path) -> None:
    folder = _written(tmp_path / "litert-fp32")
    (folder / manifest.FACTS).write_text(json.dumps({**BUILT, "more": 1, "gates": None}))
    facts = manifest.read(folder)
    assert facts.model_dump(exclude_none=True) == {**BUILT, "more": 1}
    proved = manifest.amend(folder, **PROVED)
    assert fastest([facts, manifest.amend(folder, gates={"latency": True}, parity=None)]) is None
    assert fastest([facts, proved]) == proved


def test_an_engine_of_the_run_as_it_is_is_selected_whatever_else_its_facts_hold(tmp_path: Path) -> None:
    run = _run(tmp_path / "runs")
    folder = _written(run.folder / "engines" / "litert-fp32", weights=None, mine=[1])
    select(run, folder, "the fastest")
    assert selected_engine(run) == folder


ELSEWHERE = {"engine": "openvino", "precision": "bf16", "options": {"device": "ABACUS"}}  # where that is


def _took(p50: float) -> dict[str, Any]:
    return {"latency_ms": {"p50": p50, "p95": 2 * p50, "p99": 3 * p50}}


def test_the_fastest_engine_that_passed_and_can_run_here_is_found(tmp_path: Path) -> None:
    run = _run(tmp_path / "runs")
    engines = run.folder / "engines"
    assert fastest_here(run) is None
    _written(engines / "openvino-bf16", weights=None, **ELSEWHERE, **_took(1))
    _written(engines / "litert-int8", weights=None, precision="int8", options={"lost": 1}, **_took(1))
    _written(engines / "tensorflow-fp32", weights=None, engine="tensorflow", gates={"accuracy": False})
    assert fastest_here(run) is None
    shutil.rmtree(engines / "tensorflow-fp32")
    slow = _written(engines / "tensorflow-fp32", weights=None, engine="tensorflow", **_took(9))
    assert fastest_here(run) == slow
    fast = _written(engines / "tensorflow-int8", weights=None, engine="tensorflow", precision="int8", **_took(8))
    assert fastest_here(run) == fast
    manifest.amend(fast, weights="of an earlier epoch")
    assert fastest_here(run) == slow


def test_a_selected_engine_that_cant_run_here_is_told_of_and_auto_goes_on_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a laptop to which a run was copied from a processor that computes in bf16."""
    run = _run(tmp_path / "runs")
    select(run, _written(run.folder / "engines" / "openvino-bf16", weights=None, **ELSEWHERE), "the fastest")
    told = "the selected engine openvino-bf16 can't run here: OpenVINO finds no ABACUS here, only CPU"
    with pytest.raises(RunError, match=rf"^{told}\. .*recogniser=network for .*python -m emolab\.export ckpt="):
        recogniser(run, Wanted("selected"), live=True)
    with pytest.raises(RunError, match="isn't a configuration of emolab"):  # the network's
        recogniser(run, Wanted("auto", cache=str(tmp_path / "cache")), live=True)
    assert told in caplog.text


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("onnxruntime", {"providers": 5}, "providers is 5, expected a list"),
        ("onnxruntime", {"providers": "CPUExecutionProvider"}, "providers is '.*', expected a list"),
        ("openvino", {"device": None}, "device is None, expected text"),
        ("tftrt", {"batches": [1, "8"]}, "batches.1 is '8', expected a whole number"),
        ("tftrt", {"batches": []}, r"batches is \[\]"),
        ("tftrt", {"batches": [0, 8]}, "batches.0 is 0"),
        ("litert", {"provider": "CPU"}, "provider='CPU': there's no such option. It takes: nothing"),
    ],
)
def test_an_option_of_another_type_or_name_is_refused(name: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(RunError, match=f"the engine {name} can't be made with .*: {told}"):
        backend(name, options)
