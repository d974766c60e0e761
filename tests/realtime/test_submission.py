"""The Kaggle file without a network: names, order, bytes, refusals."""

import io
import os
import unicodedata
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from made_photographs import encoded, write
from run_fields import made_record
from stand_ins import CLASSES, Brightness, plain

from emolab.data.crop import crop_and_resize
from emolab.data.image import read_image
from emolab.errors import ConfigError, DataError
from emolab.runs import RunRecord
from realtime.submission.client import require_client, send
from realtime.submission.names import check_classes, wanted_files
from realtime.submission.predict import predict
from realtime.submission.rows import (
    Row,
    changes,
    distance,
    make_rows,
    read_submission,
    shares,
    write_confidence,
    write_submission,
)
from realtime.submission.sample import Sample, plain_sample


@pytest.fixture
def competition(tmp_path: Path) -> Path:
    """Ten test photographs of three brightnesses, and a sample in an order of its own."""
    for number in range(10):
        image = plain((20, 120, 240)[number % 3], 40, 50)
        write(tmp_path / "test_kaggle" / f"{number}.png", encoded(image, "PNG"))
    _sample(tmp_path, [f"{number}.png" for number in (3, 9, 0, 1, 2, 4, 5, 6, 7, 8)])
    return tmp_path


def _sample(root: Path, names: list[str], label: str = "grey") -> None:
    rows = "".join(f"{name},{label}\n" for name in names)
    (root / "sample_submission.csv").write_text(f"image_path,emotion\n{rows}")


def _run(root: Path, classes: Sequence[str], save: bool = True) -> RunRecord:
    record = made_record(root / "runs", classes=list(classes))
    if save:
        record.save_checkpoint("best", lambda path: path.write_text("w"), tag=1)
    return record


def _rows(root: Path, **options: object) -> list:
    _, files = wanted_files(root)
    found = predict(list(files.values()), [Brightness()], 4, workers=2, stream=io.StringIO(), **options)
    return make_rows(list(files), found.probabilities, CLASSES, found.unreadable, "grey")


def _submission(root: Path) -> str:
    write_submission(root / "submission.csv", _rows(root), wanted_files(root)[0])
    return (root / "submission.csv").read_bytes().decode()


def test_rows_follow_the_sample_and_name_classes(competition: Path) -> None:
    text = _submission(competition)
    expected = [f"{n}.png,{CLASSES[n % 3]}" for n in (3, 9, 0, 1, 2, 4, 5, 6, 7, 8)]
    assert text == "image_path,emotion\n" + "".join(f"{line}\n" for line in expected)


def test_a_class_is_written_in_the_form_of_unicode_that_the_sample_has() -> None:
    composed, decomposed = (unicodedata.normalize(form, "dégoût") for form in ("NFC", "NFD"))
    sample = Sample(("image_path", "emotion"), (("0.png", decomposed), ("1.png", "")))
    assert sample.labels() == {composed}
    assert list(sample.filled({"0.png": "joy", "1.png": composed})) == [("0.png", "joy"), ("1.png", decomposed)]


def test_without_a_sample_rows_follow_the_names(competition: Path) -> None:
    (competition / "sample_submission.csv").unlink()
    assert [row.name for row in _rows(competition)] == [f"{number}.png" for number in range(10)]


@pytest.mark.parametrize(
    ("header", "row", "written"),
    [
        ("id,label", "{name},grey", "{name},{label}"),
        ("Emotion,File", "grey,{name}", "{label},{name}"),  # whichever column has the names
        ("Image_Path,Emotion", " {name},", " {name},{label}"),
        (",image_path,emotion,Usage", "7,{name},grey,Public", "7,{name},{label},Public"),
        ("file,emotion,Usage", "{name},grey,Public", "{name},{label},Public"),
    ],
)
def test_the_file_is_the_sample_with_other_classes(competition: Path, header: str, row: str, written: str) -> None:
    """A competition refuses a file whose columns aren't called as in its sample."""
    numbers = (3, 9, 0, 1, 2, 4, 5, 6, 7, 8)
    sample = [row.format(name=f"{number}.png") for number in numbers]
    (competition / "sample_submission.csv").write_text("\n".join([header, *sample]) + "\n", encoding="utf-8-sig")
    expected = [written.format(name=f"{number}.png", label=CLASSES[number % 3]) for number in numbers]
    assert _submission(competition) == "\n".join([header, *expected]) + "\n"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "image_path,dark,grey,light",
            "has the columns image_path, dark, grey, light, and which of them takes the class",
        ),
        ("image_path", "expected a column of photographs and one of classes; found image_path"),
        ("image_path,emotion,Emotion,", "has more than one column called emotion: each needs a name of its own"),
    ],
)
def test_a_sample_whose_columns_cant_be_told_is_refused(competition: Path, header: str, message: str) -> None:
    (competition / "sample_submission.csv").write_text(f"{header}\n3.png,1,0,0\n")
    with pytest.raises(DataError, match=message):
        wanted_files(competition)


def test_what_is_no_photograph_gets_no_row(competition: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = competition / "test_kaggle"
    for name in ("Thumbs.db", "desktop.ini", "@eaDir/1.png", ".DS_Store", "how to.txt"):
        write(folder / name, b"no photograph")
    assert len(_rows(competition)) == 10  # nothing of it is missed in the sample
    write(folder / "10", encoded(plain(20), "PNG"))  # one without an ending is a photograph all the same
    (competition / "sample_submission.csv").unlink()
    assert [row.name for row in _rows(competition)] == sorted(["10", *(f"{number}.png" for number in range(10))])
    assert "left out, because they are no photographs: 'how to.txt' in" in capsys.readouterr().out


def test_the_same_bytes_come_each_time(competition: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_submission(tmp_path / f"{name}.csv", _rows(competition, flip=True), wanted_files(competition)[0])
        write_confidence(tmp_path / f"{name}.confidence.csv", _rows(competition, flip=True))
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()
    assert (tmp_path / "one.confidence.csv").read_bytes() == (tmp_path / "other.confidence.csv").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda names: [*names, "3.png"], "1: '3.png': stands there more than once"),
        (lambda names: [*names, "77.png"], "1: '77.png': isn't in test_kaggle/"),
        (lambda names: names[1:], "1: '3.png': lies in test_kaggle/ and not in the sample"),
        (lambda names: ["test_kaggle/3.png", *names[1:]], "'test_kaggle/3.png': isn't a bare file name"),
    ],
    ids=["twice", "missing", "extra", "with a folder"],
)
def test_names_that_dont_belong_together_are_refused_and_named(competition: Path, change, message: str) -> None:
    names = list(wanted_files(competition)[1])
    _sample(competition, change(names))
    with pytest.raises(DataError) as caught:
        wanted_files(competition)
    assert message in str(caught.value)


def test_folders_within_and_an_empty_folder_are_refused(competition: Path, tmp_path: Path) -> None:
    write(competition / "test_kaggle" / "more" / "1.png", b"x")
    with pytest.raises(DataError, match="move them up"):
        wanted_files(competition)
    (tmp_path / "empty" / "test_kaggle").mkdir(parents=True)
    with pytest.raises(DataError, match="is empty"):
        wanted_files(tmp_path / "empty")


def test_a_name_that_is_no_utf8_is_refused(competition: Path) -> None:
    (competition / "sample_submission.csv").unlink()
    write(competition / "test_kaggle" / os.fsdecode(b"caf\xe9.jpg"), encoded(plain(20)))
    with pytest.raises(DataError, match=r"aren't UTF-8 .*caf.*rename") as caught:
        wanted_files(competition)
    assert str(caught.value).encode()  # can be printed


def test_a_run_of_other_classes_is_refused_with_both_lists(competition: Path) -> None:
    good, bad = _run(competition, CLASSES), _run(competition, ("dark", "light"))
    with pytest.raises(DataError) as caught:
        check_classes(competition, CLASSES, [good, bad], plain_sample([]), competition / "none")
    assert f"the run {bad.id}" in str(caught.value)
    assert "dark, light\n" in str(caught.value)
    assert "dark, grey, light" in str(caught.value)
    assert "none has the folder's classes: train one" in str(caught.value)


def test_the_refusal_of_a_run_of_other_classes_names_the_newest_that_fits(competition: Path) -> None:
    _run(competition, CLASSES)
    fitting, bad = _run(competition, CLASSES), _run(competition, ("dark", "light"))
    _run(competition, CLASSES, save=False)
    with pytest.raises(DataError, match=f"is ckpt={fitting.id}$"):
        check_classes(competition, CLASSES, [bad], plain_sample([]), competition / "runs")


@pytest.mark.parametrize("label", ["3", "purple"])
def test_a_sample_with_other_classes_or_numbers_is_refused(competition: Path, label: str) -> None:
    _sample(competition, [f"{number}.png" for number in range(10)], label)
    with pytest.raises(DataError, match=f"doesn't have: '{label}'"):
        check_classes(competition, CLASSES, [], wanted_files(competition)[0], competition / "runs")


def test_photographs_that_cant_be_read_get_the_most_frequent_class_and_a_note(competition: Path) -> None:
    write(competition / "test_kaggle" / "0.png", b"no picture")
    rows = {row.name: row for row in _rows(competition)}
    assert rows["0.png"].label == "grey"
    assert "not an image" in rows["0.png"].note
    assert rows["3.png"].label == "dark"
    assert rows["3.png"].note == ""


def test_a_photograph_that_may_be_read_another_time_is_refused_and_never_gets_a_class(competition: Path) -> None:
    files = [*wanted_files(competition)[1].values(), competition / "test_kaggle" / "gone.png"]
    with pytest.raises(DataError, match=r"gone\.png: no such file\. Give the same command again"):
        predict(files, [Brightness()], 4, stream=io.StringIO())


def test_a_photograph_goes_the_way_that_it_goes_in_prepare(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (300, 200, 3)).astype(np.uint8)
    path = write(tmp_path / "1.jpg", encoded(image, quality=90))
    seen = []

    class Looks(Brightness):
        def __call__(self, images: np.ndarray) -> np.ndarray:
            seen.append(images)
            return super().__call__(images)

    predict([path], [Looks()], stream=io.StringIO())
    np.testing.assert_array_equal(seen[0][0], crop_and_resize(read_image(path, at_least=16), None, 16))


def test_several_recognisers_and_mirror_images_are_averaged(competition: Path) -> None:
    class Other(Brightness):
        def __call__(self, images: np.ndarray) -> np.ndarray:
            return np.tile(np.float32([0.0, 0.0, 1.0]), (len(images), 1))

    found = predict([competition / "test_kaggle" / "0.png"], [Brightness(), Other()], flip=True, stream=io.StringIO())
    np.testing.assert_allclose(found.probabilities[0], [0.4, 0.05, 0.55], atol=1e-6)


@pytest.mark.parametrize(
    ("answer", "code", "is_sent"),
    [
        ("Successfully submitted to Faces", 0, True),
        ("Submission ref: 4711", 0, True),
        ("Could not submit to competition", 0, False),
        ("Could not find competition - please verify that you entered the correct competition ID", 0, False),
        ("", 0, False),
        ("Successfully submitted to Faces", 1, False),
    ],
)
def test_a_submission_is_sent_only_when_kaggles_client_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, is_sent: bool
) -> None:
    client = tmp_path / "kaggle"  # a program of its own, because the real one needs an account
    client.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with nullcontext() if is_sent else pytest.raises(DataError, match="doesn't say that it was submitted"):
        send(tmp_path / "submission.csv", "faces", "a message")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client that never answers, on a machine where nobody has an account; the real one needs one."""
    for name in [name for name in os.environ if name.startswith("KAGGLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    write(tmp_path / "kaggle", b"#!/bin/sh\nexec sleep 60\n").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "file"),
    [
        ({"KAGGLE_USERNAME": "me", "KAGGLE_KEY": "k"}, None),
        ({"KAGGLE_API_TOKEN": "t"}, None),
        ({"KAGGLE_API_V1_TOKEN": "/of/a/notebook"}, None),
        ({"KAGGLE_CONFIG_DIR": "{home}/mine"}, "mine/kaggle.json"),
        ({"XDG_CONFIG_HOME": "{home}/settings"}, "settings/kaggle/kaggle.json"),
        ({}, ".config/kaggle/kaggle.json"),
        ({}, ".kaggle/kaggle.json"),
        ({}, ".kaggle/access_token"),
        ({}, ".kaggle/credentials.json"),
    ],
)
def test_a_client_without_an_account_is_refused_before_anything_slow_and_each_kind_of_account_is_found(
    client: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], file: str | None
) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "me")  # which alone is none
    with pytest.raises(ConfigError, match=r"needs an account .*kaggle\.json .*KAGGLE_USERNAME and KAGGLE_KEY"):
        require_client("faces")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=client))
    if file is not None:
        write(client / file, b"")
    require_client("faces")


def test_a_client_that_never_answers_is_ended_and_the_file_stays(client: Path) -> None:
    path = write(client / "submission.csv", b"rows")
    with pytest.raises(DataError, match=r"submission\.csv is written and kept, .* took more than 0\.2 s and was ended"):
        send(path, "faces", "a message", seconds=0.2)
    assert path.read_bytes() == b"rows"


def test_changes_against_an_earlier_submission_are_counted(competition: Path, tmp_path: Path) -> None:
    rows = _rows(competition)
    earlier = [rows[0]._replace(label="light"), *rows[2:]]
    sample = plain_sample([row.name for row in earlier])
    write_submission(tmp_path / "earlier.csv", earlier, sample)
    count, most = changes(rows, read_submission(tmp_path / "earlier.csv", sample))
    assert count == 2
    assert ("light -> dark", 1) in most


def test_a_class_that_a_sample_spells_decomposed_is_no_change(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "wütend") for form in ("NFC", "NFD"))
    earlier = tmp_path / "earlier.csv"
    earlier.write_text(f"image_path,emotion\na.jpg,{decomposed}\n", encoding="utf-8")
    assert changes([Row("a.jpg", composed, 0.9)], read_submission(earlier, plain_sample(["a.jpg"]))) == (0, [])


def test_distance_of_distributions_is_from_none_to_one() -> None:
    one, other = shares(["dark"] * 3, CLASSES), shares(["light"] * 5, CLASSES)
    assert distance(one, one) == 0
    assert distance(one, other) == 1
