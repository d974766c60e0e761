import json
from pathlib import Path

import numpy as np
import pytest

from emolab.evaluation.predictions import Predictions, save_predictions
from emolab.judging.earlier import curves_before, mirrored_before

CURVES = {
    "blur": [
        {"level": 0.0, "intact": 1.0, "value": 0.7, "low": 0.6, "high": 0.8},
        {"level": 0.05, "intact": 0.0, "value": 0.4, "low": 0.3, "high": 0.5},
    ]
}


def _said(**seeds: int) -> dict[str, Predictions]:
    return {split: _predictions(seed) for split, seed in seeds.items()}


def _predictions(seed: int) -> Predictions:
    logits = np.random.default_rng(seed).normal(0, 1, (40, 2)).astype(np.float32)
    return Predictions(logits, np.arange(40) % 2, np.arange(40), ("anger", "sad"), np.arange(40, dtype=np.uint64))


def _report(folder: Path, said: dict[str, Predictions], robustness: object = CURVES) -> None:
    """What an evaluation leaves of `said`, and of the mirror images of each split, which got seed 9's logits."""
    save_predictions(folder / "predictions.npz", said)
    save_predictions(folder / "mirrored.npz", {split: _predictions(9) for split in said})
    (folder / "metrics.json").write_text(json.dumps({"splits": {}, "robustness": robustness}))


def test_what_took_long_to_measure_stays_while_the_predictions_do(tmp_path: Path) -> None:
    _report(tmp_path, _said(validation=0))
    found = mirrored_before(tmp_path, _said(validation=0))
    assert np.array_equal(found["validation"].logits, _predictions(9).logits)
    assert curves_before(tmp_path, _said(validation=0)) == CURVES


def test_test_images_that_are_added_take_nothing_from_the_validation_images(tmp_path: Path) -> None:
    _report(tmp_path, _said(validation=0))
    assert mirrored_before(tmp_path, _said(validation=0, test=1)).keys() == {"validation"}
    assert curves_before(tmp_path, _said(validation=0, test=1)) == CURVES


def test_damage_measured_on_other_predictions_is_not_kept(tmp_path: Path) -> None:
    _report(tmp_path, _said(validation=0, test=1))
    assert mirrored_before(tmp_path, _said(validation=2, test=1)).keys() == {"test"}
    assert curves_before(tmp_path, _said(validation=2, test=1)) is None


def test_mirror_images_of_other_faces_are_not_kept(tmp_path: Path) -> None:
    _report(tmp_path, _said(validation=0))
    save_predictions(tmp_path / "mirrored.npz", {"validation": _predictions(9).subset(np.arange(40) > 0)})
    assert mirrored_before(tmp_path, _said(validation=0)) == {}


def test_damage_that_cannot_be_drawn_is_left_out(tmp_path: Path) -> None:
    _report(tmp_path, _said(validation=0), {**CURVES, "fog": CURVES["blur"], "shift": CURVES["blur"][1:]})
    assert curves_before(tmp_path, _said(validation=0)) == CURVES


@pytest.mark.parametrize(
    "numbers",
    ["{", "[]", "{}", '{"robustness": {}}', '{"robustness": {"blur": [{"level": 0.0, "accuracy": 0.7}]}}'],
)
def test_damage_in_numbers_of_another_shape_is_not_kept(tmp_path: Path, numbers: str) -> None:
    _report(tmp_path, _said(validation=0))
    (tmp_path / "metrics.json").write_text(numbers)
    assert curves_before(tmp_path, _said(validation=0)) is None
    assert mirrored_before(tmp_path, _said(validation=0)).keys() == {"validation"}


@pytest.mark.parametrize("lost", ["predictions.npz", "mirrored.npz", "metrics.json"])
def test_what_is_kept_needs_the_predictions_that_it_belongs_to(tmp_path: Path, lost: str) -> None:
    _report(tmp_path, _said(validation=0))
    (tmp_path / lost).unlink()
    assert bool(mirrored_before(tmp_path, _said(validation=0))) == (lost == "metrics.json")
    assert (curves_before(tmp_path, _said(validation=0)) is not None) == (lost == "mirrored.npz")
