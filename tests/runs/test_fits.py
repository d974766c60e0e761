from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emolab.errors import DataError, RunError
from emolab.evaluation.predictions import Predictions
from emolab.runs import RunRecord
from emolab.runs.evaluation import _calibration, _warnings, check_fits, report_folder


def run(root: Path, *classes: str) -> RunRecord:
    fields = {"classes": list(classes), "image_size": 48, "monitor": {"name": "val_accuracy", "mode": "max"}}
    fields |= {"data": {"name": "a", "fingerprint": "abc"}, "model": {"name": "vgg19"}, "seed": 0}
    return RunRecord.create(root, "vgg19", fields)


def data(*classes: str) -> Any:
    return SimpleNamespace(classes=classes, image_size=48, name="b", folder="cache/b")


@pytest.mark.parametrize("classes", [("anger", "happy", "sad"), ("anger", "contempt", "happy"), ("anger", "happy")])
def test_two_shared_classes_are_enough_on_request_whoever_has_more(tmp_path: Path, classes: tuple[str, ...]) -> None:
    check_fits(run(tmp_path, "anger", "happy"), data(*classes), shared_classes=True)
    check_fits(run(tmp_path, *classes), data("anger", "happy"), shared_classes=True)


@pytest.mark.parametrize(
    ("classes", "shared_classes"), [(("anger", "happy", "sad"), False), (("anger", "sad"), False), (("anger",), True)]
)
def test_other_classes_are_refused(tmp_path: Path, classes: tuple[str, ...], shared_classes: bool) -> None:
    with pytest.raises(DataError, match="the classes differ"):
        check_fits(run(tmp_path, "anger", "happy"), data(*classes), shared_classes)


def test_a_link_within_the_report_is_not_followed(tmp_path: Path) -> None:
    record, prepared = run(tmp_path, "anger", "happy"), data("anger", "happy")
    prepared.fingerprint = "0123456789abcdef0123"
    folder = report_folder(record, prepared)
    assert folder == record.folder / "report" / "b-0123456789abcdef"
    folder.parent.mkdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(RunError, match="outside the run folder"):
        report_folder(record, prepared)


def made(count: int = 60) -> Predictions:
    random = np.random.default_rng(0)
    targets = random.integers(0, 2, count)
    logits = (np.eye(2)[targets] * 2 + random.normal(0, 2, (count, 2))).astype(np.float32)
    return Predictions(logits, targets, np.arange(count), ("anger", "happy"))


@pytest.mark.parametrize(
    ("fingerprint", "split", "told"),
    [
        ("abc", "validation", None),
        ("abc", "test", "for want of validation images"),
        ("other", "validation", "evaluate the run on its own data first"),
        ("other", "test", "fitted on the test images of b"),
    ],
)
def test_a_temperature_that_flatters_is_told(tmp_path: Path, fingerprint: str, split: str, told: str | None) -> None:
    judged = SimpleNamespace(fingerprint=fingerprint, name="b")
    record = run(tmp_path, "anger", "happy")
    temperature, threshold, fitted_on, doubts = _calibration(record, judged, {split: made()})  # type: ignore[arg-type]
    assert fitted_on == f"the {split} images of b"
    assert len(doubts) == (told is not None)
    assert told is None or told in doubts[0]
    record.update(temperature=1.5, uncertain_below=0.3)
    if fingerprint == "other":
        own = "the run's own data, a"
        assert _calibration(record, judged, {split: made()}) == (1.5, 0.3, own, [])  # type: ignore[arg-type]
    else:
        assert _calibration(record, judged, {split: made()})[:2] == (temperature, threshold)  # type: ignore[arg-type]


def test_where_both_are_judged_the_temperature_is_of_the_validation_images(tmp_path: Path) -> None:
    judged: Any = SimpleNamespace(fingerprint="abc", name="b")
    record = run(tmp_path, "anger", "happy")
    validation = made()
    test = Predictions(validation.logits * 9, validation.targets, validation.groups, validation.classes)
    alone = _calibration(record, judged, {"validation": validation})
    assert _calibration(record, judged, {"validation": validation, "test": test}) == alone
    assert _calibration(record, judged, {"test": test})[0] == pytest.approx(9 * alone[0], rel=0.05)


@pytest.mark.parametrize(
    ("model", "requested", "used", "told"),
    [
        ("vgg19", "auto", "random", True),
        ("vgg19", "auto", "imagenet", False),
        ("vgg19", None, "random", False),
        ("mine", "auto", "random", False),  # of which there are none
    ],
)
def test_random_weights_that_nobody_asked_for_are_told(
    tmp_path: Path, model: str, requested: str | None, used: str, told: bool
) -> None:
    record = run(tmp_path, "anger", "happy")
    record.update(model={"name": model, "weights": {"requested": requested, "used": used}})
    notes = _warnings(record, data("anger", "happy"), record.classes)
    assert [f"without them {model} learns slower" in note for note in notes] == [True] * told
