import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from made_photographs import class_folders
from omegaconf import DictConfig
from run_fields import FIELDS, made_record

from emolab.config.command import composed
from emolab.data.build import prepare
from emolab.data.options import Options
from emolab.data.prepared import PreparedData
from emolab.data.readers.folder import FolderReader
from emolab.runs import RunRecord
from emolab.runs.sameness import change_of_settings, config_text, learned_from


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "photographs", {"anger": 6, "sad": 6})


def _prepared(root: Path, cache: Path) -> PreparedData:
    return prepare(FolderReader(root), Options("folder", 48), cache)


def _run(root: Path, config: str = "", **data: Any) -> RunRecord:
    return made_record(root, config, data={**FIELDS["data"], **data})


def _recipe(*overrides: str) -> DictConfig:
    return composed("train", ["data=demo", "aug=camera", *overrides])


def _changed(cfg: DictConfig, run: RunRecord) -> list[str]:
    return (change_of_settings(cfg, run, "Begin anew") or "").split("\n  ")[1:]


def test_a_notice_in_other_words_and_less_memory_for_validation_are_the_same_recipe(tmp_path: Path) -> None:
    run = _run(tmp_path, config_text(_recipe()))
    assert _changed(_recipe("data.notice=reworded", "trainer.evaluation_batch_size=1"), run) == []


def test_what_was_empty_and_has_keys_now_is_one_difference_a_key(tmp_path: Path) -> None:
    run = _run(tmp_path, config_text(_recipe()))
    stopping = "+callbacks.stop={_target_: keras.callbacks.EarlyStopping}"
    assert _changed(_recipe(stopping), run) == [
        "callbacks.stop._target_: nothing when it began, keras.callbacks.EarlyStopping now"
    ]


def test_the_same_layers_in_another_order_are_another_recipe(tmp_path: Path) -> None:
    other = _recipe()
    other.aug.blends = dict(reversed(list(other.aug.blends.items())))
    (line,) = _changed(other, _run(tmp_path, config_text(_recipe())))
    assert line == "aug.blends: in the order mixup, cutmix when it began, cutmix, mixup now"


def test_a_copy_of_the_photographs_is_the_same_data_and_another_photograph_is_not(
    tmp_path: Path, photographs: Path
) -> None:
    first = _prepared(photographs, tmp_path / "cache")
    record = _run(tmp_path / "runs", name="folder", fingerprint=first.fingerprint, content=first.content)
    copy = tmp_path / "copy"
    shutil.copytree(photographs, copy)
    for number, path in enumerate(sorted(copy.rglob("*.*"))):
        os.utime(path, (1_000_000 + number, 1_000_000 + number))
    copied = _prepared(copy, tmp_path / "cache")
    assert copied.fingerprint != first.fingerprint
    assert learned_from(record, copied)
    next(iter(sorted(copy.rglob("*.*")))).unlink()
    assert not learned_from(record, _prepared(copy, tmp_path / "cache"))


def test_what_is_no_photograph_makes_no_other_data(tmp_path: Path, photographs: Path) -> None:
    first = _prepared(photographs, tmp_path / "cache")
    (photographs / "anger/notes.jpg").write_text("no photograph")
    again = _prepared(photographs, tmp_path / "cache")
    assert again.account["quarantined"]
    assert again.content == first.content
