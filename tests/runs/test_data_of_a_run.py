import shutil
from pathlib import Path

import pytest
from made_photographs import class_folders, made
from omegaconf import OmegaConf

from emolab.cli import composed
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


def test_faces_of_another_size_are_refused_before_they_are_looked_for(tmp_path: Path) -> None:
    record = _run(tmp_path / "runs", "made", "0" * 64, "anger", "sad")
    for given, arrived in (([], 96), (["data.image_size=48"], 48)):
        cfg = composed("evaluate", ["data=kaggle", "data.root=absent", *given])
        with pytest.raises(DataError, match=f"32 pixels, data=kaggle has {arrived}: set data.image_size=32"):
            data_for(cfg, record)
    with pytest.raises(DataError, match=r"absent.*no such folder"):
        data_for(composed("evaluate", ["data=kaggle", "data.root=absent", "data.image_size=32"]), record)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("demo", "data=demo data.image_size=32"),
        ("ferplus", "data=ferplus data.path=... data.votes=... data.image_size=32"),
        ("mine", "data=mine data.image_size=32"),
        ("../train", "data=../train data.image_size=32"),
    ],
)
def test_data_that_are_gone_from_the_cache_are_told_with_the_keys_that_name_them(
    tmp_path: Path, name: str, typed: str
) -> None:
    cfg = OmegaConf.create({"data": None, "paths": {"cache": str(tmp_path)}})
    with pytest.raises(DataError) as caught:
        data_for(cfg, _run(tmp_path / "runs", name, "0" * 64, "anger", "sad"))
    assert str(caught.value).endswith(f"Name them: {typed}")
