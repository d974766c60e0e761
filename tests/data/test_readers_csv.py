import gzip
import zipfile

import numpy as np
import pytest

from emolab.data.readers import fer2013
from emolab.data.readers.fer2013 import LABELS, Fer2013Reader
from emolab.data.readers.ferplus import FerPlusReader, count_votes, majority_label, soft_target
from emolab.data.records import EXCLUDED, QUARANTINED, USABLE
from emolab.errors import DataError

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def face(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8)


def pixels(seed: int) -> str:
    return " ".join(map(str, face(seed).ravel()))


ROWS = [(3, 0, "Training"), (0, 1, "PublicTest"), (6, 2, "PrivateTest")]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("emotion,pixels,Usage", "{0},{1},{2}"),
        ("emotion, Usage, pixels", "{0},{2},{1}"),
        ('"emotion","pixels","Usage"', '"{0}","{1}","{2}"'),
        ("\ufeffemotion,pixels,Usage", "{0},{1},{2}\r"),
    ],
)
def test_every_published_form_gives_the_same_records(tmp_path, header, row, compress):
    lines = [header, *(row.format(code, pixels(seed), usage) for code, seed, usage in ROWS)]
    path = tmp_path / "faces"
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(data) if compress else data)
    reading = Fer2013Reader(path).read()
    assert reading.classes == ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert [(r.label, r.split, r.status) for r in reading.records] == [
        ("happy", "train", USABLE),
        ("anger", "validation", USABLE),
        ("neutral", "test", USABLE),
    ]
    assert all(np.array_equal(r.pixels, face(seed)) for r, (_, seed, _) in zip(reading.records, ROWS, strict=True))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"7,{pixels(0)},Training", "'7' isn't a class"),
        (f"-1,{pixels(0)},Training", "'-1' isn't a class"),
        (f"joy,{pixels(0)},Training", "'joy' isn't a class"),
        (f"3,{pixels(0)},Holdout", "unknown Usage 'Holdout'"),
        (f"3,{pixels(0)} 7,Training", "not 2304 pixels"),
        (f"3,{pixels(0)[:-9]},Training", "not 2304 pixels"),
        (f"3,256 {pixels(0).split(' ', 1)[1]},Training", "not 2304 pixels of 0 to 255"),
        (f"3,x {pixels(0).split(' ', 1)[1]},Training", "not 2304 pixels of 0 to 255"),
        (f"{'3' * 5000},{pixels(0)},Training", "isn't a class"),
        ("3", "too few columns"),
    ],
)
def test_a_malformed_row_is_quarantined_and_its_neighbours_stay(tmp_path, line, reason):
    path = tmp_path / "fer.csv"
    path.write_text(f"emotion,pixels,Usage\n3,{pixels(1)},Training\n{line}\n4,{pixels(2)},Training\n")
    before, bad, after = Fer2013Reader(path).read().records
    assert (before.status, bad.status, after.status) == (USABLE, QUARANTINED, USABLE)
    assert reason in bad.reason
    assert bad.pixels is None


def test_a_csv_of_something_else_is_refused_with_its_columns(tmp_path):
    (tmp_path / "iris.csv").write_text("sepal,petal\n1,2\n")
    with pytest.raises(DataError, match="expected the columns emotion, pixels, Usage; found sepal, petal"):
        Fer2013Reader(tmp_path / "iris.csv").read()
    (tmp_path / "train.csv").write_text("emotion,pixels\n3,1 2\n")
    with pytest.raises(DataError, match=r"Usage says which split .* fer2013\.csv"):
        Fer2013Reader(tmp_path / "train.csv").read()
    (tmp_path / "faces.csv").write_text("emotion;pixels;Usage\n3;1 2;Training\n")
    with pytest.raises(DataError, match=r"found emotion;pixels;usage, separated by ';': expected ','\. Usage says"):
        Fer2013Reader(tmp_path / "faces.csv").read()
    for name, found in (("absent.csv", "no such file"), ("", "a folder")):
        with pytest.raises(DataError, match=rf"{found}; give the FER2013 CSV"):
            Fer2013Reader(tmp_path / name).identity()


def test_an_archive_is_to_be_unpacked_first(tmp_path):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("fer2013.csv", "emotion,pixels,Usage\n")
    faces = ferplus(tmp_path, ["6,0,1,1,0,0,0,0,2,0"]).faces.path
    for reader in (Fer2013Reader(tmp_path / "archive.zip"), FerPlusReader(faces, tmp_path / "archive.zip")):
        with pytest.raises(DataError, match=r"archive\.zip is a ZIP archive: unpack it first"):
            reader.read()


def test_blank_lines_are_no_faces(tmp_path):
    reader = ferplus(tmp_path, ["6,0,1,1,0,0,0,0,2,0"] * 2)
    for path in (reader.faces.path, reader.votes):
        path.write_text(path.read_text() + "\n\r\n")
        assert [record.label for record in reader.read().records] == ["neutral"] * 2
    assert [record.source for record in reader.faces.read().records] == ["row 0000000", "row 0000001"]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"emotion,pixels,Usage\n" + b"7 " * 5_000_000))
    with pytest.raises(DataError, match="a line of more than 65,536 characters: it isn't FER2013's CSV"):
        Fer2013Reader(path).read()


def test_rows_without_end_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fer2013, "MOST_ROWS", 3)
    path = tmp_path / "rows.csv"
    path.write_text("emotion,pixels,Usage\n" + "\n" * 5)
    with pytest.raises(DataError, match="more than 3 rows"):
        Fer2013Reader(path).read()


def test_a_download_cut_short_is_refused(tmp_path):
    path = tmp_path / "fer.csv.gz"
    whole = gzip.compress(f"emotion,pixels,Usage\n3,{pixels(1)},Training\n".encode())
    path.write_bytes(whole[:-20])
    with pytest.raises(DataError, match="cut short or damaged"):
        Fer2013Reader(path).read()


def ferplus(tmp_path, votes: list[str], labels: str = "majority", usage: str = "Training") -> FerPlusReader:
    lines = ["emotion,pixels,Usage", *(f"3,{pixels(seed)},Training" for seed in range(len(votes)))]
    (tmp_path / "fer.csv").write_text("\n".join(lines) + "\n")
    rows = [HEADER, *(f"{usage},fer{number:07d}.png,{vote}" for number, vote in enumerate(votes))]
    (tmp_path / "votes.csv").write_text("\n".join(rows) + "\n")
    return FerPlusReader(tmp_path / "fer.csv", tmp_path / "votes.csv", labels)


# neutral happy surprise sad anger disgust fear contempt unknown no-face
MAJORITY = [
    ("6,0,1,1,0,0,0,0,2,0", USABLE, "neutral"),
    ("4,0,0,1,3,2,0,0,0,0", EXCLUDED, "no majority"),  # 4 of 9 once the single vote is gone
    ("5,1,1,0,0,3,0,0,0,0", USABLE, "neutral"),  # 5 of 8 once the single votes are gone
    ("0,0,0,0,0,0,0,10,0,0", USABLE, "contempt"),
    ("1,1,0,0,0,0,0,0,8,0", EXCLUDED, "no known emotion"),
    ("0,0,0,0,0,0,0,0,0,10", EXCLUDED, "no face"),
    ("1,1,1,1,1,1,1,1,1,1", EXCLUDED, "no majority"),
    ("5,5,0,0,0,0,0,0,0,0", EXCLUDED, "no majority"),
    ("x,5,0,0,0,0,0,0,0,0", QUARANTINED, "malformed row of votes"),
    ("-5,5,0,0,0,0,0,0,0,0", QUARANTINED, "malformed row of votes"),
    ("nan,5,0,0,0,0,0,0,0,0", QUARANTINED, "malformed row of votes"),
    ("5,5", QUARANTINED, "malformed row of votes"),
]


def test_majority_labels_follow_the_published_handling(tmp_path):
    reading = ferplus(tmp_path, [votes for votes, _, _ in MAJORITY]).read()
    assert reading.classes == ("anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    for record, (votes, status, text) in zip(reading.records, MAJORITY, strict=True):
        assert record.status == status, votes
        assert text == record.label if status == USABLE else text in record.reason


def test_soft_labels_are_the_raters_distribution(tmp_path):
    records = ferplus(tmp_path, ["4,0,0,1,3,0,0,0,2,0", "0,0,2,0,0,0,0,0,3,0"], "soft").read().records
    assert records[0].label == "neutral"
    anger, neutral = 3 / 7, 4 / 7
    assert records[0].target == pytest.approx((anger, 0, 0, 0, 0, neutral, 0, 0))
    assert (records[1].status, records[1].target) == (EXCLUDED, None)


def test_votes_that_belong_to_other_faces_are_noticed(tmp_path):
    votes = ["6,0,1,1,0,0,0,0,2,0"] * 3
    reader = ferplus(tmp_path, votes, usage="PrivateTest")
    assert {record.reason for record in reader.read().records} == {"the two files disagree on its Usage"}
    (tmp_path / "votes.csv").write_text(f"{HEADER}\nTraining,fer0000000.png,{votes[0]}\n")
    with pytest.raises(DataError, match=r"has 1 rows and .* 3"):
        reader.read()
    (tmp_path / "votes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"expected the columns Usage, Image name, .*, unknown, NF; found a, b"):
        reader.read()


def test_votes_that_a_spreadsheet_saved_are_read(tmp_path):
    reader = ferplus(tmp_path, ["0,9,0,0,0,0,0,0,0,1"])
    text = (tmp_path / "votes.csv").read_text().replace(HEADER, HEADER.upper().replace(",", ", "))
    (tmp_path / "votes.csv").write_bytes(f"{text}\n".replace("\n", "\r\n").encode("utf-16"))
    assert [record.label for record in reader.read().records] == ["happy"]


def test_votes_without_the_names_by_which_their_order_is_known_are_refused(tmp_path):
    reader = ferplus(tmp_path, ["6,0,1,1,0,0,0,0,2,0"] * 2)
    rows = (tmp_path / "votes.csv").read_text()
    (tmp_path / "votes.csv").write_text(rows.replace("Image name", "name"))
    with pytest.raises(DataError, match=r"expected the columns .*Image name.*; found usage, name"):
        reader.read()


def test_votes_in_another_order_are_refused_and_rows_without_a_name_are_not(tmp_path):
    votes = ["6,0,1,1,0,0,0,0,2,0"] * 4
    reader = ferplus(tmp_path, votes)
    first, *rows = (tmp_path / "votes.csv").read_text().splitlines()
    rows[1] = rows[1].replace("fer0000001.png", "")
    (tmp_path / "votes.csv").write_text("\n".join([first, *rows]))
    assert len(reader.read().records) == 4
    for order in ([0, 1, 3, 2], [0, 1, 2, 2]):
        (tmp_path / "votes.csv").write_text("\n".join([first, *(rows[row] for row in order)]))
        with pytest.raises(DataError, match=r"fer0000002\.png after fer000000\d\.png: its rows aren't in the order"):
            reader.read()


def test_a_quote_in_the_votes_that_isnt_closed_is_told(tmp_path):
    reader = ferplus(tmp_path, ["6,0,1,1,0,0,0,0,2,0"])
    (tmp_path / "votes.csv").write_text(f'{HEADER}\nTraining,"fer0000000.png,6,0,1,1,0,0,0,0,2,0\n')
    with pytest.raises(DataError, match=r"votes.csv can't be read as CSV .*quote"):
        reader.read()


def test_the_kind_of_labels_is_part_of_the_identity(tmp_path):
    votes = ["6,0,1,1,0,0,0,0,2,0"]
    assert ferplus(tmp_path, votes, "soft").identity() != ferplus(tmp_path, votes).identity()
    with pytest.raises(DataError, match=r"data\.labels=hard: expected one of majority, soft"):
        ferplus(tmp_path, votes, "hard")


def test_a_row_without_votes_has_no_label():
    votes = count_votes(dict.fromkeys(HEADER.split(",")[2:], "0"))
    assert majority_label(votes) is None
    assert soft_target(votes) is None


def test_class_codes_are_those_of_the_publication():
    assert LABELS == ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
