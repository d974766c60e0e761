import json
from pathlib import Path

import numpy as np
import pytest

from emolab.evaluation.predictions import Predictions, load_predictions, save_predictions
from emolab.evaluation.report import Report, write_report
from emolab.evaluation.split import evaluate_split
from emolab.runs.earlier import with_earlier

CURVES = {
    "blur": [
        {"level": 0.0, "intact": 1.0, "value": 0.7, "low": 0.6, "high": 0.8},
        {"level": 0.05, "intact": 0.0, "value": 0.4, "low": 0.3, "high": 0.5},
    ]
}


def _said(seed: int) -> Predictions:
    logits = np.random.default_rng(seed).normal(0, 1, (40, 2)).astype(np.float32)
    return Predictions(logits, np.arange(40) % 2, np.arange(40), ("anger", "sad"))


def _report(flip: bool = False, robustness: dict | None = None, **seeds: int) -> Report:
    plain = {split: _said(seed) for split, seed in (seeds or {"validation": 0}).items()}
    mirrored = plain if flip else None
    splits = {
        split: evaluate_split(said, 1.0, mirrored=said if flip else None, resamples=50) for split, said in plain.items()
    }
    return Report("r", {}, 1.0, 0.4, splits, predictions=plain, mirrored=mirrored, robustness=robustness)


def test_what_took_long_to_measure_stays_while_the_predictions_do(tmp_path: Path) -> None:
    write_report(tmp_path, _report(flip=True, robustness=CURVES))
    again = with_earlier(_report(), tmp_path)
    assert again.splits["validation"]["flip_averaged"]["n"] == 40
    assert again.robustness == CURVES
    assert [picture.name for picture in again.pictures] == ["robustness"]
    write_report(tmp_path, again)
    assert (tmp_path / "robustness.png").is_file()
    assert load_predictions(tmp_path / "mirrored.npz").keys() == {"validation"}


def test_test_images_that_are_added_take_nothing_from_the_validation_images(tmp_path: Path) -> None:
    write_report(tmp_path, _report(flip=True, robustness=CURVES))
    again = with_earlier(_report(validation=0, test=1), tmp_path)
    assert again.splits["validation"]["flip_averaged"]["n"] == 40
    assert again.splits["test"]["flip_averaged"] is None
    assert again.mirrored is not None
    assert again.mirrored.keys() == {"validation"}
    assert again.robustness == CURVES


def test_damage_measured_on_other_predictions_is_not_kept(tmp_path: Path) -> None:
    write_report(tmp_path, _report(flip=True, robustness=CURVES, validation=0, test=1))
    again = with_earlier(_report(validation=2, test=1), tmp_path)
    assert again.splits["validation"]["flip_averaged"] is None
    assert again.splits["test"]["flip_averaged"]["n"] == 40
    assert again.robustness is None
    assert again.mirrored is not None
    assert again.mirrored.keys() == {"test"}


def test_other_predictions_keep_nothing_of_before(tmp_path: Path) -> None:
    write_report(tmp_path, _report(flip=True, robustness=CURVES))
    other = _report(validation=1)
    assert with_earlier(other, tmp_path) is other
    write_report(tmp_path, other)
    assert not (tmp_path / "mirrored.npz").exists()


def test_mirror_images_of_other_faces_are_not_kept(tmp_path: Path) -> None:
    write_report(tmp_path, _report(flip=True))
    other = _report().predictions["validation"].subset(np.arange(40) > 0)
    save_predictions(tmp_path / "mirrored.npz", {"validation": other})
    assert with_earlier(_report(), tmp_path).mirrored is None
    assert with_earlier(_report(), tmp_path).splits["validation"]["flip_averaged"] is None


def test_damage_that_cannot_be_drawn_is_left_out(tmp_path: Path) -> None:
    write_report(
        tmp_path, _report(flip=True, robustness={**CURVES, "fog": CURVES["blur"], "shift": CURVES["blur"][1:]})
    )
    again = with_earlier(_report(), tmp_path)
    assert again.robustness == CURVES
    assert again.splits["validation"]["flip_averaged"]["n"] == 40


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        {"splits": []},
        {"splits": {"validation": {"flip_averaged": 0.7}}},
        {"splits": {}, "robustness": {"blur": [{"level": 0.0, "accuracy": 0.7}]}},
        {"splits": {}},
    ],
)
def test_numbers_of_another_shape_are_not_kept(tmp_path: Path, numbers: object) -> None:
    write_report(tmp_path, _report(flip=True, robustness=CURVES))
    (tmp_path / "metrics.json").write_text(json.dumps(numbers))
    again = with_earlier(_report(), tmp_path)
    assert again.splits["validation"]["flip_averaged"] is None
    assert again.robustness is None


@pytest.mark.parametrize("damage", [lambda path: None, lambda path: path.write_text("{")])
def test_without_a_whole_report_there_is_nothing_to_keep(tmp_path: Path, damage) -> None:
    write_report(tmp_path, _report(flip=True))
    (tmp_path / "predictions.npz").unlink()
    damage(tmp_path / "metrics.json")
    new = _report()
    assert with_earlier(new, tmp_path) is new
