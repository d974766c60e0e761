import re

import numpy as np
import pytest
from made_photographs import class_folders, encoded, made, picture, write
from test_readers_csv import face, ferplus

from emolab import prepare as prepare_verb
from emolab.config.command import composed
from emolab.data.configured import prepare_data
from emolab.data.datamodule import DataModule
from emolab.data.readers.folder import FolderReader
from emolab.data.report import concerns
from emolab.errors import DataError

pytest.importorskip("tensorflow")


def test_the_dataset_gives_the_batches_of_its_steps_in_order(prepared):
    data = DataModule(prepared, batch_size=7, seed=5)
    for first, last in ((0, 30), (11, 13), (13, 13)):
        batches = list(data.train_dataset(first, last).as_numpy_iterator())
        assert len(batches) == last - first
        for step, (images, targets) in enumerate(batches, start=first):
            assert np.array_equal(images, data.train_batch(step)[0])
            assert np.array_equal(targets, data.train_batch(step)[1])


def test_images_and_targets_belong_together_and_come_from_training_alone(prepared):
    data = DataModule(prepared, batch_size=6, seed=0)
    training = prepared.rows("train")
    known = {prepared.images[row].tobytes(): prepared.targets(np.array([row]))[0] for row in training}
    for step in range(data.steps_per_epoch):
        images, targets = data.train_batch(step)
        assert (images.dtype, targets.dtype) == (np.uint8, np.float32)
        assert all((known[i.tobytes()] == t).all() for i, t in zip(images, targets, strict=True))


def test_static_shapes_are_known_to_the_graph(prepared):
    data = DataModule(prepared, batch_size=7, seed=0)
    images, targets = data.train_dataset(0, 2).element_spec
    assert (images.shape.as_list(), targets.shape.as_list()) == ([7, 32, 32, 3], [7, 2])


def test_evaluation_sees_every_image_once_in_the_order_of_the_rows(prepared):
    data = DataModule(prepared, batch_size=7, seed=0)
    for split in ("train", "validation", "test"):
        batches = list(data.evaluation_dataset(split, 4).as_numpy_iterator())
        rows = prepared.rows(split)
        assert np.array_equal(np.concatenate([images for images, _ in batches]), prepared.images[rows])
        assert np.array_equal(np.concatenate([targets for _, targets in batches]), prepared.targets(rows))
        assert {len(images) for images, _ in batches[:-1]} <= {4}


@pytest.mark.parametrize(
    ("batch_size", "devices", "sizes"), [(4, 1, [4, 4, 1]), (4, 2, [3, 3, 3]), (8, 2, [7, 2]), (2, 4, [5, 4])]
)
def test_no_device_goes_without_an_image_of_a_batch(tmp_path, batch_size, devices, sizes):
    photographs = class_folders(tmp_path / "photographs", {"sad": 20, "anger": 10})
    data = DataModule(made(FolderReader(photographs), tmp_path / "cache", validation=0.3, test=0), 4, 0)
    batches = list(data.evaluation_dataset("validation", batch_size, devices).as_numpy_iterator())
    assert [len(images) for images, _ in batches] == sizes
    with pytest.raises(DataError, match="10 devices can't share 9 validation images"):
        data.evaluation_dataset("validation", 4, 10)


def test_the_prior_and_the_steps_follow_the_training_images(prepared):
    data = DataModule(prepared, batch_size=7, seed=0)
    counts = prepared.account["splits"]["train"]
    total = sum(counts.values())
    assert data.prior == pytest.approx([counts["anger"] / total, counts["sad"] / total])
    assert data.prior.dtype == np.float64
    assert data.steps_per_epoch == total // 7
    assert DataModule(prepared, batch_size=10_000, seed=0).steps_per_epoch == 1


def test_it_says_in_words_what_it_holds_and_how_much_of_that_is_used(prepared):
    held = {split: len(prepared.rows(split)) for split in ("train", "validation", "test")}
    rest = f"{held['train']} train, {held['validation']} validation, {held['test']} test images of 32 pixels, 2 classes"
    assert DataModule(prepared, 7, 0).summary == f"{prepared.name}: {rest}"
    assert DataModule(prepared, 7, 0, train_images=12).summary == f"{prepared.name}: 12 of {rest}"


def test_soft_targets_reach_the_batches_each_under_its_own_class(tmp_path):
    votes = ["4,0,0,0,4,0,0,0,0,0", "0,8,0,0,2,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10", "0,0,0,0,0,0,0,10,0,0"]
    votes += ["0,0,0,9,0,0,0,0,0,0"] * 2  # of these, one is for validation
    shares = {0: {"neutral": 0.5, "anger": 0.5}, 1: {"happy": 0.8, "anger": 0.2}, 3: {"contempt": 1.0}}
    prepared = made(ferplus(tmp_path, votes, "soft"), tmp_path / "cache", image_size=48, validation=0.1, test=0)
    images, targets = DataModule(prepared, batch_size=4, seed=0).train_batch(0)
    assert images.shape == (4, 48, 48, 3)
    found = {image[..., 0].tobytes(): target for image, target in zip(images, targets, strict=True)}
    assert found.keys() > {face(seed).tobytes() for seed in shares}
    for seed, expected in shares.items():
        target = [expected.get(name, 0.0) for name in prepared.classes]
        assert found[face(seed).tobytes()].tolist() == pytest.approx(target)


def test_a_single_class_is_nothing_to_learn(tmp_path):
    """Such as an archive that was unpacked one folder too high: the network would be right about each photograph."""
    folder = class_folders(tmp_path / "photographs/archive", {"sad": 5, "anger": 5}).parent
    prepared = made(FolderReader(folder), tmp_path / "cache", validation=0, test=0)
    with pytest.raises(DataError, match="has one class, archive; a recogniser needs two"):
        DataModule(prepared, 4, 0)


def test_a_missing_split_is_named(tmp_path):
    reader = FolderReader(class_folders(tmp_path / "photographs", {"sad": 5, "anger": 5}))
    with pytest.raises(DataError, match=r"has no validation images.*data\.split\.validation"):
        DataModule(made(reader, tmp_path / "cache", validation=0, test=0), 4, 0)  # before anything slow is begun
    prepared = made(reader, tmp_path / "cache", validation=0.2, test=0)
    with pytest.raises(DataError, match="has no test images"):
        DataModule(prepared, 4, 0).evaluation_dataset("test", 4)
    with pytest.raises(DataError, match="'holdout': expected one of train, validation, test"):
        DataModule(prepared, 4, 0).evaluation_dataset("holdout", 4)


@pytest.mark.parametrize(
    ("classes", "shares", "refused"),
    [
        (("sad", "anger"), (0.2, 0.2), None),
        (("sad",), (0.2, 0.2), "has one class, sad"),
        (("sad", "anger"), (0, 0.2), "has no validation images"),
        (("sad", "anger"), (0.5, 0.5), "has no training images"),
    ],
)
def test_preparing_says_what_training_would_refuse_in_the_same_words(tmp_path, capsys, classes, shares, refused):
    root = class_folders(tmp_path / "photographs", dict.fromkeys(classes, 10))
    splits = [f"data.split.{split}={share}" for split, share in zip(("validation", "test"), shares, strict=True)]
    cfg = composed("prepare", ["data=folder", f"data.root={root}", f"paths.cache={tmp_path / 'cache'}", *splits])
    prepare_verb._main(cfg)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("ready:  folder: train " if refused is None else "kept:   folder: train ")
    assert len(told) == (2 if refused is None else 3)
    if refused is not None:
        with pytest.raises(DataError, match=refused) as error:
            DataModule(prepare_data(cfg), 4, 0)
        assert told[1] == f"note:   emolab.train refuses these data: {error.value}"


def test_near_duplicates_under_two_labels_that_leave_nothing_to_judge_are_told_and_can_be_parted(tmp_path):
    """Such as the frames of one person before one background, with one expression after another."""
    root, face = tmp_path / "frames", picture(0).astype(np.int16)
    for number in range(24):
        noise = np.random.default_rng(number).integers(-3, 4, face.shape)
        write(
            root / ("sad", "anger")[number % 2] / f"{number}.jpg", encoded((face + noise).clip(0, 255).astype(np.uint8))
        )
    prepared = made(FolderReader(root), tmp_path / "cache")
    mend = "(data.near_duplicate_bits=null parts them)"
    cause = f"24 photographs are near-duplicates under two labels, which only train {mend}"
    assert f"no validation images of anger, sad: {cause}, or there are too few" in concerns(prepared.account)[0]
    with pytest.raises(DataError, match=rf"no validation images.*: {re.escape(cause)}; give more photographs$"):
        DataModule(prepared, 4, 0)
    parted = made(FolderReader(root), tmp_path / "cache", near_duplicate_bits=None)
    assert len(DataModule(parted, 4, 0).prepared.rows("validation")) == 2
    assert concerns(parted.account) == []


@pytest.mark.parametrize("grey", [True, False])
def test_data_without_colour_are_known(tmp_path, grey):
    image = picture(0)
    for name in ("sad/1.jpg", "sad/2.jpg", "anger/1.jpg", "anger/2.jpg"):
        write(tmp_path / "data" / name, encoded(np.repeat(image[..., :1], 3, axis=-1) if grey else image))
    assert made(FolderReader(tmp_path / "data"), tmp_path / "cache").grey is grey
