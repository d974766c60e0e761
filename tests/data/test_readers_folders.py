import codecs
import os
import re

import pytest
from made_photographs import encoded, picture, write

from emolab.data.csv_file import read_columns
from emolab.data.readers.folder import FolderReader
from emolab.data.readers.kaggle import KaggleReader, unlabelled_files
from emolab.data.readers.listing import photograph
from emolab.data.readers.split_folders import split_of
from emolab.data.records import EXCLUDED, QUARANTINED, USABLE
from emolab.errors import DataError

PHOTOGRAPH = encoded(picture(0))


def touch(root, *names):
    for name in names:
        write(root / name, PHOTOGRAPH)


def by_source(reading):
    return {record.source: record for record in reading.records}


def labels(root, *rows):
    lines = [",image_path,emotion", *(f"{number},{path},{label}" for number, (path, label) in enumerate(rows))]
    (root / "train.csv").write_text("\n".join(lines) + "\n")


def test_class_folders_without_splits(tmp_path):
    touch(tmp_path, "sad/1.jpg", "anger/deep/2.jpg", "anger/.hidden.jpg", ".git/3.jpg", "stray.jpg")
    reading = FolderReader(tmp_path).read()
    found = by_source(reading)
    assert reading.classes == ("anger", "sad")
    assert sorted(found) == ["anger/deep/2.jpg", "sad/1.jpg", "stray.jpg"]
    assert (found["anger/deep/2.jpg"].label, found["anger/deep/2.jpg"].split) == ("anger", "")
    assert (found["stray.jpg"].status, found["stray.jpg"].reason) == (EXCLUDED, "lies in no folder of a class")


def test_split_folders_under_the_names_in_circulation(tmp_path):
    touch(tmp_path, "Train/sad/1.jpg", "val/sad/2.jpg", "testing/anger/3.jpg", "extra/4.jpg", "val/5.jpg")
    found = by_source(FolderReader(tmp_path).read())
    assert {name: record.split for name, record in found.items() if record.status == USABLE} == {
        "Train/sad/1.jpg": "train",
        "val/sad/2.jpg": "validation",
        "testing/anger/3.jpg": "test",
    }
    assert {name for name, record in found.items() if record.status == EXCLUDED} == {"extra/4.jpg", "val/5.jpg"}


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        *(("train_set", "train"), ("Training Images", "train"), ("TrainData", "train")),
        *(("PublicTest", "validation"), ("public_test", "validation"), ("dev-set", "validation")),
        *(("PrivateTest", "test"), ("test_data", "test"), ("Testing", "test")),
        *(("contest", None), ("trainer", None), ("set", None), ("test2", None), ("test_kaggle", None)),
    ],
)
def test_how_a_split_may_be_called(folder, split):
    assert split_of(folder) == split


@pytest.mark.parametrize("known", ["train", "test"])
def test_a_folder_beside_splits_that_may_be_one_is_refused_and_one_without_photographs_is_not(tmp_path, known):
    touch(tmp_path, f"{known}/sad/1.jpg", f"{known}/happy/1.jpg", "fold2/sad/2.jpg", "fold2/happy/2.jpg")
    with pytest.raises(DataError, match=rf"beside {known} there is fold2, .* Call it train, training, validation"):
        FolderReader(tmp_path).read()
    (tmp_path / "fold2").rename(tmp_path / "private_test")
    write(tmp_path / "docs/how/it was made.txt", b"by hand")
    reading = FolderReader(tmp_path).read()
    assert reading.classes == ("happy", "sad")
    assert by_source(reading)["docs/how/it was made.txt"].status == EXCLUDED


def test_a_folder_of_nothing_but_splits_needs_no_training(tmp_path):
    touch(tmp_path, *(f"{split}/{label}/1.jpg" for split in ("test", "val") for label in ("happy", "sad")))
    reading = FolderReader(tmp_path).read()
    assert reading.classes == ("happy", "sad")
    assert {record.split for record in reading.records} == {"test", "validation"}


@pytest.mark.parametrize(
    ("others", "flat"),
    [
        (["val/2.jpg"], "train, val"),
        (["val/sad/2.jpg", "val/happy/3.jpg"], "train"),
        (["val/sad/2.jpg", "val/happy/3.jpg", "odd/4.jpg"], "train"),
    ],
)
def test_a_split_without_folders_of_classes_is_no_class(tmp_path, others, flat):
    touch(tmp_path, "train/1.jpg", *others)
    with pytest.raises(DataError, match=rf"{flat}: called like splits, .* Expected .*: sort them into such folders;"):
        FolderReader(tmp_path).read()
    (tmp_path / "train.csv").write_text("image_path,emotion\n")
    with pytest.raises(DataError, match=r"such folders, or give data=kaggle, which takes the classes from train\.csv;"):
        FolderReader(tmp_path).read()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["ck/train/sad/1.jpg", "fer/train/sad/1.jpg", "fer/test/sad/1.jpg"], r"ck, fer: .* \(test, train\)"),
        (["sad/train/1.jpg", "sad/test/2.jpg", "happy/1.jpg"], r"sad: .* \(test, train\)"),
    ],
    ids=["several data sets", "splits within a class"],
)
def test_splits_within_folders_are_refused(tmp_path, names, told):
    touch(tmp_path, *names)
    with pytest.raises(DataError, match=rf"{told}\. Expected <split>/<class>/.* the folders of each split together"):
        FolderReader(tmp_path).read()


def test_photographs_to_name_beside_the_classes_are_no_class(tmp_path):
    touch(tmp_path, "happy/1.jpg", "sad/1.jpg", "sad/test/2.jpg", "test/1.jpg")
    with pytest.raises(DataError, match=r"test: called like splits, .* put an empty file \.emolab into each"):
        FolderReader(tmp_path).read()
    touch(tmp_path, "test/.emolab")
    assert FolderReader(tmp_path).read().classes == ("happy", "sad")


def test_a_flat_test_folder_beside_training_is_left_out_and_told(tmp_path):
    touch(tmp_path, "train/happy/1.jpg", "train/sad/1.jpg", "test/1.jpg")
    reading = FolderReader(tmp_path).read()
    assert reading.classes == ("happy", "sad")
    assert by_source(reading)["test/1.jpg"].reason == "lies in no folder of a class"


def test_names_that_are_no_utf8_are_read_and_shown_with_escapes(tmp_path):
    touch(tmp_path, os.fsdecode(b"caf\xe9/na\xefve.jpg"))
    (record,) = FolderReader(tmp_path).read().records
    assert (record.source, record.label) == (r"caf\xe9/na\xefve.jpg", r"caf\xe9")
    assert record.path is not None
    assert record.path.is_file()


def test_a_name_longer_than_a_file_may_have_is_quarantined(tmp_path):
    record = photograph(tmp_path, "x" * 300, "happy")
    assert record.status == QUARANTINED
    assert "too long" in record.reason


def test_a_quote_that_isnt_closed_is_told_with_the_file(tmp_path):
    (tmp_path / "train.csv").write_text('image_path,emotion\n"' + "x" * 200_000)
    with pytest.raises(DataError, match=r"train.csv can't be read as CSV .*quote"):
        list(read_columns(tmp_path / "train.csv", ("image_path", "emotion")))


def test_a_quote_that_isnt_closed_swallows_no_rows(tmp_path):
    (tmp_path / "train.csv").write_text('image_path,emotion\n1.jpg,sad\n"2.jpg,anger\n3.jpg,anger\n')
    with pytest.raises(DataError, match=r"train.csv can't be read as CSV .*quote"):
        list(read_columns(tmp_path / "train.csv", ("image_path", "emotion")))


def test_a_line_of_a_table_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    (tmp_path / "train.csv").write_text("image_path,emotion\n" + "1.jpg,sad," * 150_000)
    with pytest.raises(DataError, match=r"train\.csv has a line of more than 1,048,576 characters"):
        list(read_columns(tmp_path / "train.csv", ("image_path", "emotion")))


@pytest.mark.parametrize("encoding", ["gbk", "cp1251"])
def test_a_table_in_another_encoding_is_refused_rather_than_its_classes_merged(tmp_path, encoding):
    rows = "image_path,emotion\n1.jpg,печаль\n2.jpg,грусть\n"
    (tmp_path / "train.csv").write_bytes(rows.encode(encoding))
    with pytest.raises(DataError, match=r"train\.csv isn't UTF-8 .*save it as 'CSV UTF-8'"):
        list(read_columns(tmp_path / "train.csv", ("image_path", "emotion")))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_table_that_says_its_encoding_is_read(tmp_path, encoding):
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    (tmp_path / "train.csv").write_bytes(mark + "image_path,emotion\n1.jpg,печаль\n".encode(encoding))
    assert list(read_columns(tmp_path / "train.csv", ("image_path", "emotion"))) == [["1.jpg", "печаль"]]


def test_blank_lines_of_a_table_are_no_rows(tmp_path):
    (tmp_path / "train.csv").write_text("image_path,emotion\n1.jpg,sad\n\n,anger\n\n")
    assert list(read_columns(tmp_path / "train.csv", ("image_path", "emotion"))) == [["1.jpg", "sad"], ["", "anger"]]


@pytest.mark.parametrize("reader", [FolderReader, KaggleReader])
def test_a_folder_without_photographs_says_what_was_expected(tmp_path, reader):
    with pytest.raises(DataError, match="expected"):
        reader(tmp_path).read()
    with pytest.raises(DataError, match=r"data\.root=.*no such folder"):
        reader(tmp_path / "absent").read()


def test_a_link_out_of_the_folder_is_quarantined_and_one_within_is_not(tmp_path):
    root = tmp_path / "data"
    touch(tmp_path, "secret.jpg", "outside/1.jpg")
    touch(root, "sad/1.jpg", "anger/1.jpg")
    (root / "sad/out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "sad/in.jpg").symlink_to(root / "anger/1.jpg")
    (root / "sad/way").symlink_to(tmp_path / "outside", target_is_directory=True)
    found = by_source(FolderReader(root).read())
    assert found["sad/out.jpg"].status == QUARANTINED
    assert found["sad/out.jpg"].reason == "leaves the folder of the data set: copy the file here"
    assert found["sad/in.jpg"].status == USABLE
    assert "sad/way/1.jpg" not in found
    assert found["sad/way"].status == QUARANTINED


def test_a_class_behind_a_link_is_told_and_a_folder_that_cant_be_read_is_an_error(tmp_path, monkeypatch):
    touch(tmp_path, "elsewhere/1.jpg", "data/train/happy/1.jpg")
    (tmp_path / "data/train/sad").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    for reader in (FolderReader(tmp_path / "data"), KaggleReader(tmp_path / "data")):
        told = by_source(reader.read())["train/sad"]
        assert told.status == EXCLUDED
        assert "isn't entered" in told.reason
    scandir = os.scandir

    def denied(path):
        if str(path).endswith("happy"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(PermissionError):
        FolderReader(tmp_path / "data").read()


def test_a_root_that_is_itself_a_link_works(tmp_path):
    touch(tmp_path / "data", "sad/1.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "data", target_is_directory=True)
    assert by_source(FolderReader(tmp_path / "link").read())["sad/1.jpg"].status == USABLE


def test_train_csv_is_the_truth(tmp_path):
    touch(tmp_path, "train/anger/0.jpg", "train/sad/1.jpg", "train/sad/2.jpg", "test_kaggle/0.jpg")
    labels(tmp_path, ("./train/anger/0.jpg", "anger"), ("./train/sad/1.jpg", "anger"))
    reading = KaggleReader(tmp_path).read()
    found = by_source(reading)
    assert reading.classes == ("anger",)  # nothing is labelled sad, whatever the folders say
    assert found["train/sad/1.jpg"].label == "anger"
    assert (found["train/sad/2.jpg"].status, found["train/sad/2.jpg"].reason) == (EXCLUDED, "not listed in train.csv")
    assert not any(name.startswith("test_kaggle") for name in found)


def test_paths_as_windows_writes_them_lead_to_their_files(tmp_path):
    root = tmp_path / "data"
    touch(tmp_path, "secret.jpg")
    touch(root, "train/sad/1.jpg", "test_kaggle/0.jpg", r"train/sad\2.jpg")
    labels(root, (r".\train\sad\1.jpg", "sad"), (r"train/sad\2.jpg", "sad"), (r"..\secret.jpg", "sad"))
    (root / "answers.csv").write_text("image_path,emotion\n.\\0.jpg,sad\n..\\train\\sad\\1.jpg,sad\n")
    found = [(record.source, record.status) for record in KaggleReader(root, test_labels="answers.csv").read().records]
    assert found == [
        ("train/sad/1.jpg", USABLE),
        (r"train/sad\2.jpg", USABLE),
        (r"..\secret.jpg", QUARANTINED),
        ("test_kaggle/0.jpg", USABLE),
        (r"..\train\sad\1.jpg", QUARANTINED),
    ]


def test_more_than_a_few_files_that_train_csv_doesnt_list_are_warned_of(tmp_path):
    names = [f"train/sad/{number}.jpg" for number in range(100)]
    touch(tmp_path, *names)
    labels(tmp_path, *((name, "sad") for name in names[1:]))
    few = KaggleReader(tmp_path).read()
    labels(tmp_path, *((name, "sad") for name in names[2:]))
    many = KaggleReader(tmp_path).read()
    assert (few.warnings, many.warnings) == ((), ("2 of the 100 files in train/ aren't listed in train.csv",))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../secret.jpg", "leaves the folder"),
        ("./train/../../secret.jpg", "leaves the folder"),
        ("/etc/passwd", "leaves the folder"),
        ("..", "leaves the folder"),
        ("train/way/1.jpg", "leaves the folder"),
        ("", "no file name"),
    ],
)
def test_a_path_that_leaves_the_folder_is_quarantined(tmp_path, path, reason):
    root = tmp_path / "data"
    touch(tmp_path, "secret.jpg", "outside/1.jpg")
    touch(root, "train/anger/0.jpg")
    (root / "train/way").symlink_to(tmp_path / "outside", target_is_directory=True)
    labels(root, ("./train/anger/0.jpg", "anger"), (path, "anger"))
    good, bad = KaggleReader(root).read().records[:2]
    assert (good.status, bad.status) == (USABLE, QUARANTINED)
    assert reason in bad.reason


def test_a_label_without_a_folder_isnt_a_class_unless_none_has_one(tmp_path):
    touch(tmp_path, "train/anger/0.jpg", "train/sad/1.jpg")
    labels(tmp_path, ("train/anger/0.jpg", "anger"), ("train/sad/1.jpg", "sda"))
    assert KaggleReader(tmp_path).read().classes == ("anger",)
    labels(tmp_path, ("train/anger/0.jpg", "joy"), ("train/sad/1.jpg", "grief"))
    assert KaggleReader(tmp_path).read().classes == ("grief", "joy")


def test_a_row_twice_counts_once_and_two_labels_stay_two_rows(tmp_path):
    touch(tmp_path, "train/anger/0.jpg", "train/sad/1.jpg")
    one, two = "train/anger/0.jpg", "train/sad/1.jpg"
    labels(tmp_path, (one, "anger"), (f"./{one}", "anger"), (two, "sad"), (two, "anger"))
    rows = [(record.source, record.label, record.status) for record in KaggleReader(tmp_path).read().records]
    assert rows == [(one, "anger", USABLE), (one, "anger", EXCLUDED), (two, "sad", USABLE), (two, "anger", USABLE)]


def test_without_train_csv_the_folders_are_the_labels(tmp_path):
    touch(tmp_path, "train/anger/0.jpg", "train/sad/1.jpg", "train/stray.jpg")
    reading = KaggleReader(tmp_path).read()
    assert reading.classes == ("anger", "sad")
    assert [(r.source, r.label, r.status) for r in reading.records] == [
        ("train/anger/0.jpg", "anger", USABLE),
        ("train/sad/1.jpg", "sad", USABLE),
        ("train/stray.jpg", "", EXCLUDED),
    ]


def test_a_csv_with_other_columns_is_refused(tmp_path):
    touch(tmp_path, "train/anger/0.jpg")
    (tmp_path / "train.csv").write_text("file,label\n0.jpg,anger\n")
    with pytest.raises(DataError, match="expected the columns image_path, emotion; found file, label"):
        KaggleReader(tmp_path).read()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_whose_columns_no_comma_separates_is_refused_with_what_does(tmp_path, separator):
    (tmp_path / "train.csv").write_text(f"image_path{separator}emotion\n1.jpg{separator}sad\n")
    told = f"found image_path{separator}emotion, separated by {separator!r}: expected ','"
    with pytest.raises(DataError, match=re.escape(told)):
        list(read_columns(tmp_path / "train.csv", ("image_path", "emotion")))


def test_unlabelled_files_are_those_that_no_system_put_there(tmp_path):
    touch(tmp_path, *(f"test_kaggle/{name}" for name in ("10.jpg", "2.jpg", ".DS_Store", "Thumbs.db", "@eaDir/2.jpg")))
    assert unlabelled_files(tmp_path) == {name: tmp_path / "test_kaggle" / name for name in ("10.jpg", "2.jpg")}
    with pytest.raises(DataError, match="no such folder"):
        unlabelled_files(tmp_path / "absent")


@pytest.mark.parametrize("change", ["content", "label", "new file", "gone file"])
def test_the_identity_notices_every_change(tmp_path, change):
    touch(tmp_path, "train/anger/0.jpg", "train/sad/1.jpg")
    rows = [("train/anger/0.jpg", "anger"), ("train/sad/1.jpg", "sad")]
    labels(tmp_path, *rows)
    before = KaggleReader(tmp_path).identity()
    assert KaggleReader(tmp_path).identity() == before
    if change == "content":
        os.utime(tmp_path / "train/anger/0.jpg", ns=(1, 1))
    elif change == "label":
        labels(tmp_path, rows[0], ("train/sad/1.jpg", "anger"))
    elif change == "new file":
        touch(tmp_path, "train/sad/2.jpg")
    else:
        (tmp_path / "train/sad/1.jpg").unlink()
    assert KaggleReader(tmp_path).identity() != before


def test_labels_of_the_test_folder_make_it_the_test_split(tmp_path):
    touch(tmp_path, "train/anger/0.jpg", "train/sad/1.jpg", "test_kaggle/0.jpg", "test_kaggle/1.jpg")
    labels(tmp_path, ("./train/anger/0.jpg", "anger"), ("./train/sad/1.jpg", "sad"))
    (tmp_path / "answers.csv").write_text("image_path,emotion\n0.jpg,sad\n../train/sad/1.jpg,sad\n../../0.jpg,sad\n")
    found = by_source(KaggleReader(tmp_path, test_labels="answers.csv").read())
    assert (found["test_kaggle/0.jpg"].label, found["test_kaggle/0.jpg"].split) == ("sad", "test")
    unlisted = found["test_kaggle/1.jpg"]
    assert (unlisted.status, unlisted.reason) == (EXCLUDED, "not listed in answers.csv")
    assert {found[name].status for name in ("../train/sad/1.jpg", "../../0.jpg")} == {QUARANTINED}
    with pytest.raises(DataError, match=r"nowhere\.csv: no such file"):
        KaggleReader(tmp_path, test_labels="nowhere.csv").read()


def test_a_test_photograph_counts_once_and_one_of_two_labels_judges_nothing(tmp_path):
    touch(tmp_path, "train/anger/0.jpg", "train/sad/1.jpg", "test_kaggle/0.jpg", "test_kaggle/1.jpg")
    (tmp_path / "answers.csv").write_text("image_path,emotion\n0.jpg,sad\n./0.jpg,sad\n1.jpg,sad\n1.jpg,anger\n,sad\n")
    records = KaggleReader(tmp_path, test_labels="answers.csv").read().records[2:]
    assert [(record.source, record.label, record.status) for record in records] == [
        ("test_kaggle/0.jpg", "sad", USABLE),
        ("test_kaggle/0.jpg", "sad", EXCLUDED),
        ("test_kaggle/1.jpg", "sad", QUARANTINED),
        ("test_kaggle/1.jpg", "anger", QUARANTINED),
        ("answers.csv row 6", "sad", QUARANTINED),
    ]
    assert records[2].reason == "listed under several labels in answers.csv"


@pytest.mark.parametrize(("reader", "path"), [(FolderReader, "sad/1.jpg"), (KaggleReader, "./train/sad/1.jpg")])
def test_a_table_says_who_is_in_which_photograph(tmp_path, reader, path):
    base = tmp_path if reader is FolderReader else tmp_path / "train"
    touch(base, "sad/1.jpg", "anger/1.jpg")
    before = reader(tmp_path).identity()
    (tmp_path / "people.csv").write_text(f"image_path,person\n{path},ann\n")
    read = reader(tmp_path, people="people.csv")
    assert sorted(record.person for record in read.read().records if record.label) == ["", "ann"]
    assert read.identity() != before
    (tmp_path / "people.csv").write_text("image_path,person\nelsewhere.jpg,ann\n")
    with pytest.raises(DataError, match="names none of the photographs"):
        reader(tmp_path, people="people.csv").read()


def test_photographs_without_a_person_and_rows_without_a_photograph_are_warned_of(tmp_path):
    touch(tmp_path, "sad/1.jpg", "sad/2.jpg", "sad/3.jpg")
    (tmp_path / "people.csv").write_text(
        "image_path,person\nsad/1.jpg,ann\nsad\\2.jpg,bob\nsad/3.JPG,cem\nsad/3.jpg,\n"
    )
    reading = FolderReader(tmp_path, people="people.csv").read()
    assert [record.person for record in reading.records if record.label] == ["ann", "bob", ""]
    unknown, nameless = reading.warnings
    assert unknown == "1 names in people.csv are no photographs of this data set, such as sad/3.JPG"
    assert nameless.startswith("people.csv doesn't say who is in 1 photographs, such as sad/3.jpg")
    before = FolderReader(tmp_path, people="people.csv").identity()
    (tmp_path / "people.csv").write_text(
        "image_path,person\nsad/1.jpg,ann\nsad/2.jpg,bob\nsad/3.jpg,cem\n./sad/3.jpg,cem\n"
    )
    reader = FolderReader(tmp_path, people="people.csv")
    assert reader.read().warnings == ()
    assert reader.identity() != before


def test_a_photograph_of_two_people_is_refused(tmp_path):
    touch(tmp_path, "sad/1.jpg")
    (tmp_path / "people.csv").write_text("image_path,person\nsad/1.jpg,ann\nsad/1.jpg,bob\n")
    with pytest.raises(DataError, match=r"people\.csv says that sad/1\.jpg shows ann and bob; name one"):
        FolderReader(tmp_path, people="people.csv").read()
