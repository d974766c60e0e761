import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from made_photographs import class_folders, encoded, made, picture, write
from omegaconf import OmegaConf
from PIL import Image
from run_fields import FIELDS, made_record

from emolab.config.command import composed
from emolab.data.prepared import PreparedData
from emolab.data.readers.folder import FolderReader
from emolab.errors import DataError
from emolab.judging.own_data import data_for, own_data, typed_data
from emolab.judging.seen import notes_on_ancestors, seen_in_training
from emolab.runs import RunRecord
from emolab.runs.ancestors import with_parents
from emolab.runs.sameness import config_text


def _run(root: Path, name: str, fingerprint: str, *classes: str, config: str = "", content: str = "") -> RunRecord:
    data = {**FIELDS["data"], "name": name, "fingerprint": fingerprint, "content": content}
    return RunRecord.open(made_record(root, config, classes=list(classes), image_size=32, data=data).folder)


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


@pytest.mark.parametrize(
    "settings",
    [
        ["data=folder", "data.root=photographs", "data.split.seed=3", "data.near_duplicate_bits=null"],
        ["data=folder", "data.root='my (best) photographs'", "data.reader.people=people.csv", "data.split.test=0.2"],
        ["data=ferplus", "data.path=fer.csv", "data.votes=votes.csv", "data.labels=soft", "data.limits.pixels=1000"],
        ["data=demo"],
    ],
)
def test_what_is_told_to_be_typed_means_the_runs_own_data(tmp_path: Path, settings: list[str]) -> None:
    trained = composed("train", [*settings, "data.image_size=32"])
    record = _run(tmp_path, trained.data.name, "0" * 64, "anger", "sad", config=config_text(trained))
    told = typed_data(record)
    assert composed("evaluate", shlex.split(told)).data == trained.data
    assert "limits" not in told or "limits.pixels=1000" in told  # what conf/ says needn't be typed


def test_nothing_of_a_strangers_run_that_names_code_or_moves_a_cursor_is_told_to_be_typed(tmp_path: Path) -> None:
    config = 'data: {name: fer2013, path: "faces\\e[2J.csv", reader: {_target_: shutil.rmtree, path: /home}}\n'
    record = _run(tmp_path, "fer2013", "0" * 64, "anger", "sad", config=config)
    assert typed_data(record) == "data=fer2013 data.path=... data.image_size=32"


def test_images_that_a_run_learned_from_are_known_in_other_data_by_themselves_and_by_their_near_duplicates(
    tmp_path: Path,
) -> None:
    root, cache = class_folders(tmp_path / "photographs", {"anger": 30, "sad": 30}), tmp_path / "cache"
    own = made(FolderReader(root), cache, validation=0.2, test=0.2)
    record = _run(tmp_path / "runs", "made", own.fingerprint, *own.classes, content=own.content)
    np.testing.assert_array_equal(seen_in_training(record, own), own.twin_in_train(np.arange(60)))

    learned = own.index["source"][own.rows("train")].to_numpy(str)
    (tmp_path / "copy").mkdir()
    other = tmp_path / "copy" / "photographs"
    shutil.copytree(root, other)
    again = Image.open(root / learned[0])
    write(other / "sad" / "again.jpg", encoded(np.asarray(again), quality=60))
    write(other / "sad" / "new.jpg", encoded(picture(7)))
    judged = made(FolderReader(other), cache, validation=0.0, test=1.0)
    expected = judged.index["source"].isin([*learned, "sad/again.jpg"])
    np.testing.assert_array_equal(seen_in_training(record, judged), expected)

    (own.folder / "index.parquet").write_text("damaged")
    with pytest.raises(DataError):
        own_data(record.facts.data, cache)
    assert seen_in_training(record, judged) is None  # which is no reason not to judge others
    shutil.rmtree(own.folder)
    assert seen_in_training(record, judged) is None


def test_images_that_first_weights_or_a_teacher_learned_from_in_another_split_are_told_and_counted_as_seen(
    tmp_path: Path,
) -> None:
    root, cache = class_folders(tmp_path / "photographs", {"anger": 30, "sad": 30}), tmp_path / "cache"
    parents_data = made(FolderReader(root), cache, validation=0.2, test=0.2)
    data = made(FolderReader(root), cache, validation=0.2, test=0.2, image_size=48)
    elsewhere = class_folders(tmp_path / "elsewhere", {"anger": 30, "sad": 30}, seed=1)  # other photographs, same names
    others = made(FolderReader(elsewhere), cache, validation=0.2, test=0.2)

    def run_of(own: PreparedData, *parents: RunRecord) -> RunRecord:
        record = _run(tmp_path / "runs", "made", own.fingerprint, *own.classes, content=own.content)
        record.update(ancestors=[one.model_dump() for one in with_parents((), parents)])
        return record

    grandparent = run_of(parents_data)
    record = run_of(data, run_of(others, grandparent))
    learned = parents_data.index["source"][parents_data.rows("train")]
    test = data.rows("test")
    seen = data.index["source"][test].isin(learned).to_numpy()
    assert 0 < seen.sum() < len(test)
    np.testing.assert_array_equal(seen_in_training(record, data)[test], seen)
    (told,) = notes_on_ancestors(record, data, ["test"])
    assert told.startswith(f"SEEN IN TRAINING: {seen.sum()} of the {len(test)} test images. The run {grandparent.id}")

    assert notes_on_ancestors(run_of(data, run_of(data)), data, ["test"]) == []
    assert notes_on_ancestors(run_of(parents_data, run_of(others)), data, ["test"]) == []
    shutil.rmtree(parents_data.folder)
    (told,) = notes_on_ancestors(record, data, ["test"])
    assert told.startswith(f"whether the run {grandparent.id}")
    assert "isn't known" in told
