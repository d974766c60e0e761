from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_photographs import class_folders, made

from emolab.data.datamodule import DataModule
from emolab.data.left_out import read_left_out
from emolab.data.prepared import PreparedData
from emolab.data.readers.folder import FolderReader
from emolab.errors import DataError


def listed(folder: Path, *lines: str) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def names(prepared: PreparedData, split: str) -> list[str]:
    return prepared.index["source"].iloc[prepared.rows(split)].tolist()


def test_listed_images_are_never_in_a_batch(prepared, tmp_path):
    gone = names(prepared, "train")[::3]
    data = DataModule(prepared, 4, seed=0, leave_out=listed(tmp_path, "image,why", *(f"{name},odd" for name in gone)))
    assert data.left_out is not None
    out = {prepared.images[row].tobytes() for row in data.left_out.rows}
    seen = {image.tobytes() for step in range(2 * data.steps_per_epoch) for image in data.train_batch(step)[0]}
    assert len(out) == len(gone)
    assert not out & seen
    assert len(seen) == len(names(prepared, "train")) - len(gone)


def test_the_digest_tells_lists_apart_but_not_their_order(prepared, tmp_path):
    one, two, three = names(prepared, "train")[:3]
    first = read_left_out(listed(tmp_path, "image", one, two), prepared).digest
    assert read_left_out(listed(tmp_path, "image", two, one, one), prepared).digest == first
    assert read_left_out(listed(tmp_path, "image", two, three), prepared).digest != first


def test_a_photograph_that_is_listed_twice_is_left_out_twice(tmp_path):
    class Twice:
        name = "made"
        index = pd.DataFrame({"source": ["a.png", "a.png", "b.png", "b.png"]})

        def rows(self, split: str) -> np.ndarray:
            return np.array([0, 1, 3])

    assert read_left_out(listed(tmp_path, "image", "a.png"), Twice()).rows.tolist() == [0, 1]
    assert read_left_out(listed(tmp_path, "image", "b.png"), Twice()).rows.tolist() == [3]


def test_a_list_that_cannot_be_used_is_refused(prepared, tmp_path):
    with pytest.raises(DataError, match="1 of 2 names are no training images"):
        read_left_out(listed(tmp_path, "image", names(prepared, "train")[0], names(prepared, "test")[0]), prepared)
    with pytest.raises(DataError, match=r"trainer\.leave_out=.*list\.csv: expected the columns image; found file"):
        read_left_out(listed(tmp_path, "file", names(prepared, "train")[0]), prepared)
    with pytest.raises(DataError, match="a row has nothing in the column image"):
        read_left_out(listed(tmp_path, "image,why", ",odd"), prepared)
    with pytest.raises(DataError, match=r"trainer\.leave_out=.*none\.csv: no such file; expected a CSV"):
        read_left_out(tmp_path / "none.csv", prepared)
    with pytest.raises(DataError, match="no training images left"):
        DataModule(prepared, 4, 0, leave_out=listed(tmp_path, "image", *names(prepared, "train")))


def test_a_quote_that_isnt_closed_hides_no_name(prepared, tmp_path):
    one, two, three = names(prepared, "train")[:3]
    with pytest.raises(DataError, match=r"trainer\.leave_out=.*list\.csv can't be read as CSV .*quote"):
        read_left_out(listed(tmp_path, "image,why", f'{one},"odd', f"{two},odd", f"{three},odd"), prepared)


def test_an_unknown_name_is_told_with_one_of_the_data_as_it_is_written(prepared, tmp_path):
    (first, *_) = names(prepared, "train")
    with pytest.raises(DataError, match=rf"such as 'gone\.jpg'; a name looks like '{first}'$"):
        read_left_out(listed(tmp_path, "image", "gone.jpg"), prepared)


def test_a_list_may_come_from_a_spreadsheet(prepared, tmp_path):
    one, two = names(prepared, "train")[:2]
    (tmp_path / "list.csv").write_bytes(f"Image,Why\r\n{one} ,odd\r\n\r\n{two},\r\n".encode("utf-16"))
    assert read_left_out(tmp_path / "list.csv", prepared).rows.tolist() == prepared.rows("train")[:2].tolist()


def test_a_name_may_end_in_a_space(tmp_path):
    root = class_folders(tmp_path / "photographs", {"sad": 2, "anger": 2})
    (root / "sad/0.jpg").rename(root / "sad/0 ")
    data = made(FolderReader(root), tmp_path / "cache", validation=0, test=0)
    left = read_left_out(listed(tmp_path, "image", "sad/0 "), data)
    assert data.index["source"][left.rows].tolist() == ["sad/0 "]


def test_an_empty_list_leaves_nothing_out(prepared, tmp_path):
    data = DataModule(prepared, 4, seed=0, leave_out=listed(tmp_path, "image"))
    assert data.left_out is not None
    assert np.array_equal(data.prior, DataModule(prepared, 4, seed=0).prior)
    assert len(data.left_out.rows) == 0
