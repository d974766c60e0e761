import json
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from rich.console import Console

from emolab.evaluation import plots
from emolab.evaluation.calibration import calibrated
from emolab.evaluation.coverage import named_from
from emolab.evaluation.metrics import MATRIX_METRICS, METRIC_LABELS, confusion_matrix, evaluators
from emolab.evaluation.predictions import Predictions
from emolab.evaluation.report import Picture, Report, write_report
from emolab.evaluation.rows import summary_table
from emolab.evaluation.split import evaluate_split, without_images, without_intervals
from emolab.notices import EXPRESSION, LAW

CLASSES = ("<script>alert(1)</script>", "fe|ar", "happy")
TEMPERATURES = {"<script>alert(1)</script>": 1.7, "fe|ar": 0.8, "happy": 1.3}


def _predictions(count: int = 60) -> Predictions:
    random = np.random.default_rng(0)
    targets, groups = random.integers(0, 3, count), np.arange(count)
    logits = random.normal(0, 1, (count, 3)).astype(np.float32)
    return Predictions(logits, targets, groups, CLASSES, groups.astype(np.uint64))


def _calibrated(predictions: Predictions) -> Predictions:
    return calibrated(predictions, TEMPERATURES)


def _report() -> Report:
    predictions = _predictions()
    twins = np.arange(60) < 10
    scaled = _calibrated(predictions)
    metrics = evaluate_split(predictions, scaled, twins, scaled, np.linspace(10, 240, 60), resamples=100)
    matrix = confusion_matrix(predictions.targets, predictions.predicted, 3)
    picture = Picture(
        "confusion", "Confusion", "what was named what", plots.png(plots.confusion_figure(matrix, CLASSES))
    )
    return Report("a <b>run</b>", {"model": "vgg|19"}, TEMPERATURES, 0.4, {"test": metrics}, [picture], ["take care"])


def test_the_metrics_file_holds_what_the_design_promises(tmp_path: Path) -> None:
    write_report(tmp_path, _report())
    test = json.loads((tmp_path / "metrics.json").read_text())["splits"]["test"]
    assert set(test["accuracy"]) == {"value", "low", "high"}
    assert test["accuracy"]["low"] <= test["accuracy"]["value"] <= test["accuracy"]["high"]
    assert {
        "n",
        "balanced_accuracy",
        "macro_f1",
        "ece",
        "ece_if_calibrated",
        "nll",
        "per_class",
        "top_2",
        "majority_baseline",
    } <= set(test)
    assert test["without_twins"]["n"] == 50
    assert test["flip_averaged"]["accuracy"]["value"] == test["accuracy"]["value"]


class _Outside(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.found += [
            value
            for name, value in attrs
            if name in ("src", "href") and value and value[:5] not in ("data:",) and value[0] != "#"
        ]


def test_the_page_is_self_contained_and_escapes_every_text(tmp_path: Path) -> None:
    write_report(tmp_path, _report())
    page = (tmp_path / "index.html").read_text()
    parser = _Outside()
    parser.feed(page)
    assert parser.found == []
    assert parser.scripts == 0
    assert "&lt;script&gt;" in page
    assert LAW in page
    assert "take care" in page


def test_the_model_card_says_for_whom_it_works_and_what_it_must_not_be_used_for(tmp_path: Path) -> None:
    write_report(tmp_path, _report())
    card = (tmp_path / "model_card.md").read_text()
    accuracy = _report().splits["test"]["accuracy"]
    assert f"| accuracy (95 % interval) | {accuracy['value']:.3f} ({accuracy['low']:.3f} to" in card
    assert "| dark | 10 to " in card
    assert LAW in " ".join(card.split())
    assert EXPRESSION in " ".join(card.split())
    assert "> take care" in card
    assert "<script>" not in card
    assert max(map(len, card.splitlines())) <= 120
    tables = [line for line in card.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)
    assert "| model | vgg\\|19 |" in card
    assert "| fe\\|ar | " in card


def test_page_and_card_show_every_metric_under_its_name(tmp_path: Path) -> None:
    assert set(METRIC_LABELS) == {*MATRIX_METRICS, *(name for name, _ in evaluators(_predictions(), _predictions()))}
    report = _report()
    write_report(tmp_path, report)
    card, page = (tmp_path / "model_card.md").read_text(), (tmp_path / "index.html").read_text()
    metrics = report.splits["test"]
    for key, label in METRIC_LABELS.items():
        within = key in MATRIX_METRICS
        value = f"{metrics[key]['value']:.3f} ({metrics[key]['low']:.3f} to " if within else f"{metrics[key]:.3f}"
        label += " (95 % interval)" if within else ""
        assert f"| {label} | {value}" in card
        assert f'<tr><th scope="row">{label}</th><td>{value}' in page
    mirrored = f"{metrics['flip_averaged']['accuracy']['value']:.3f} ("
    assert f"| accuracy, averaged with the mirror image | {mirrored}" in card
    assert f"mirror image</th><td>{mirrored}" in page


def test_too_few_images_for_an_interval_are_told_on_page_card_and_terminal(tmp_path: Path) -> None:
    few, many = (evaluate_split(_predictions(count), _predictions(count), resamples=100) for count in (19, 60))
    thirds = evaluate_split(_predictions(57), _predictions(57), brightness=np.arange(57.0), resamples=100)
    (note,) = without_intervals({"validation": few, "test": thirds})
    assert note.startswith("no intervals for validation (19), test by brightness: they need 20 images independent")
    assert without_intervals({"validation": many}) == []
    write_report(tmp_path, replace(_report(), splits={"validation": few}))
    cell = f"{few['accuracy']['value']:.3f} (no interval)"
    assert cell in (tmp_path / "model_card.md").read_text()
    assert cell in (tmp_path / "index.html").read_text()
    assert cell in _terminal({"validation": few})


def test_classes_that_no_image_shows_are_named_for_each_split() -> None:
    every = _predictions()
    one, two = (every.subset(np.isin(every.targets, shown)) for shown in ([0, 2], [1]))
    splits = {"all": every, "one": one, "two": two}
    assert without_images({name: evaluate_split(part, part, resamples=50) for name, part in splits.items()}) == [
        f"no one image shows {CLASSES[1]}: of it nothing is known here",
        f"no two image shows {CLASSES[0]}, {CLASSES[2]}: of them nothing is known here",
    ]


def test_pictures_of_the_evaluation_before_go_and_files_of_others_stay(tmp_path: Path) -> None:
    for name in ("robustness", "grad_cam", "mine"):
        (tmp_path / f"{name}.png").write_bytes(b"old")
    write_report(tmp_path, _report())
    assert {path.name for path in tmp_path.glob("*.png")} == {"confusion.png", "mine.png"}


def test_pictures_are_the_same_bytes_each_time() -> None:
    first, again = (plots.png(plots.reliability_figure(_predictions(), _calibrated(_predictions()))) for _ in range(2))
    assert first == again


def _levels(low: float | None) -> list[dict[str, float | None]]:
    high = None if low is None else 0.6
    return [{"level": at, "intact": 1.0 - at, "value": 0.5, "low": low, "high": high} for at in (0.0, 1.0)]


def test_every_picture_can_be_opened() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3)).astype(np.uint8)
    heat = np.random.default_rng(1).random((5, 48, 48))
    rows = [
        {"epoch": epoch, "loss": 1.0, "val_loss": None, "accuracy": 0.5, "learning_rate": 0.1} for epoch in range(3)
    ]
    figures = [
        plots.gallery_figure(images, list("abcde"), heat),
        plots.gallery_figure(images[:1], ["a"]),
        plots.curves_figure(rows),
        plots.curves_figure([*rows, {"epoch": 3, "loss": {}, "accuracy": [0.5], "learning_rate": "0.1"}]),
        plots.robustness_figure({"blur": _levels(0.4), "noise": _levels(None)}, {"blur": "share", "noise": "levels"}),
        plots.coverage_figure(_report().splits["test"]["coverage"], named_from(_calibrated(_predictions()), 0.4)),
        plots.coverage_figure(_report().splits["test"]["coverage"], None),
    ]
    for figure in figures:
        with Image.open(BytesIO(plots.png(figure))) as picture:
            assert min(picture.size) > 100


def test_a_gallery_shows_every_image_once_row_by_row_and_its_heat_below() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (11, 3), dtype=np.uint8)  # a row of eight, and one of three
    images = np.broadcast_to(colours[:, None, None], (11, 6, 6, 3))
    for heat in (None, np.ones((11, 6, 6))):
        pixels = np.asarray(Image.open(BytesIO(plots.png(plots.gallery_figure(images, ["face"] * 11, heat)))))
        tall, wide = pixels.shape[0] // 2, pixels.shape[1] // 8
        for number, colour in enumerate(colours):
            row, column = divmod(number, 8)
            cell = pixels[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide, :3].astype(int)
            shown = np.abs(cell - colour).max(axis=2) < 3
            assert shown.sum() == pytest.approx(155 * 155, rel=0.05)
            assert shown[-80, 80] == (heat is None)  # the lower of the cell's images


def test_the_training_curves_have_macro_f1_where_it_was_validated() -> None:
    def drawn(**more: float) -> list[str]:
        rows = [{"epoch": at, "loss": 2.0, "accuracy": 0.5, "val_accuracy": 0.5, **more} for at in range(2)]
        return [str(line.get_label()) for line in plots.curves_figure(rows).axes[1].lines]

    assert drawn() == ["training", "validation"]
    assert drawn(val_macro_f1=0.4) == ["training", "validation", "validation, macro F1"]


def test_one_enormous_loss_leaves_the_others_to_be_seen() -> None:
    def scale(*first: float) -> str:
        losses = [*first, 1.9, 1.8, 1.7, 1.6]
        rows = [{"epoch": at, "loss": 2.0, "val_loss": loss, "val_accuracy": 0.5} for at, loss in enumerate(losses)]
        return plots.curves_figure(rows).axes[0].get_yscale()

    assert [scale(2.0), scale(2e6), scale(2e6, -1.0)] == ["linear", "log", "linear"]


def test_bins_of_a_few_images_stand_apart_from_the_line_of_the_others() -> None:
    confident = np.tile(np.float32([[4.0, 0.0, 0.0]]), (40, 1))  # 0.96
    doubtful = np.tile(np.float32([[0.1, 0.0, 0.0]]), (3, 1))  # 0.36
    logits = np.concatenate([confident, doubtful])
    predictions = replace(_predictions(43), logits=logits, targets=np.zeros(43, int))
    lines = {str(line.get_label()): line for line in plots.reliability_figure(predictions, predictions).axes[0].lines}
    assert len(lines["what it is"].get_xdata()) == 1
    (confidence,) = lines["the same, of fewer than 10 images"].get_xdata()
    assert confidence == pytest.approx(0.356, abs=0.001)
    part = predictions.subset(np.arange(40))
    every = plots.reliability_figure(part, part).axes[0].lines
    assert len(every) == 2  # the diagonal and the line


def test_a_confusion_matrix_of_many_classes_stays_a_picture_to_look_at() -> None:
    few, many = (plots.confusion_figure(np.eye(size), [f"class {n}" for n in range(size)]) for size in (20, 100))
    assert len(few.axes[0].texts) == 400
    assert not many.axes[0].texts
    assert many.get_size_inches()[0] < 22


@given(st.lists(st.text("abcdefgh ", min_size=1, max_size=40), min_size=1, max_size=12, unique=True))
def test_long_names_are_short_in_pictures_and_still_each_another(names: list[str]) -> None:
    names += [f"{'the same begin of'}{letter * 9} and the same end" for letter in "xyz"]
    for longest in (24, plots.LONGEST_IN_CAPTION):
        short = plots.shortened(names, longest)
        assert len(set(short)) == len(names)
        assert max(map(len, short)) <= longest
        assert [one for one in zip(names, short, strict=True) if len(one[0]) <= longest and one[0] != one[1]] == []


@pytest.mark.parametrize("classes", ["afd", ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")])
def test_the_labels_of_a_confusion_matrix_lie_within_the_picture(classes: Sequence[str]) -> None:
    figure = plots.confusion_figure(np.eye(len(classes)), classes)
    plots.png(figure)
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in (axes.title, axes.xaxis.label, axes.yaxis.label)]
    assert min(min(box.x0, box.y0) for box in boxes) > 0
    assert max(box.y1 for box in boxes) < figure.bbox.height


def test_long_names_leave_the_confusion_matrix_most_of_its_picture() -> None:
    def share(*names: str) -> float:
        figure = plots.confusion_figure(np.eye(3), names)
        plots.png(figure)
        return float(figure.axes[0].get_position().width)

    assert share(*(f"a feeling that has no name in English, {n}" for n in range(3))) > 0.6 * share("a", "b", "c")


def test_a_dollar_in_a_name_is_a_dollar_and_the_powers_of_an_axis_stay_formulas() -> None:
    odd = ("cost$x_{$", "$a$", "happy")
    figure = plots.confusion_figure(np.eye(3), odd)
    plots.png(figure)
    named = [text for text in figure.findobj(Text) if text.get_text() in odd[:2]]
    assert named
    assert not any(text.get_parse_math() for text in named)
    figure = Figure()
    axes = figure.subplots()
    axes.loglog([1, 1000], [1, 1000])
    plots.png(figure)
    powers = [text for text in figure.findobj(Text) if "10^{2}" in text.get_text()]
    assert powers
    assert all(text.get_parse_math() for text in powers)


def _terminal(splits: dict[str, Any]) -> str:
    console = Console(width=80, record=True, file=StringIO())
    console.print(summary_table(splits))
    return console.export_text()


def test_the_terminal_table_fits_eighty_columns() -> None:
    test = _report().splits["test"]
    shown = _terminal({"validation": {**test, "n": 35_710}, "test": test})
    assert "0." in shown
    assert "…" not in shown


def test_the_terminal_table_has_a_row_for_faces_averaged_with_mirrored_ones_where_they_were() -> None:
    plain = {**_report().splits["test"], "flip_averaged": None}
    flipped = {"n": 60, "accuracy": {"value": 0.75, "low": 0.7, "high": 0.8}}
    shown = _terminal({"validation": plain, "test": {**plain, "flip_averaged": flipped}}).split("\n")
    assert [line.split() for line in shown if "mirrored" in line] == [["+", "mirrored", "60", "0.750", "(0.700-0.800)"]]
