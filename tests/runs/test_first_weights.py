import re
from pathlib import Path

import pytest
import run_fields

from emolab.errors import ConfigError, RunError
from emolab.runs import RunRecord
from emolab.runs.first_weights import first_weights

FIELDS = {
    **run_fields.FIELDS,
    "model": {"name": "vgg19", "parameters": 0, "weights": {"requested": None, "used": "random"}},
}


@pytest.fixture
def run(tmp_path: Path) -> RunRecord:
    record = RunRecord.create(tmp_path, "vgg19", FIELDS)
    record.save_checkpoint("best", lambda path: path.write_bytes(b"weights"), tag=3)
    record.save_checkpoint("last", lambda path: path.write_bytes(b"state"), tag=40)
    record.finish("finished")
    return record


def test_a_run_gives_its_best_weights_and_its_classes(run: RunRecord) -> None:
    best = run.checkpoint_path("best")
    for asked in (str(run.folder), str(best)):
        found = first_weights(asked, "vgg19")
        assert (found.requested, found.used, found.path) == (asked, str(best), best)
        assert found.classes == ("anger", "happy")


def test_changed_weights_are_refused(run: RunRecord) -> None:
    run.checkpoint_path("best").write_bytes(b"other")
    with pytest.raises(RunError, match="SHA-256"):
        first_weights(str(run.folder), "vgg19")


def test_a_run_of_another_model_and_another_file_of_a_run_are_refused(run: RunRecord) -> None:
    with pytest.raises(ConfigError, match="a run of model=vgg19, this training's is model=resnet50"):
        first_weights(str(run.folder), "resnet50")
    with pytest.raises(ConfigError, match="best weights are best-3"):
        first_weights(str(run.checkpoint_path("last")), "vgg19")


def test_what_isnt_there_never_means_a_run_nearby(run: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = run.folder / "checkpoints" / "best-2.weights.h5"
    with pytest.raises(ConfigError, match=re.escape(str(gone))):
        first_weights(str(gone), "vgg19")
    monkeypatch.chdir(run.folder)  # whose parent's parent is no run, but which is one itself
    with pytest.raises(ConfigError, match="best-2"):
        first_weights("checkpoints/best-2.weights.h5", "vgg19")


def test_a_file_outside_of_a_run_has_no_known_classes(tmp_path: Path) -> None:
    path = tmp_path / "mine.weights.h5"
    path.write_bytes(b"weights")
    assert first_weights(str(path), "vgg19").classes is None


def test_a_name_in_a_home_is_found_and_one_that_no_system_knows_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "mine.weights.h5"
    path.write_bytes(b"weights")
    assert first_weights("~/mine.weights.h5", "vgg19").path == path
    for gone in ("~nobody-here/mine.weights.h5", "a" * 300):
        with pytest.raises(ConfigError, match=f"model.weights={gone} is not a file"):
            first_weights(gone, "vgg19")


def test_null_stays_random(tmp_path: Path) -> None:
    assert first_weights(None, "vgg19").used == "random"
