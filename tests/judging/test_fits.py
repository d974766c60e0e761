from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from run_fields import made_record

from emolab.errors import DataError
from emolab.judging.fits import check_fits
from emolab.runs import RunRecord


def run(root: Path, *classes: str) -> RunRecord:
    return made_record(root, classes=list(classes))


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


def test_what_only_one_has_is_named(tmp_path: Path) -> None:
    record = run(tmp_path, "anger", "empty", "happy")
    with pytest.raises(DataError, match=rf"Both have: anger, happy; only the run {record.id}: empty; only b: none\."):
        check_fits(record, data("anger", "happy"))
