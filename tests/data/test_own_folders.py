"""Users' own folders: emolab's results in them, what systems put there, and which folders are classes."""

import io
import os
import re
import unicodedata
from pathlib import Path

import pytest
from made_photographs import class_folders, encoded, picture, write
from made_plans import add, plan

from emolab.config.overrides import typed
from emolab.data.build import prepare
from emolab.data.options import Options
from emolab.data.readers.folder import FolderReader
from emolab.data.readers.kaggle import KaggleReader
from emolab.data.readers.split_folders import KEY
from emolab.data.records import QUARANTINED
from emolab.errors import DataError
from emolab.files import MARK, make_folder
from experiments.output import check_output
from realtime.displays.recording import Recording

PHOTOGRAPH = encoded(picture(0))
OPTIONS = Options("made", 32, validation=0.0, test=0.0)
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "fröhlich") for form in ("NFC", "NFD"))


def touch(root: Path, *names: str) -> Path:
    for name in names:
        write(root / name, PHOTOGRAPH)
    return root


def told(root: Path, cache: Path) -> str:
    said = io.StringIO()
    prepare(FolderReader(root), OPTIONS, cache, 1, said)
    return said.getvalue()


@pytest.mark.parametrize("cache", [".", "cache", "out/cache"])
def test_results_among_the_photographs_are_passed_over_and_nothing_is_prepared_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.chdir(class_folders(tmp_path, {"happy": 4, "sad": 4}))
    first = prepare(FolderReader("."), OPTIONS, Path(cache), 1, io.StringIO())
    make_folder(Path("runs/vgg19"))
    write(Path("runs/vgg19/1/report/confusion.png"), PHOTOGRAPH)
    said = io.StringIO()
    again = prepare(FolderReader("."), OPTIONS, Path(cache), 1, said)
    assert again.folder == first.folder
    assert again.classes == ("happy", "sad")
    assert not Path(MARK).exists()
    top = Path(cache).parts[0] if Path(cache).parts else first.folder.name
    assert f"passed over, as the file {MARK} in each says that emolab made it" in said.getvalue()
    assert f"(remove that file where they are photographs to learn from): {top}, runs\n" in said.getvalue()


@pytest.mark.parametrize("had_runs", [False, True], ids=["", "in a folder that was there"])
def test_whatever_makes_a_folder_marks_it(tmp_path: Path, had_runs: bool) -> None:
    touch(tmp_path, "happy/1.jpg", "sad/1.jpg")
    if had_runs:
        (tmp_path / "runs/vgg19").mkdir(parents=True)
    run = add(tmp_path, 0).folder
    with plan(tmp_path).owned():
        check_output(tmp_path / "sweeps/mine")
    Recording(tmp_path / "shown/named.avi").close(complete=False)
    touch(run / "report", "confusion.png")
    touch(tmp_path, "grids/g/1.png", "sweeps/mine/curves.png", "shown/snapshot.png")
    reader = FolderReader(tmp_path)
    assert (reader.read().classes, len(reader.read().records)) == (("happy", "sad"), 2)
    place = f"runs/vgg19/{run.name}" if had_runs else "runs"
    assert reader.notes()[0].endswith(f"photographs to learn from): grids, {place}, shown, sweeps")


def test_a_folder_that_was_there_is_never_marked_and_one_that_is_named_is_read_in_spite_of_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "mine/happy/1.jpg", "mine/sad/1.jpg")
    for folder in (".", "mine", "mine/out/sad", "..", "mine/out"):
        make_folder(Path(folder))
    assert [path.parent.name for path in tmp_path.rglob(MARK)] == ["out"]
    touch(tmp_path, "mine/out/happy/2.jpg", "mine/out/sad/2.jpg")
    assert len(FolderReader("mine").read().records) == 2
    assert len(FolderReader("mine/out").read().records) == 2
    assert [MARK in line for line in FolderReader("mine").notes()] == [True]
    assert FolderReader("mine/out").notes() == ()


@pytest.mark.parametrize("within", ["", "train"])
def test_what_systems_and_programs_put_there_is_no_class_and_told(tmp_path: Path, within: str) -> None:
    root = tmp_path / within
    touch(root, "happy/1.jpg", "sad/1.jpg", "sad/Thumbs.db", "Thumbs.db", ".git/1.jpg", "__MACOSX/happy/._1.jpg")
    touch(root, "happy/@eaDir/1.jpg", "sad/@eaDir/1.jpg", "sad/.ipynb_checkpoints/1.jpg")
    for name in ("fear", os.fsdecode(b"caf\xe9")):
        (root / name).mkdir()
    for reader in (FolderReader(tmp_path), *([KaggleReader(tmp_path)] if within else [])):
        reading = reader.read()
        assert (reading.classes, len(reading.records)) == (("happy", "sad"), 2)
        hidden, empty = reader.notes()
        assert all(name in hidden for name in (".git", "__MACOSX", "@eaDir (2 of them)", ".ipynb_checkpoints"))
        assert empty == r"no class, as nothing is in the folder: caf\xe9, fear"


def test_a_class_behind_a_link_is_told_each_time(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "data", {"happy": 4, "sad": 4})
    class_folders(tmp_path, {"angry": 4})
    (root / "angry").symlink_to(tmp_path / "angry", target_is_directory=True)
    note = "note: passed over, as links to folders (move or copy the folders here): angry\n"
    assert note in told(root, tmp_path / "cache")
    assert told(root, tmp_path / "cache") == note


def test_a_folder_without_a_photograph_is_no_class_and_warned_of_with_an_example(tmp_path: Path) -> None:
    touch(tmp_path, "train/happy/1.jpg", "train/sad/1")  # a photograph without an ending is one
    for name in ("1.heic", "2.heic"):
        write(tmp_path / "train/notes" / name, b"no photograph")
    warning = "notes is no class: none of its files (2) is a photograph, such as train/notes/1.heic"
    for reader in (FolderReader(tmp_path), KaggleReader(tmp_path)):
        reading = reader.read()
        assert (reading.classes, reading.warnings) == (("happy", "sad"), (warning,))
        assert {record.source for record in reading.records if record.status == QUARANTINED} == {
            "train/notes/1.heic",
            "train/notes/2.heic",
        }
    said = told(tmp_path, tmp_path / "cache")
    assert f"WARNING: {warning}" in said
    assert "2 photographs (50.0%) can't be used" in said


def test_names_of_classes_that_look_the_same_are_the_same(tmp_path: Path) -> None:
    touch(tmp_path, f"train/{COMPOSED}/1.jpg", f"test/{DECOMPOSED}/1.jpg", "train/sad/1.jpg", "test/sad/1.jpg")
    assert FolderReader(tmp_path).read().classes == (COMPOSED, "sad")


def test_a_table_finds_classes_and_photographs_that_a_mac_named(tmp_path: Path) -> None:
    touch(tmp_path, f"train/{DECOMPOSED}/1.jpg", "train/sad/1.jpg")
    rows = f"image_path,emotion\ntrain/{COMPOSED}/1.jpg,{COMPOSED}\ntrain/sad/1.jpg,sad\n"
    (tmp_path / "train.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "people.csv").write_text(f"image_path,person\ntrain/{COMPOSED}/1.jpg,ann\ntrain/sad/1.jpg,bob\n")
    reading = KaggleReader(tmp_path, people="people.csv").read()
    assert (reading.classes, reading.warnings) == ((COMPOSED, "sad"), ())
    assert [(record.label, record.person, record.status) for record in reading.records] == [
        (COMPOSED, "ann", "usable"),
        ("sad", "bob", "usable"),
    ]


def test_classes_that_differ_by_capitals_are_one_called_as_in_training(tmp_path: Path) -> None:
    touch(tmp_path, "train/Happy/1.jpg", "train/sad/1.jpg", *(f"test/happy/{number}.jpg" for number in range(5)))
    reading = FolderReader(tmp_path).read()
    assert reading.classes == ("Happy", "sad")
    assert reading.warnings == ("Happy, happy differ only by capitals: they are one class, Happy",)
    assert {record.label for record in reading.records if record.split == "test"} == {"Happy"}


def test_a_tables_spelling_of_a_class_counts_and_its_rarer_ones_join(tmp_path: Path) -> None:
    """The competition's file wants the labels as its table has them, not as its folders are called."""
    touch(tmp_path, *(f"train/happy/{number}.jpg" for number in range(3)), "train/sad/1.jpg", "test_kaggle/1.jpg")
    rows = [*((f"train/happy/{number}.jpg", "Happy") for number in range(2)), ("train/happy/2.jpg", "HAPPY")]
    rows += [("train/sad/1.jpg", "Sad"), ("train/sad/1.jpg", "sad")]
    (tmp_path / "train.csv").write_text("image_path,emotion\n" + "".join(f"{path},{label}\n" for path, label in rows))
    (tmp_path / "answers.csv").write_text("image_path,emotion\n1.jpg,happy\n")
    reading = KaggleReader(tmp_path, test_labels="answers.csv").read()
    assert reading.classes == ("Happy", "Sad")
    usable = [(record.source, record.label) for record in reading.records if record.status == "usable"]
    assert usable == [*((f"train/happy/{n}.jpg", "Happy") for n in range(3)), ("train/sad/1.jpg", "Sad"),
                      ("test_kaggle/1.jpg", "Happy")]  # fmt: skip


def test_a_class_of_the_test_photographs_alone_is_none(tmp_path: Path) -> None:
    touch(tmp_path, "train/happy/1.jpg", "train/sad/1.jpg", "test_kaggle/1.jpg")
    (tmp_path / "answers.csv").write_text("image_path,emotion\n1.jpg,fear\n")
    assert KaggleReader(tmp_path, test_labels="answers.csv").read().classes == ("happy", "sad")


def test_where_no_folder_has_a_photograph_all_stay_so_that_prepare_says_why(tmp_path: Path) -> None:
    for label in ("happy", "sad"):
        write(tmp_path / label / "1.jpg", b"nothing")
    with pytest.raises(DataError, match=r"no photograph can be used: 2 x not an image .*, such as happy/1\.jpg"):
        told(tmp_path, tmp_path / "cache")


def test_warnings_are_repeated_in_a_line_with_the_page_when_data_come_from_the_cache(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "data/train", {"Happy": 4, "sad": 4}).parent
    class_folders(root / "test", {"happy": 4, "sad": 4}, seed=1)
    write(root / "train/sad/broken.jpg", b"nothing")
    first, again = told(root, tmp_path / "cache"), told(root, tmp_path / "cache")
    assert "WARNING: Happy, happy differ only by capitals" in first
    (page,) = (tmp_path / "cache").glob("made-*/report/index.html")
    share = "1 photographs (5.9%) can't be used, most of them: not an image of a known format"
    assert again.startswith(f"WARNING: {share}")
    assert again.endswith(f" (and 1 more); see {page}\n")
    assert again.count("\n") == 1


def test_data_without_a_fault_say_nothing_when_they_come_from_the_cache(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "data", {"happy": 4, "sad": 4})
    assert "prepared made: 8 images" in told(root, tmp_path / "cache")
    assert told(root, tmp_path / "cache") == ""


def test_the_page_shows_what_the_terminal_says(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "data", {"happy": 4, "sad": 1})
    (root / "fear").mkdir()
    (root / ".git").mkdir()
    said = io.StringIO()
    folder = prepare(FolderReader(root), Options("made", 32), tmp_path / "cache", 1, said).folder
    page = (folder / "report/index.html").read_text()
    for text in ("passed over, as hidden", "no class, as nothing is in the folder: fear", "no test images of sad"):
        assert text in said.getvalue()
        assert text in page.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("place", "given", "right"),
    [
        (".", "photos/train/happy", "photos"),
        (".", "my photos/happy", "my photos"),
        ("photos/train", "sad/", ".."),
        ("photos/train/happy", ".", "../.."),
    ],
)
def test_a_class_given_as_the_data_names_the_folder_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, given: str, right: str
) -> None:
    touch(tmp_path, "photos/train/happy/1.jpg", "photos/train/sad/1.jpg", "my photos/happy/1.jpg")
    monkeypatch.chdir(tmp_path / place)
    told = f"found no such file, but photographs in no folder: is it a class itself? Then give {typed(KEY, right)}"
    with pytest.raises(DataError, match=f"{re.escape(told)}$"):
        FolderReader(given).read()


def test_a_split_given_as_the_data_says_which_folder_takes_the_others_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photographs = [f"{split}/{name}/1.jpg" for split in ("train", "test", "val") for name in ("happy", "sad")]
    monkeypatch.chdir(touch(tmp_path / "photos", *photographs).parent)
    note = "train is called like a split, and test, val lie beside it: data.root=photos takes all of them"
    assert FolderReader("photos/train").notes() == (note,)
    assert FolderReader("photos").notes() == ()
    monkeypatch.chdir("photos/train")
    assert FolderReader(".").notes() == (note.replace("photos", ".."),)


@pytest.mark.parametrize("given", ["competition/train", "competition/train/happy"])
def test_a_part_of_a_competition_names_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.chdir(touch(tmp_path / "competition", "train/happy/1.jpg", "train/sad/1.jpg").parent)
    with pytest.raises(DataError, match=r"found neither; data\.root=competition has a folder train: give that$"):
        KaggleReader(given).read()
