from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from run_fields import made_record

from emolab.evaluation.predictions import Predictions
from emolab.judging.calibration import Calibration, calibration_of, keep_calibration


def made(count: int = 60) -> Predictions:
    random = np.random.default_rng(0)
    targets = random.integers(0, 2, count)
    logits = (np.eye(2)[targets] * 2 + random.normal(0, 2, (count, 2))).astype(np.float32)
    return Predictions(logits, targets, np.arange(count), ("anger", "happy"), np.arange(count, dtype=np.uint64))


@pytest.mark.parametrize(
    ("content", "split", "told"),
    [
        ("abc", "validation", None),
        ("abc", "test", "for want of validation images"),
        ("other", "validation", "evaluate the run on its own data first"),
        ("other", "test", "fitted on the test images of b"),
    ],
)
def test_temperatures_that_flatter_are_told(tmp_path: Path, content: str, split: str, told: str | None) -> None:
    judged: Any = SimpleNamespace(content=content, name="b")
    record = made_record(tmp_path)
    found = calibration_of(record, judged, {split: made()})
    assert found.fitted_on == f"the {split} images of b"
    assert len(found.doubts) == (told is not None)
    assert told is None or told in found.doubts[0]
    known = {"anger": 1.5, "happy": 0.7}
    record.update(temperatures=known, uncertain_below=0.3)
    if content == "other":
        assert calibration_of(record, judged, {split: made()}) == Calibration(known, 0.3, "the run's own data, fer2013")
    else:
        assert calibration_of(record, judged, {split: made()}) == found


@pytest.mark.parametrize(
    ("right", "told"), [(60, "hardly an image is named wrong"), (45, None), (0, "say nothing of what is right")]
)
def test_a_temperature_at_the_end_of_what_is_searched_is_told(tmp_path: Path, right: int, told: str | None) -> None:
    judged: Any = SimpleNamespace(content="abc", name="b")
    targets = np.arange(60) % 2
    says = np.where(np.arange(60) < right, targets, 1 - targets)
    predictions = replace(made(), logits=np.eye(2, dtype=np.float32)[says] / 2, targets=targets)
    doubts = calibration_of(made_record(tmp_path), judged, {"validation": predictions}).doubts
    assert len(doubts) == (told is not None)
    assert told is None or (told in doubts[0] and "the temperature of anger, " in doubts[0])


def test_what_is_fitted_to_shared_classes_alone_is_not_kept(tmp_path: Path) -> None:
    judged: Any = SimpleNamespace(content="abc", name="b")
    record = made_record(tmp_path)
    keep_calibration(record, judged, {"anger": 1.5, "happy": 0.7}, 0.4)
    assert record.temperatures == {"anger": 1.5, "happy": 0.7}
    keep_calibration(record, judged, {"anger": 3.0}, 0.4)
    assert record.temperatures == {"anger": 1.5, "happy": 0.7}


def test_where_both_are_judged_the_temperatures_are_of_the_validation_images(tmp_path: Path) -> None:
    judged: Any = SimpleNamespace(content="abc", name="b")
    record = made_record(tmp_path)
    validation = made()
    test = replace(validation, logits=validation.logits * 4)
    alone = calibration_of(record, judged, {"validation": validation})
    assert calibration_of(record, judged, {"validation": validation, "test": test}) == alone
    softened = {name: pytest.approx(4 * value, rel=0.2) for name, value in alone.temperatures.items()}
    assert calibration_of(record, judged, {"test": test}).temperatures == softened
