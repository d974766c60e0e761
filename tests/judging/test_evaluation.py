import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from run_fields import FIELDS, made_record

from emolab.config.command import composed
from emolab.config.tree import conf_folder
from emolab.data.prepared import PreparedData
from emolab.data.records import USABLE
from emolab.errors import ConfigError, RunError
from emolab.evaluation.report import write_report
from emolab.judging import evaluation
from emolab.judging.calibration import check_free
from emolab.judging.evaluation import CHOSEN, _warnings, evaluate_run, report_folder
from emolab.judging.evaluation_settings import EvaluationSettings
from emolab.judging.reporting import report_on
from emolab.runs import RunRecord
from emolab.train import evaluation_of

# Label, brightness of the left half and of the right one, and whether an image is right as it is; averaged with its
# mirror image; and in the mirror alone.
JUDGED = (
    ("happy", 120, 236),  # wrong, right, right; the training image's twin
    ("happy", 236, 120),  # right, right, wrong
    ("happy", 236, 236),  # right, right, right
    ("anger", 136, 20),  # wrong, right, right
    ("anger", 120, 236),  # right, wrong, wrong
    ("anger", 20, 20),  # right, right, right
)
TRAINING = ("happy", 120, 236)
OWN = {
    "image_size": 16,
    "monitor": {"name": "val_accuracy", "mode": "max", "best": 0.5, "epoch": 0},
    "data": {**FIELDS["data"], "name": "halves", "fingerprint": "f", "content": "c"},
    "model": {"name": "left_half", "parameters": 8, "weights": {"used": "random"}},
}
DATA = {"name": "halves", "fingerprint": "f", "content": "c", "classes": ["anger", "happy"], "image_size": 16}
CURVES = {"blur": [{"level": 0.0, "intact": 1.0, "value": 0.7, "low": 0.6, "high": 0.8}]}
QUICKLY = EvaluationSettings.of(composed("evaluate", ["test=false", "resamples=50", "examples=0"]))


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedData:
    """The images above as validation images, and one for training, which is in one cluster with the first of them."""
    rows = (*JUDGED, TRAINING)
    index = pd.DataFrame({"label": [label for label, _, _ in rows], "cluster": [0, 1, 2, 3, 4, 5, 0]})
    index["split"], index["status"] = ["validation"] * len(JUDGED) + ["train"], USABLE
    index["source"] = [f"row {row}" for row in range(len(rows))]
    return PreparedData(tmp_path, DATA, np.stack([_halves(left, right) for _, left, right in rows]), index)


def _halves(left: int, right: int) -> np.ndarray:
    return np.repeat(np.repeat(np.uint8([[[left], [right]]]), 16, axis=0), 8, axis=1).repeat(3, axis=2)


def _left_half(weights: Sequence[float] = (0, 1 / 48), biases: Sequence[float] = (0, -128 / 16)) -> keras.Model:
    """A network that looks at the left half: as is, it finds it happy above 128, the surer the brighter it is.

    Args:
        weights: of each class, for each of the three channels of the half's mean brightness.
        biases: of each class.
    """
    images = keras.Input((16, 16, 3))
    same = keras.layers.DepthwiseConv2D(1, depthwise_initializer="ones", use_bias=False)(images)  # for Grad-CAM
    left = keras.layers.Cropping2D(((0, 0), (0, 8)))(same)
    judge = keras.layers.Dense(len(biases))
    network = keras.Model(images, judge(keras.layers.GlobalAveragePooling2D()(left)))
    judge.set_weights([np.float32([weights] * 3), np.float32(biases)])
    return network


def test_mirror_images_and_training_images_twins_are_counted_as_by_hand(
    tmp_path: Path, prepared: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = made_record(tmp_path / "runs", "seed: 0\n", **OWN)
    record.update(ancestors=[{"run": "gone", "data": {**FIELDS["data"], "content": "of before"}}])
    monkeypatch.setattr(evaluation, "load_network", lambda record, trusted_modules: _left_half())
    report = evaluate_run(record, prepared, replace(QUICKLY, flip=True))
    assert any("whether the run gone" in warning for warning in report.warnings)
    assert CHOSEN in report.warnings
    found = report.splits["validation"]
    assert found["accuracy"]["value"] == pytest.approx(4 / 6)
    assert found["flip_averaged"]["accuracy"]["value"] == pytest.approx(5 / 6)
    assert found["without_twins"]["n"] == 5
    assert found["without_twins"]["accuracy"]["value"] == pytest.approx(4 / 5)


def test_mirror_images_of_a_report_before_are_averaged_at_the_temperatures_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sure of anger where it's bright and of sad where it's dark, and never far from happy, which is right: only high
    # temperatures let the mean of both say so.
    classes = ["anger", "happy", "sad"]
    network = _left_half((10 / 3 / 255, 0, -10 / 3 / 255), (0, 9, 10))
    face = {"source": "row 0", "label": "happy", "cluster": 0, "split": "validation", "status": USABLE}
    index = pd.DataFrame([face])
    prepared = PreparedData(tmp_path, {**DATA, "classes": classes, "content": "other"}, _halves(255, 0)[None], index)
    record = made_record(tmp_path / "runs", "seed: 0\n", **OWN, classes=classes)
    monkeypatch.setattr(evaluation, "load_network", lambda record, trusted_modules: network)
    record.update(temperatures=dict.fromkeys(classes, 1.0), uncertain_below=0.4)
    before = evaluate_run(record, prepared, replace(QUICKLY, flip=True))
    assert before.splits["validation"]["flip_averaged"]["accuracy"]["value"] == 0
    write_report(report_folder(record, prepared), before)
    record.update(temperatures=dict.fromkeys(classes, 50.0))
    again = evaluate_run(record, prepared, QUICKLY)
    assert again.splits["validation"]["flip_averaged"]["accuracy"]["value"] == 1
    assert CHOSEN not in again.warnings  # of other data


def test_what_a_report_before_has_of_damaged_faces_stays_with_its_picture(
    tmp_path: Path, prepared: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = made_record(tmp_path / "runs", "seed: 0\n", **OWN)
    monkeypatch.setattr(evaluation, "load_network", lambda record, trusted_modules: _left_half())
    first = evaluate_run(record, prepared, QUICKLY)
    assert first.mirrored is None
    assert first.splits["validation"]["flip_averaged"] is None
    write_report(report_folder(record, prepared), replace(first, robustness=CURVES))
    again = evaluate_run(record, prepared, QUICKLY)
    assert again.robustness == CURVES
    assert again.pictures[-1].name == "robustness"


def test_letters_that_a_terminal_would_act_on_are_told_as_escapes(
    tmp_path: Path, prepared: PreparedData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    prepared.content = "other"
    record = made_record(tmp_path / "runs", "seed: 0\n", **OWN, classes=["anger", "happy", "sad\x1b[2J"])
    monkeypatch.setattr(evaluation, "load_network", lambda record, trusted_modules: _left_half((0, 0, 0), (1, 2, 0)))
    report_on(record, prepared, replace(QUICKLY, shared_classes=True))
    assert r"note:   judged on the shared classes only; left out: sad\x1b[2J" in capsys.readouterr().out.splitlines()


def test_what_it_looked_at_is_shown_of_the_name_in_the_caption_where_not_all_classes_are_judged(
    tmp_path: Path, prepared: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(QUICKLY, examples=3, shared_classes=True)
    prepared.images[:, :2] = 0  # else what speaks for a class is the same in every place

    def looked_at(classes: list[str], network: keras.Model) -> bytes:
        record = made_record(tmp_path / "runs", "seed: 0\n", **OWN, classes=classes)
        record.update(temperatures=dict.fromkeys(classes, 1.0), uncertain_below=0.4)
        monkeypatch.setattr(evaluation, "load_network", lambda record, trusted_modules: network)
        pictures = {picture.name: picture.png for picture in evaluate_run(record, prepared, settings).pictures}
        return pictures["grad_cam"]

    dark_is_contempt = _left_half((0, -1 / 48, 1 / 48), (0, 0, -128 / 16))
    of_two_classes = looked_at(["anger", "happy"], _left_half())
    assert looked_at(["anger", "contempt", "happy"], dark_is_contempt) == of_two_classes


def test_a_run_that_another_process_is_training_is_refused_before_it_is_judged(
    tmp_path: Path, prepared: PreparedData
) -> None:
    training = made_record(tmp_path / "runs", "seed: 0\n", **OWN)
    seen = RunRecord.open(training.folder)
    with pytest.raises(RunError, match=r"can't be evaluated on its own data now.*another process.*stop it first"):
        report_on(seen, prepared, QUICKLY)  # it has no weights yet, which would show next
    prepared.content = "other"  # then nothing is kept in its run.json
    check_free(seen, prepared)
    prepared.content = "c"
    training.close()
    check_free(seen, prepared)


def test_a_report_that_cant_be_written_is_refused_before_the_run_is_judged(
    tmp_path: Path, prepared: PreparedData
) -> None:
    record = made_record(tmp_path / "runs", **OWN)
    prepared.content = "other"
    (record.folder / "report").write_text("a file where a folder is to be")
    with pytest.raises(RunError, match=r"the run folder .*report.* can't be written: .*evaluate a copy of the run"):
        report_on(record, prepared, QUICKLY)  # it has no weights, which would show next
    (record.folder / "report").unlink()
    with pytest.raises(RunError, match="isn't a configuration of emolab"):
        report_on(record, prepared, QUICKLY)
    assert not (record.folder / "report").exists()


def test_a_training_evaluates_as_conf_says_but_for_what_its_own_command_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(conf_folder(), tmp_path / "conf")
    monkeypatch.setattr("emolab.config.command.conf_folder", lambda: tmp_path / "conf")
    edited = tmp_path / "conf" / "evaluate.yaml"
    edited.write_text(edited.read_text().replace("resamples: 2000", "resamples: 500"))
    given = ["data=demo", "trainer.evaluation_batch_size=8", "model.backbone._target_=json.tool.main"]
    cfgs = {said: composed("train", [*given, f"evaluate={said}"]) for said in ("true", "validation", "false")}
    own = replace(QUICKLY, batch_size=8, resamples=500, examples=24, trusted_modules=["json.tool"])
    assert evaluation_of(cfgs["validation"]) == own
    assert evaluation_of(cfgs["true"]) == replace(own, test=True)
    assert evaluation_of(cfgs["false"]) is None
    edited.write_text(edited.read_text().replace("resamples: 500", "resamples: many"))
    with pytest.raises(ConfigError, match="resamples=many"):
        evaluation_of(cfgs["true"])


def test_a_link_within_the_report_is_not_followed(tmp_path: Path, prepared: PreparedData) -> None:
    record = made_record(tmp_path / "runs", **OWN)
    prepared.content, prepared.fingerprint = "other", "0123456789abcdef0123"
    folder = report_folder(record, prepared)
    assert folder == record.folder / "report" / "halves-0123456789abcdef"
    folder.parent.mkdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(RunError, match="outside the run folder"):
        report_folder(record, prepared)


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
    tmp_path: Path, prepared: PreparedData, model: str, requested: str | None, used: str, told: bool
) -> None:
    record = made_record(tmp_path / "runs", **OWN)
    record.update(model={"name": model, "weights": {"requested": requested, "used": used}})
    notes = _warnings(record, prepared, record.classes)
    assert [f"without them {model} learns slower" in note for note in notes] == [True] * told


@pytest.mark.parametrize(("status", "told"), [("interrupted", True), ("pruned", True), ("finished", False)])
def test_a_training_that_didnt_come_to_its_end_is_told(
    tmp_path: Path, prepared: PreparedData, status: str, told: bool
) -> None:
    record = made_record(tmp_path / "runs", **OWN)
    assert _warnings(record, prepared, record.classes) == []  # the report at a training's own end
    record.finish(status)
    notes = _warnings(record, prepared, record.classes)
    assert [f"didn't come to its end ({status})" in note for note in notes] == [True] * told
