import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emolab.errors import RunError
from emolab.evaluation.predictions import (
    Predictions,
    averaged,
    groups_of_all,
    load_predictions,
    same_images,
    save_predictions,
)

LOGITS, IMAGES = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]] / 7, np.array([9, 7, 5, 3], np.uint64)
SAID = Predictions(LOGITS, np.array([0, 1, 2, 2]), np.arange(4), ("a", "b", "c"), IMAGES)


def test_predictions_come_back(tmp_path: Path) -> None:
    save_predictions(tmp_path / "said.npz", {"test": SAID, "validation": replace(SAID, images=IMAGES + IMAGES)})
    found = load_predictions(tmp_path / "said.npz")
    np.testing.assert_array_equal(found["validation"].images, IMAGES + IMAGES)
    assert found["test"].classes == SAID.classes
    for name in ("logits", "targets", "groups", "images"):
        np.testing.assert_array_equal(getattr(found["test"], name), getattr(SAID, name))


def test_a_pickle_among_predictions_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "said.npz", classes=np.array([os.system, time.sleep], dtype=object))
    with pytest.raises(RunError, match=r"said\.npz doesn't hold"):
        load_predictions(tmp_path / "said.npz")


def test_a_file_that_is_damaged_anywhere_is_refused_or_read_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "said.npz"
    save_predictions(path, {"test": SAID})
    whole = path.read_bytes()
    refused = 0
    for damaged in (whole[: len(whole) // 2], b"text" * 99, *(_flipped(whole, at) for at in range(0, len(whole), 3))):
        path.write_bytes(damaged)
        try:
            load_predictions(path)
        except RunError:
            refused += 1
    assert refused > len(whole) / 6


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 8]) + data[at + 1 :]


@pytest.mark.parametrize(
    "odd",
    [
        {"test_logits": np.full((4, 3), "0.5")},
        {"test_targets": np.array([0.0, 1.0, 2.0, 2.0])},
        {"test_groups": np.array(["a", "b", "c", "d"])},
        {"test_images": np.array([1.0, 2.0, 3.0, 4.0])},
        {"test_images": np.array([1, 2, 3], np.uint64)},
        {"test_targets": np.array(0)},
        {"test_targets": np.array([0, 1, 2, 3])},
        {"test_targets": np.array([0, 1, 2, -1])},
        {"classes": np.array("abc")},
    ],
)
def test_arrays_of_another_kind_are_refused(tmp_path: Path, odd: dict[str, np.ndarray]) -> None:
    path = tmp_path / "said.npz"
    save_predictions(path, {"test": SAID})
    with np.load(path) as saved:
        arrays = dict(saved)
    np.savez(path, **{**arrays, **odd})
    with pytest.raises(RunError, match="doesn't hold a run's predictions"):
        load_predictions(path)


def test_the_same_images_in_another_size_are_the_same_images() -> None:
    """Near-duplicates are found anew in other pixels, so that the groups differ."""
    one, larger = (replace(SAID, groups=np.array(groups)) for groups in ([0, 0, 1, 2], [0, 1, 1, 2]))
    assert same_images(one, larger)
    assert not same_images(one, replace(larger, images=IMAGES[::-1]))
    assert not same_images(one, replace(larger, targets=SAID.targets[::-1]))
    assert not same_images(one, replace(larger, classes=("a", "b", "d")))


def test_what_belongs_together_by_one_of_several_isnt_independent() -> None:
    one, other = replace(SAID, groups=np.array([4, 4, 1, 2])), replace(SAID, groups=np.array([0, 7, 7, 2]))
    joined = groups_of_all([one, other])
    assert len(set(joined[:3])) == 1
    assert len(set(joined)) == 2
    np.testing.assert_array_equal(averaged([one, other]).groups, joined)
    np.testing.assert_array_equal(groups_of_all([one, one]), one.groups)


def test_some_rows_keep_all_that_is_known_of_them() -> None:
    some = SAID.subset(np.array([2, 0]))
    np.testing.assert_array_equal(some.images, [5, 9])
    np.testing.assert_array_equal(some.targets, [2, 0])
