import shutil
from pathlib import Path

import pytest
from made_photographs import class_folders, made
from omegaconf import OmegaConf

from emolab.data.readers.folder import FolderReader
from emolab.errors import DataError
from emolab.evaluate import data_for
from emolab.runs import RunRecord


def _run(root: Path, name: str, fingerprint: str, *classes: str) -> RunRecord:
    fields = {"classes": list(classes), "image_size": 32, "monitor": {"name": "val_accuracy", "mode": "max"}}
    fields |= {"data": {"name": name, "fingerprint": fingerprint}, "model": {"name": "vgg19"}, "seed": 0}
    return RunRecord.open(RunRecord.create(root, "vgg19", fields).folder)


def test_a_runs_own_words_lead_to_its_data_in_the_cache_and_to_none_outside(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    data = made(FolderReader(class_folders(tmp_path / "photographs", {"anger": 4, "sad": 4})), cache)
    cfg = OmegaConf.create({"data": None, "paths": {"cache": str(cache)}})
    own = _run(tmp_path / "runs", "made", data.fingerprint, *data.classes)
    assert data_for(cfg, own).fingerprint == data.fingerprint
    shutil.move(data.folder, tmp_path / data.folder.name)
    for name in ("made", "../made", str(tmp_path / "made")):
        with pytest.raises(DataError, match="aren't in"):
            data_for(cfg, _run(tmp_path / "runs", name, data.fingerprint, *data.classes))
