import shutil
import socket
from types import SimpleNamespace

import pytest
import requests
import wandb
from run_fields import made_record
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from emolab.errors import RunError
from emolab.runs import artifact, resolve

NAME = "wandb:me/emolab/vgg19:best"


@pytest.fixture(autouse=True)
def no_account(tmp_path, monkeypatch):
    for name in ("WANDB_API_KEY", "NETRC", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("ckpt", ["wandb:", "wandb:vgg19", "wandb:a/b/c", "wandb:../../x:y/z", "wandb:a b/c:d"])
def test_a_malformed_name_says_what_is_expected(tmp_path, ckpt):
    with pytest.raises(RunError, match="wandb:entity/project/name:alias"):
        resolve(ckpt, tmp_path)


def test_without_a_key_it_says_how_to_get_one(tmp_path):
    with pytest.raises(RunError, match="wandb login"):
        resolve(NAME, tmp_path)


def test_a_server_that_never_answers_is_an_error_within_seconds(tmp_path, monkeypatch):
    server = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    monkeypatch.setattr(artifact, "_SECONDS", 2)
    limits, api = [], wandb.Api
    monkeypatch.setattr(wandb, "Api", lambda timeout, **given: limits.append(timeout) or api(timeout=timeout, **given))
    with pytest.raises(RunError, match="can't be found at http://127"):
        resolve(NAME, tmp_path)
    assert limits == [2]
    server.close()


@pytest.mark.parametrize(
    "fault", [WandbApiFailedError("connection reset"), requests.ConnectionError("connection reset")]
)
def test_a_network_that_fails_between_the_artifact_and_its_manifest_is_told(tmp_path, monkeypatch, fault):
    class Found:
        digest = "abc123"

        @property
        def manifest(self):  # fetched when it's asked for, as by W&B's client
            raise fault

    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    monkeypatch.setattr("wandb.Api", lambda **_: SimpleNamespace(artifact=lambda name: Found()))
    with pytest.raises(RunError, match=r"can't be found at https?://.*: connection reset"):
        resolve(NAME, tmp_path)


def stored(folder, names):
    """An artifact as W&B's client gives it, whose files lie in `folder`."""
    return SimpleNamespace(
        manifest=SimpleNamespace(entries=dict.fromkeys(names)),
        digest="abc123",
        download=lambda root: shutil.copytree(folder, root, dirs_exist_ok=True),
    )


def test_a_downloaded_run_is_a_run_like_any_other(tmp_path, monkeypatch):
    record = made_record(tmp_path / "elsewhere")
    record.save_checkpoint("best", lambda path: path.write_text("w"), tag=1)
    record.finish("finished")
    monkeypatch.setattr(artifact, "_find", lambda name: stored(record.folder, ["run.json"]))
    found, reason = resolve(NAME, tmp_path / "runs")
    assert found.id == record.id
    assert found.checkpoint_path("best").read_text() == "w"
    assert "W&B" in reason
    assert found.folder.stat().st_mode & 0o777 == 0o755  # others of the machine may read it, as any run
    with pytest.raises(RunError, match="no runs"):
        resolve("last", tmp_path / "runs")


def test_an_interrupted_download_leaves_nothing_and_the_next_one_is_whole(tmp_path, monkeypatch):
    record = made_record(tmp_path / "elsewhere")
    record.save_checkpoint("best", lambda path: path.write_text("w"), tag=1)
    record.finish("finished")
    found = stored(record.folder, ["run.json"])

    def interrupted(root):
        shutil.copy(record.folder / "run.json", root)
        raise KeyboardInterrupt

    monkeypatch.setattr(artifact, "_find", lambda name: SimpleNamespace(**{**vars(found), "download": interrupted}))
    with pytest.raises(KeyboardInterrupt):
        resolve(NAME, tmp_path / "runs")
    assert not list((tmp_path / "runs" / ".downloads").iterdir())
    monkeypatch.setattr(artifact, "_find", lambda name: found)
    assert resolve(NAME, tmp_path / "runs")[0].checkpoint_path("best").read_text() == "w"


def test_a_network_that_fails_in_the_download_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def failing(root):
        raise WandbApiFailedError("connection reset")

    found = SimpleNamespace(**{**vars(stored(tmp_path, ["run.json"])), "download": failing})
    monkeypatch.setattr(artifact, "_find", lambda name: found)
    with pytest.raises(RunError, match=r"can't be downloaded to .*: connection reset"):
        resolve(NAME, tmp_path / "runs")
    assert not list((tmp_path / "runs" / ".downloads").iterdir())


def test_of_two_that_fetch_one_run_at_once_both_have_it(tmp_path, monkeypatch):
    record = made_record(tmp_path / "elsewhere")
    record.finish("finished")
    found = stored(record.folder, ["run.json"])

    def overtaken(root):
        monkeypatch.setattr(artifact, "_find", lambda name: found)
        resolve(NAME, tmp_path / "runs")
        found.download(root)

    monkeypatch.setattr(artifact, "_find", lambda name: SimpleNamespace(**{**vars(found), "download": overtaken}))
    assert resolve(NAME, tmp_path / "runs")[0].id == record.id
    assert len(list((tmp_path / "runs" / ".downloads").iterdir())) == 1


def test_file_names_that_leave_the_folder_are_refused_before_the_download(tmp_path, monkeypatch):
    monkeypatch.setattr(artifact, "_find", lambda name: stored(tmp_path / "nowhere", ["../../evil"]))
    with pytest.raises(RunError, match="outside"):
        resolve(NAME, tmp_path / "runs")
