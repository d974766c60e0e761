from pathlib import Path

import numpy as np
import pytest

from emolab.errors import RunError
from emolab.evaluation.predictions import Predictions, load_predictions, save_predictions

SAID = Predictions(np.eye(3, dtype=np.float32)[[0, 1, 2, 0]] / 7, np.array([0, 1, 2, 2]), np.arange(4), ("a", "b", "c"))


def test_predictions_come_back(tmp_path: Path) -> None:
    save_predictions(tmp_path / "said.npz", {"test": SAID})
    found = load_predictions(tmp_path / "said.npz")["test"]
    assert found.classes == SAID.classes
    for name in ("logits", "targets", "groups"):
        np.testing.assert_array_equal(getattr(found, name), getattr(SAID, name))


def test_predictions_that_an_older_emolab_saved_are_read(tmp_path: Path) -> None:
    arrays = {"classes": np.array(SAID.classes), "test_logits": SAID.logits, "test_targets": SAID.targets}
    np.savez_compressed(tmp_path / "said.npz", test_clusters=np.array([0, 0, 1, 2]), **arrays)
    found = load_predictions(tmp_path / "said.npz")["test"]
    np.testing.assert_array_equal(found.groups, [0, 0, 1, 2])
    np.testing.assert_array_equal(found.logits, SAID.logits)


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
