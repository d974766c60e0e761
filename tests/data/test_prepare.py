import io
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_photographs import class_folders, encoded, made, picture, png_header_bomb, write
from PIL import Image

from emolab.data.build import prepare
from emolab.data.crop import crop_and_resize
from emolab.data.image import Limits, read_image
from emolab.data.options import Options
from emolab.data.prepared import REPORT, PreparedData
from emolab.data.readers.folder import FolderReader
from emolab.data.readers.kaggle import KaggleReader
from emolab.data.records import QUARANTINED, SPLITS, USABLE
from emolab.data.report import concerns
from emolab.data.storage import allocate, keep_rows
from emolab.errors import DataError

FILES = ("images.npy", "index.parquet")


def test_every_kind_of_damage_is_quarantined_with_its_reason_and_the_rest_is_used(tmp_path):
    root = class_folders(tmp_path / "data/train", {"anger": 6, "sad": 6}).parent
    good = encoded(picture(1, 300, 200))
    cmyk, deep, turned = io.BytesIO(), io.BytesIO(), Image.Exif()
    Image.fromarray(picture(50)).convert("CMYK").save(cmyk, "JPEG")
    Image.fromarray(picture(51)[..., 0].astype(np.uint16) * 257).save(deep, "PNG")
    turned[0x0112] = 6
    special = {
        "cmyk.jpg": (cmyk.getvalue(), ""),
        "deep.png": (deep.getvalue(), ""),
        "turned.jpg": (encoded(picture(52, 60, 30), exif=turned), ""),
        "empty.jpg": (b"", "empty file"),
        "truncated.jpg": (good[:-900], "damaged: image file is truncated"),
        "letter.jpg": (b"Dear all,\n" * 30, "not an image of a known format"),
        "bomb.png": (png_header_bomb(), "too many pixels"),
        "heavy.jpg": (encoded(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)), "too many bytes"),
    }
    rows = [("train/anger/0.jpg", "anger")] + [(f"train/sad/{n}.jpg", "sad") for n in range(6)]
    for name, (data, _) in special.items():
        write(root / "train/sad" / name, data)
        rows.append((f"./train/sad/{name}", "sad"))
    rows += [("./train/sad/absent.jpg", "sad"), ("../x.jpg", "sad"), ("train/anger/1.jpg", "joy"), ("", "sad")]
    (root / "train.csv").write_text(",image_path,emotion\n" + "".join(f"0,{p},{e}\n" for p, e in rows))
    said = io.StringIO()
    options = Options("kaggle", 32, Limits(bytes=40_000))
    data = prepare(KaggleReader(root), options, tmp_path / "cache", 2, said)

    records = data.records.set_index("source")
    expected = {f"train/sad/{name}": reason for name, (_, reason) in special.items() if reason}
    expected |= {
        "train/sad/absent.jpg": "no such file",
        "../x.jpg": "leaves the folder",
        "train/anger/1.jpg": "label 'joy' isn't a class",
        "train.csv row 20": "no file name",
    }
    found = records.loc[records["status"] == QUARANTINED, "reason"]
    assert set(found.index) == set(expected)
    assert all(reason in found[name] for name, reason in expected.items())
    turned_row = records.loc["train/sad/turned.jpg"]
    assert (turned_row["width"], turned_row["height"]) == (30, 60)
    assert (records.loc[["train/sad/cmyk.jpg", "train/sad/deep.png"], "status"] == USABLE).all()
    assert "WARNING: 9 photographs" in said.getvalue()
    assert "WARNING: 4 of the 20 files in train/ aren't listed in train.csv" in said.getvalue()
    assert "4 of the 20 files in train/" in (data.folder / "report/index.html").read_text()
    assert all(reason in (data.folder / "report/index.html").read_text() for reason in ("empty file", "no such file"))


def test_images_are_the_shared_crop_in_the_order_of_the_names(tmp_path):
    root = class_folders(tmp_path / "data", {"sad": 12, "anger": 3})
    write(root / "sad/wide.jpg", encoded(picture(99, 500, 250)))
    data = made(FolderReader(root), tmp_path / "cache", workers=2)
    assert data.index["source"].tolist() == sorted(data.index["source"])
    for row, (source, label) in enumerate(zip(data.index["source"], data.index["label"], strict=True)):
        expected = crop_and_resize(read_image(root / source, at_least=32), None, 32)
        assert np.array_equal(data.images[row], expected)
        assert label == source.split("/")[0]
        assert data.targets(np.array([row]))[0, data.classes.index(label)] == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_the_order_of_the_listing_changes_nothing_byte_for_byte(tmp_path, monkeypatch, workers):
    counts = {"sad": 20, "anger": 15, "happy": 9}
    first = made(FolderReader(class_folders(tmp_path / "one", counts)), tmp_path / "cache1", workers)
    scandir = os.scandir

    class Backwards(list):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __next__(self):
            if not self:
                raise StopIteration
            return self.pop()

        def __iter__(self):
            return iter(self[::-1])

    monkeypatch.setattr(os, "scandir", lambda path=".": Backwards(sorted(scandir(path), key=lambda e: e.name)))
    other = made(FolderReader(class_folders(tmp_path / "two", counts, order=-1)), tmp_path / "cache2", workers=1)
    assert other.classes == first.classes == ("anger", "happy", "sad")
    assert other.content == first.content
    for name in FILES:
        assert (first.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_a_folder_that_is_judged_as_a_whole_is_judged_with_its_contradictions(tmp_path):
    root = class_folders(tmp_path / "data", {"sad": 6, "anger": 6})
    shutil.copy(root / "anger/0.jpg", root / "sad/from_anger0.jpg")
    data = made(FolderReader(root), tmp_path / "cache", validation=0.0, test=1.0)
    assert len(data.rows("test")) == 13


def test_duplicates_never_lie_in_two_splits_and_those_under_two_labels_train(tmp_path):
    root = class_folders(tmp_path / "data", {"sad": 60, "anger": 60})
    for number in range(0, 60, 2):  # the same photograph again, as another file
        image = read_image(root / f"sad/{number}.jpg")
        write(root / f"sad/again{number}.jpg", encoded(image, quality=60))
    for number in range(10):
        shutil.copy(root / f"anger/{number}.jpg", root / f"sad/from_anger{number}.jpg")
    data = made(FolderReader(root), tmp_path / "cache", validation=0.25, test=0.25)
    index = data.index
    assert data.account["duplicates"]["clusters_in_two_splits"] == 0
    assert index.groupby("cluster")["split"].nunique().max() == 1
    conflict = index["source"].str.contains("from_anger")
    assert set(index.loc[index["cluster"].isin(index.loc[conflict, "cluster"]), "split"]) == {"train"}
    assert data.account["duplicates"]["images_in_clusters_under_two_labels"] == 20
    assert index["cluster"].nunique() == 120
    for split in ("validation", "test"):
        assert len(data.rows(split)) == pytest.approx(0.25 * 140, abs=4)
        assert not data.twin_in_train(data.rows(split)).any()
    assert data.twin_in_train(data.rows("train")).sum() >= 20


def test_bars_of_a_page_have_one_scale_whatever_the_widths_of_its_columns(tmp_path):
    root = class_folders(tmp_path / "data", {"sad": 40, "anger": 10})
    data = made(FolderReader(root), tmp_path / "cache", validation=0.25, test=0.25)
    shown = re.findall(
        r"number\">(\d+)<div class=\"bar\" style=\"width: ([\d.]+)rem", (data.folder / REPORT).read_text()
    )
    assert [int(count) for count, _ in shown] == [data.account["splits"][s][n] for n in data.classes for s in SPLITS]
    largest = max(int(count) for count, _ in shown)
    assert all(float(width) == pytest.approx(8 * int(count) / largest, abs=0.01) for count, width in shown)


def test_a_split_without_images_of_a_class_is_told(tmp_path):
    root = class_folders(tmp_path / "data", {"sad": 9, "anger": 1})
    said = io.StringIO()
    prepare(FolderReader(root), Options("made", 32, test=0.0), tmp_path / "cache", 1, said)
    assert "WARNING: no validation images of anger: there are too few" in said.getvalue()
    assert "no test images" not in said.getvalue()


def test_a_class_without_training_images_is_told_and_why_an_official_split_lacks_one(tmp_path):
    root = class_folders(tmp_path / "data/train", {"angry": 20, "happy": 20}).parent
    class_folders(root / "test", {"anger": 4, "happy": 4}, seed=1)
    warnings = concerns(made(FolderReader(root), tmp_path / "cache").account)
    assert [line.partition(";")[0] for line in warnings] == [
        "no training images of anger: the network can never name what it isn't shown",
        "no test images of angry: the data's own test split has none",
    ]
    whole = made(FolderReader(root / "test"), tmp_path / "cache", validation=0.0, test=1.0)
    assert concerns(whole.account) == []


def test_people_whom_the_datas_own_splits_part_are_counted_and_named(tmp_path):
    root = tmp_path / "data"
    for split in ("train", "test"):
        class_folders(root / split, {"anger": 6, "sad": 6}, seed=len(split))
    shown = {"train/anger/0.jpg": "ann", "test/sad/0.jpg": "ann", "test/anger/1.jpg": "bob", "test/sad/2.jpg": "bob"}
    (root / "people.csv").write_text("image_path,person\n" + "".join(f"{at},{who}\n" for at, who in shown.items()))
    data = made(FolderReader(root, people="people.csv"), tmp_path / "cache")
    assert any(
        told.startswith("1 of 2 people are in more than one split, such as ann:") for told in concerns(data.account)
    )
    drawn = class_folders(tmp_path / "drawn", {"anger": 6, "sad": 6})
    (drawn / "people.csv").write_text("image_path,person\nanger/0.jpg,ann\nsad/0.jpg,ann\n")
    data = made(FolderReader(drawn, people="people.csv"), tmp_path / "cache", validation=0.3, test=0.3)
    assert not any("more than one split" in told for told in concerns(data.account))


def test_pictures_without_a_face_are_quarantined_where_tiny_and_told_where_flat(tmp_path):
    root = class_folders(tmp_path / "data", {"sad": 9, "anger": 9})
    write(root / "sad/dot.png", encoded(np.zeros((1, 1, 3), np.uint8), "PNG"))
    write(root / "sad/line.png", encoded(picture(1, 500, 7), "PNG"))
    write(root / "sad/small.png", encoded(picture(1, 8, 8), "PNG"))
    write(root / "sad/white.png", encoded(np.full((50, 50, 3), 255, np.uint8), "PNG"))
    said = io.StringIO()
    data = prepare(FolderReader(root), Options("made", 32), tmp_path / "cache", 1, said)
    assert data.account["quarantined"] == {"too small: a side of less than 8 pixels": 2}
    flat = (
        "photographs of one colour, or nearly, show no face, and are used all the same until you remove them: 1, such "
    )
    assert f"note: {flat}as sad/white.png" in said.getvalue()
    assert f"{flat}as sad/white.png" in (data.folder / "report/index.html").read_text()


def test_names_that_a_terminal_would_act_on_are_told_with_escapes(tmp_path):
    red, broken = "\x1b[31mred", "line\nbreak"
    root = class_folders(tmp_path / "data", {"sad": 9, red: 9, broken: 9, "\u4e2d\u7acb": 1})
    write(root / "sad/\x1b[2J.png", b"")
    said = io.StringIO()
    for _ in range(2):  # prepared, and from the cache
        data = prepare(FolderReader(root), Options("made", 32, test=0.0), tmp_path / "cache", 1, said)
    assert {red, broken} < set(data.classes)
    assert "(\\x1b[31mred, line\\nbreak, sad, \u4e2d\u7acb)" in said.getvalue()
    assert "\x1b" not in said.getvalue()


def test_official_splits_stay_and_twins_are_known(tmp_path):
    root = class_folders(tmp_path / "data/train", {"sad": 8, "anger": 8}).parent
    shutil.copytree(class_folders(tmp_path / "new", {"sad": 3, "anger": 3}, seed=7), root / "test")
    shutil.copy(root / "train/sad/0.jpg", root / "test/sad/twin.jpg")
    data = made(FolderReader(root), tmp_path / "cache", validation=0.25)
    test = data.rows("test")
    assert set(data.index["source"].iloc[test].str.split("/").str[0]) == {"test"}
    twins = data.index["source"].iloc[test][data.twin_in_train(test)]
    assert twins.tolist() == ["test/sad/twin.jpg"]
    drawn = data.index["source"].iloc[data.rows("validation")]
    assert set(drawn.str.split("/").str[0]) == {"train"}
    assert len(drawn) == 4


def test_what_was_prepared_is_opened_and_every_change_prepares_anew(tmp_path):
    root = class_folders(tmp_path / "data", {"sad": 5, "anger": 5})
    first = made(FolderReader(root), tmp_path / "cache")
    stamp = (first.folder / "data.json").stat().st_mtime_ns
    assert made(FolderReader(root), tmp_path / "cache").folder == first.folder
    assert (first.folder / "data.json").stat().st_mtime_ns == stamp
    changes = [{"image_size": 33}, {"split_seed": 1}, {"near_duplicate_bits": None}, {"limits": Limits(bytes=10**6)}]
    folders = {made(FolderReader(root), tmp_path / "cache", **change).folder for change in changes}
    write(root / "sad/new.jpg", encoded(picture(77)))
    folders.add(made(FolderReader(root), tmp_path / "cache").folder)
    assert len(folders | {first.folder}) == 6


def test_an_image_is_known_again_in_another_size_and_under_another_split(tmp_path):
    root = class_folders(tmp_path / "data", {"sad": 9, "anger": 9})
    first, *others = (
        made(FolderReader(root), tmp_path / "cache", **change) for change in ({}, {"image_size": 33}, {"split_seed": 1})
    )
    rows = np.arange(18)
    assert len(set(first.identities(rows))) == 18
    for other in others:
        np.testing.assert_array_equal(other.identities(rows), first.identities(rows))
    np.testing.assert_array_equal(first.identities(np.array([7, 2])), first.identities(rows)[[7, 2]])


def test_nothing_usable_is_an_error_that_shows_why(tmp_path):
    for number in range(5):
        write(tmp_path / f"data/sad/{number}.jpg", b"nothing")
    with pytest.raises(DataError, match=r"no photograph can be used: 5 x not an image .*, such as sad/0\.jpg"):
        made(FolderReader(tmp_path / "data"), tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*made*/"))


def test_names_that_lead_nowhere_are_told_before_the_files_that_are_not_listed(tmp_path):
    root = class_folders(tmp_path / "data/train", {"sad": 5}).parent
    (root / "train.csv").write_text("image_path,emotion\n" + "".join(f"train/sad/{n},sad\n" for n in range(4)))
    wrong = r"used: 4 x no such file, such as train/sad/0; 5 x not listed in train\.csv, such as train/sad/0\.jpg"
    with pytest.raises(DataError, match=wrong):
        made(KaggleReader(root), tmp_path / "cache")


@pytest.mark.parametrize("passing", ["gone", "denied", "memory"])
def test_photographs_that_cant_be_read_for_a_while_are_an_error_and_nothing_is_kept(tmp_path, monkeypatch, passing):
    root = class_folders(tmp_path / "data", {"sad": 5, "anger": 5})
    (root / "sad/nowhere.jpg").symlink_to("absent.jpg")  # was never there: a fault of the data set
    reader = FolderReader(root)
    reader.identity()

    def fail(*_):
        raise MemoryError if passing == "memory" else PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        if passing == "gone":
            (root / "sad").rename(tmp_path / "drive")
        elif passing == "denied":
            patch.setattr(Path, "read_bytes", fail)
        else:
            patch.setattr("emolab.data.image._decode", fail)
        with pytest.raises(DataError, match=r"of 10 photographs are there and couldn't be read \("):
            made(reader, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*made*/"))
    if passing == "gone":
        (tmp_path / "drive").rename(root / "sad")
    account = made(FolderReader(root), tmp_path / "cache").account
    assert (account["usable"], account["quarantined"]) == (10, {"no such file": 1})


def test_a_cache_that_cant_be_written_is_named(tmp_path):
    write(tmp_path / "cache", b"a file in the way")
    root = class_folders(tmp_path / "data", {"sad": 2})
    with pytest.raises(DataError, match=r"paths\.cache=.*cache can't be written: .* or name another folder"):
        made(FolderReader(root), tmp_path / "cache")


def test_a_reader_who_goes_away_loses_no_preparation_and_is_no_full_disk(tmp_path):
    class Unread(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    reader, options = FolderReader(class_folders(tmp_path / "data", {"sad": 2})), Options("made", 48)
    with pytest.raises(BrokenPipeError):
        prepare(reader, options, tmp_path / "cache", 1, Unread())
    assert prepare(reader, options, tmp_path / "cache", 1, said := io.StringIO()).account["usable"] == 2
    assert "prepared made: " not in said.getvalue()  # it was there


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DataError, match="No space left on device"):
        made(FolderReader(class_folders(tmp_path / "data", {"sad": 2})), tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*made*/"))


@pytest.mark.parametrize("name", ["images.npy", "index.parquet", "data.json"])
@pytest.mark.parametrize("kept", [0, 40])
def test_a_damaged_folder_is_refused(tmp_path, name, kept):
    data = made(FolderReader(class_folders(tmp_path / "data", {"sad": 4})), tmp_path / "cache")
    (data.folder / name).write_bytes((data.folder / name).read_bytes()[:kept])
    with pytest.raises(DataError, match="prepare again"):
        PreparedData.open(data.folder)


def test_the_table_holds_what_the_design_asks_for(tmp_path):
    data = made(FolderReader(class_folders(tmp_path / "data", {"sad": 4, "anger": 4})), tmp_path / "cache")
    table = pd.read_parquet(data.folder / "index.parquet")
    columns = ["source", "label", "split", "width", "height", "sha256", "phash", "cluster", "status", "reason"]
    assert table.columns.tolist() == columns
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert data.images.flags.writeable is False
    assert isinstance(data.images, np.memmap)


def test_the_page_shows_itself_without_other_files(tmp_path):
    root = class_folders(tmp_path / "data", {"<b>sad</b>": 12, "anger": 4})
    shutil.copy(root / "anger/0.jpg", root / "anger/copy.jpg")
    page = (made(FolderReader(root), tmp_path / "cache").folder / "report/index.html").read_text()
    assert "<b>sad</b>" not in page  # names are text, whatever they hold
    assert "anger/0.jpg" in page
    assert page.count("data:image/jpeg;base64,") == 3
    assert not re.search(r"(src|href)=.(?!data:)", page)


@settings(max_examples=30)  # each waits for the disk
@given(st.integers(1, 3000), st.data())
def test_keeping_rows_keeps_their_bytes(count, data):
    path = Path("/tmp") / f"emolab-keep-{os.getpid()}.npy"
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, count - 1)))), np.int64)
    allocate(path, count, 2)
    array = np.lib.format.open_memmap(path, mode="r+")
    array[:] = np.random.default_rng(count).integers(0, 256, array.shape)
    expected = array[rows]
    keep_rows(path, rows)
    assert np.array_equal(np.load(path), expected)
    path.unlink()
