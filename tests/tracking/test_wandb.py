"""With the real W&B client, without its server: offline, with one that never answers, and worse."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hydra.utils import instantiate
from run_fields import FIELDS
from waiting import wait_for

from emolab import evaluate
from emolab.config.command import composed
from emolab.engines.schema import Measured
from emolab.engines.table import COLUMNS, Row
from emolab.evaluation.predictions import Predictions
from emolab.evaluation.report import Report
from emolab.evaluation.split import evaluate_split
from emolab.export import _show
from emolab.runs import RunRecord
from emolab.tracking import Wandb, account, besides_record
from emolab.tracking.client import Client

CONFIG = {
    "model": {"name": "vgg19"},
    "aug": {"name": "on"},
    "data": {"name": "fer2013", "fingerprint": "abc"},
    "seed": 1,
}


@pytest.fixture(autouse=True)
def no_account(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.delenv("NETRC", raising=False)


@pytest.fixture
def record(tmp_path):
    record = RunRecord.create(tmp_path / "runs", "vgg 19", FIELDS, config="seed: 1\n")
    record.save_checkpoint("best", lambda path: path.write_text("w"), tag=1)
    return record


def mirror(record: RunRecord, **settings) -> None:
    """Mirror a small run."""
    logger = Wandb(group="grid", tags=["mine"], **settings)
    logger.start(record, CONFIG)
    for epoch in range(3):
        logger.log_epoch(epoch, {"loss": 1.0 / (epoch + 1), "learning_rate": 0.5**epoch})
    logger.log_images(2, np.full((2, 8, 8, 3), 128, np.uint8), ["happy (truth: anger)", "anger"])
    logger.log_confusion_matrix(2, np.array([[3, 1], [0, 5]]), ["anger", "happy"])
    record.finish("finished")
    logger.finish("finished", {"accuracy": 0.75})


def records(record: RunRecord, home: Path) -> list[dict]:
    [folder] = (record.folder / "wandb").glob("offline-run-*")
    return records_in(folder, home)


def records_in(folder: Path, home: Path) -> list[dict]:
    [path] = folder.glob("*.wandb")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "HOME": str(home)})
    return [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]


def values(found: list[dict], kind: str) -> list[dict]:
    return [line[kind] for line in found if kind in line]


def summary(found: list[dict]) -> dict:
    return {key: value for entry in values(found, "summary") for key, value in entry["update"].items()}


def items(entries: list[dict]) -> dict:
    return {entry.get("key") or ".".join(entry["nested_key"]): json.loads(entry["value_json"]) for entry in entries}


def left_behind(folder: Path) -> list[str]:
    """Processes whose environment names the folder: the mirror's and W&B's service."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes().split(b"WANDB_DATA_DIR=")[-1][:4096]:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return [line for line in found if "wandb" in line or "mirror" in line]


@pytest.fixture
def silent_server():
    """A server that takes connections and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    taken = []

    def take():
        while True:
            try:
                taken.append(server.accept()[0])
            except OSError:
                return

    threading.Thread(target=take, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", taken
    server.close()


def test_an_offline_run_holds_everything(record, tmp_path, caplog):
    mirror(record, wait_seconds=300.0)
    found = records(record, tmp_path)
    [run] = values(found, "run")
    assert (run["run_id"], run["run_group"], run["project"]) == (record.id, "grid", "emolab")
    assert run["tags"] == ["mine", "vgg19", "on", "fer2013"]
    assert run["config"]["update"]["aug"] == {"name": "on"}
    assert run["config"]["update"]["run"]["classes"] == ["anger", "happy"]

    history = [entry["item"] for entry in values(found, "history")]
    assert [(row["epoch"], row["loss"], row["learning_rate"]) for row in history if "loss" in row] == [
        (0, 1.0, 1.0), (1, 0.5, 0.5), (2, pytest.approx(1 / 3), 0.25),
    ]  # fmt: skip
    [pictures] = [row for row in history if "predictions.captions" in row]
    assert pictures["predictions.captions"] == ["happy (truth: anger)", "anger"]
    assert list((record.folder / "wandb").glob("offline-run-*/files/media/images/*.png"))

    [table] = (record.folder / "wandb").glob("offline-run-*/files/media/table/confusion_matrix*.json")
    cells = json.loads(table.read_text())["data"]
    assert cells == [
        ["anger", "anger", 3],
        ["anger", "happy", 1],
        ["happy", "anger", 0],
        ["happy", "happy", 5],
    ]

    [model] = [entry for entry in values(found, "artifact") if entry["type"] == "model"]
    assert sorted(file["path"] for file in model["manifest"]["contents"]) == [
        "checkpoints/best-1.weights.h5", "config.yaml", "run.json",
    ]  # fmt: skip
    assert sorted(model["aliases"]) == sorted([record.id, "latest"])
    assert model["name"] == "vgg-19"

    assert {"accuracy": 0.75, "status": "finished"} in [entry["update"] for entry in values(found, "summary")]
    assert [end["exit_code"] for end in values(found, "exit")] == [0]
    assert not caplog.records
    wait_for(lambda: not left_behind(record.folder), seconds=60)


def test_an_export_after_the_training_adds_its_table_and_leaves_configuration_tags_and_pictures(record, tmp_path):
    record.finish("finished")
    latency = {"p50": 1.0, "p95": 2.0, "p99": 3.0}
    accuracy = {"value": 0.75, "low": None, "high": None}
    drop = {"value": 0.0, "low": None, "high": None}
    parity = {"n": 9, "accuracy_engine": 0.75, "accuracy": accuracy, "drop": drop, "agreement": 1.0}
    rows = [
        Row("litert", "fp32", facts=Measured.model_validate({"parity": parity, "latency_ms": latency, "gates": {}}))
    ]
    cfg = composed("export", ["logger=wandb", "logger.tags=[mine]", "logger.wait_seconds=300"])
    _show(cfg, record, rows, besides_record(instantiate(cfg.logger)))
    found = records(record, tmp_path)
    [run] = values(found, "run")
    assert "tags" not in run
    assert set(run["config"]["update"]) - {"_wandb"} == {"export", "run"}
    assert run["config"]["update"]["export"]["logger"]["tags"] == ["mine"]
    [logged] = [entry["item"] for entry in values(found, "history")]
    assert logged["engines/table.nrows"] == 1
    assert logged["engines/picture._type"] == "image-file"
    assert not any(key.startswith("predictions") for key in logged)  # those of the training stay
    [table] = (record.folder / "wandb").glob("offline-run-*/files/media/table/engines/table*.json")
    assert json.loads(table.read_text()) == {"columns": list(COLUMNS), "data": [rows[0].cells()]}
    assert summary(found)["engines/litert-fp32/p95"] == 2.0


def test_an_evaluation_adds_what_the_end_of_a_training_does_and_mirrored_accuracy_and_of_other_data_its_name(
    record, tmp_path
):
    record.finish("finished")
    logits, images = np.eye(2, dtype=np.float32)[[0, 1] * 20], np.arange(40, dtype=np.uint64)
    named = Predictions(logits, np.array([0, 0] * 20), np.arange(40), ("a", "b"), images)
    splits = {"test": evaluate_split(named, named, mirrored=named, resamples=100)}
    report = Report("vgg 19 on fer2013", {}, {}, 0.5, splits)
    cfg = composed("evaluate", ["logger=wandb", "logger.wait_seconds=300"])
    for content in (FIELDS["data"]["content"], "other"):
        data = SimpleNamespace(name="ferplus", content=content)
        evaluate._show(cfg, record, data, report, besides_record(instantiate(cfg.logger)))
    tables = [len(list(folder.glob("files/media/table/*"))) for folder in record.folder.glob("wandb/offline-run-*")]
    assert sorted(tables) == [0, 1]
    keys = {}
    for folder in record.folder.glob("wandb/offline-run-*"):
        keys |= summary(records_in(folder, tmp_path))
    for prefix in ("", "ferplus/"):
        assert keys[f"{prefix}test_accuracy"] == keys[f"{prefix}test_flip_averaged_accuracy"] == 0.5
        assert keys[f"{prefix}test_accuracy_low"] < 0.5 < keys[f"{prefix}test_flip_averaged_accuracy_high"]
    assert keys["status"] == "finished"


def test_a_failed_run_is_marked_and_leaves_no_model(record, tmp_path):
    logger = Wandb(wait_seconds=300.0)
    logger.start(record, CONFIG)
    logger.finish("failed", {})
    found = records(record, tmp_path)
    assert [end["exit_code"] for end in values(found, "exit")] == [1]
    assert not values(found, "artifact")


def test_a_server_that_never_answers_costs_seconds_and_goes_offline(
    record, tmp_path, monkeypatch, silent_server, caplog
):
    address, taken = silent_server
    monkeypatch.setenv("WANDB_BASE_URL", address)
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    mirror(record, connect_seconds=1.0, wait_seconds=60.0)
    assert taken
    monkeypatch.delenv("WANDB_API_KEY")
    assert len([entry for entry in values(records(record, tmp_path), "history") if "loss" in entry["item"]]) == 3
    [warning] = [entry for entry in caplog.records if entry.levelno >= logging.WARNING]
    assert "writes offline" in warning.getMessage()
    assert "a" * 40 not in caplog.text
    wait_for(lambda: not left_behind(record.folder), seconds=60)


def test_one_that_has_not_connected_when_the_run_ends_is_ended(record, monkeypatch, silent_server, caplog):
    monkeypatch.setenv("WANDB_BASE_URL", silent_server[0])
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    mirror(record, connect_seconds=120.0, wait_seconds=2.0)  # only logging that waits for nobody comes to its end
    [warning] = [entry for entry in caplog.records if entry.levelno >= logging.WARNING]
    assert "never answered" in warning.getMessage()
    assert RunRecord.open(record.folder).status == "finished"
    wait_for(lambda: not left_behind(record.folder), seconds=60)


def test_no_home_and_no_settings_that_can_be_written_do_no_harm(record, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("HOME", "/dev/null/home")
    monkeypatch.setenv("WANDB_CONFIG_DIR", "/dev/null/config")
    mirror(record, wait_seconds=300.0)
    found = records(record, tmp_path)
    assert len([entry for entry in values(found, "history") if "loss" in entry["item"]]) == 3
    assert [entry for entry in values(found, "artifact") if entry["type"] == "model"]
    assert not caplog.records


def test_disabled_does_nothing(record, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    mirror(record)
    assert not (record.folder / "wandb").exists()


def test_offline_by_choice_is_offline_even_with_a_key(record, tmp_path, monkeypatch, silent_server):
    address, taken = silent_server
    monkeypatch.setenv("WANDB_BASE_URL", address)
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    mirror(record, mode="offline", wait_seconds=300.0)
    assert not taken
    assert list((record.folder / "wandb").glob("offline-run-*/*.wandb"))


def test_a_folder_that_cannot_be_written_is_only_a_warning(record, caplog):
    (record.folder / "wandb").write_text("a file in the way")
    mirror(record)
    assert "can't be started" in caplog.text


def test_a_mirror_that_is_killed_is_only_a_warning(record, caplog):
    logger = Wandb()
    logger.start(record, CONFIG)
    assert logger._client is not None
    logger._client._process.kill()
    logger._client._process.wait()
    for epoch in range(100):
        logger.log_epoch(epoch, {"loss": 1.0})
    logger.finish("finished", {})
    assert len([entry for entry in caplog.records if entry.levelno >= logging.WARNING]) == 1


def test_a_killed_trainer_takes_its_mirror_along(record, tmp_path):
    code = (
        "import sys, time; from emolab.runs import RunRecord; from emolab.tracking import Wandb; "
        f"logger = Wandb(); logger.start(RunRecord.open({str(record.folder)!r}), {{}}); "
        "logger.log_epoch(0, {'loss': 1.0}); time.sleep(600)"
    )
    trainer = subprocess.Popen([sys.executable, "-c", code])
    for name in ("emolab.tracking.mirror", "wandb-core"):  # else finding nothing afterwards would prove nothing
        wait_for(lambda name=name: any(name in line for line in left_behind(record.folder)))
    trainer.send_signal(signal.SIGKILL)
    trainer.wait()
    wait_for(lambda: not left_behind(record.folder), seconds=60)
    [end] = values(records(record, tmp_path), "exit")
    assert end["exit_code"] == 1


def test_a_message_that_was_torn_by_a_kill_ends_the_mirror():
    torn = b'{"call": "start", "pro'
    command = [sys.executable, "-m", "emolab.tracking.mirror"]
    assert subprocess.run(command, input=torn, timeout=60, check=False).returncode == 0  # 60: it would hang for ever


def test_a_client_that_hangs_neither_blocks_nor_stays(tmp_path, monkeypatch, caplog):
    (tmp_path / "hanging_client.py").write_text("import time; time.sleep(120)")
    client = Client("hanging_client", tmp_path / "log" / "client.log", {"PYTHONPATH": str(tmp_path)})
    for epoch in range(20_000):
        client.send({"epoch": epoch, "filler": "x" * 100})
    assert client.finish(0.5)
    assert client._process.poll() == -signal.SIGKILL
    assert len([entry for entry in caplog.records if entry.levelno >= logging.WARNING]) == 1


def test_the_key_is_found_without_a_prompt(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    host = wandb.setup().settings.base_url.partition("//")[2]
    assert account.find_account().key is None
    table = tmp_path / "home" / ".netrc"
    table.write_text(f"machine {host} login user password secret\n")
    table.chmod(0o600)
    found = account.find_account()
    assert found.key == "secret"
    assert "secret" not in repr(found)
    monkeypatch.setenv("WANDB_BASE_URL", "http://other:80")
    assert account.find_account().key is None
    monkeypatch.setenv("WANDB_API_KEY", "k")
    assert account.find_account().key == "k"


def test_a_malformed_netrc_is_no_key(tmp_path):
    (tmp_path / "home" / ".netrc").write_text("machine machine machine")
    assert account.find_account().key is None
