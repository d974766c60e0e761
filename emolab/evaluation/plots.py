"""The pictures of a report. Each function returns a figure; nothing global is touched.

Colours are matplotlib's "viridis", "Blues" and the Okabe-Ito set, which people with any colour vision can
tell apart. The same numbers give the same bytes: no dates or versions go into the files.
"""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from emolab.evaluation.curve import curve
from emolab.evaluation.metrics import expected_calibration_error, reliability
from emolab.evaluation.predictions import Predictions
from emolab.fonts import font_for

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_WITH_NUMBERS = 24  # classes: for more the confusion matrix would be a huge picture
_LONGEST_NAME = 24  # letters of a class beside an axis
LONGEST_IN_CAPTION = 14  # letters of a class above an image of a gallery
_ROOM = 10  # letters of the longest class for which a confusion matrix has room as it is
BLUE, ORANGE, GREY = *OKABE_ITO[:2], "#999999"
_FEW = 10  # images of a bin, below which its share of right ones says little
_CELL, _MARGIN, _CAPTION = 1.5, 0.04, 0.36  # inches: a gallery's image with its margins, and the room above it
_SIDE = _CELL - 2 * _MARGIN
_SPREAD = 5  # times the median loss, from where the axis is logarithmic


def png(figure: Figure) -> bytes:
    """Return the figure as PNG, the same bytes each time; texts get a font that has their letters.

    A "$" in a text is a dollar: it may be a class's or a run's. The numbers of an axis, which matplotlib writes as
    formulas, come only when it's drawn.
    """
    for text in figure.findobj(Text):
        text.set_parse_math("$" not in text.get_text())
        text.set_fontfamily(["DejaVu Sans", font_for(text.get_text()).family])
    buffer = BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def shortened(names: Sequence[str], longest: int = _LONGEST_NAME) -> list[str]:
    """Return the names with at most `longest` letters: their begin and end, or begin and number if others have these.

    Args:
        names: each another.
        longest: letters, at least 12.
    """
    end = longest // 3
    cut = [name if len(name) <= longest else f"{name[: longest - end - 1]}…{name[-end:]}" for name in names]
    return [f"{text[: longest - 6]}… {at}" if cut.count(text) > 1 else text for at, text in enumerate(cut, start=1)]


def confusion_figure(matrix: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw counts (C, C), coloured by the share of the row's class; written out, too, where the classes are few."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    names = shortened(classes)
    side = 2.0 + 0.75 * min(len(classes), _WITH_NUMBERS) + 0.08 * max(0, max(map(len, names)) - _ROOM)
    figure = Figure(figsize=(side + 0.6, side), dpi=110, layout="compressed")  # constrained cuts labels off
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= _WITH_NUMBERS:
        for (row, column), share in np.ndenumerate(shares):
            colour = "white" if share > 0.55 else "black"
            text = f"{share:.0%}\n{int(matrix[row, column])}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(classes)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), names)
    axes.set(xlabel="predicted", ylabel="true", title="share of each true class, and images")
    figure.colorbar(image, ax=axes, fraction=0.04)
    return figure


def reliability_figure(predictions: Predictions, calibrated: Predictions) -> Figure:
    """Draw accuracy against confidence, before and after temperature scaling."""
    figure = Figure(figsize=(8.4, 4.2), dpi=110, layout="constrained")
    pair = figure.subplots(1, 2, sharey=True)
    for axes, said, title in ((pair[0], predictions, "as trained"), (pair[1], calibrated, "calibrated")):
        _reliability(axes, said, title)
    pair[0].set_ylabel("accuracy")
    shown = {label: handle for axes in pair for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=len(shown), fontsize=8)
    return figure


def _reliability(axes: Axes, said: Predictions, title: str) -> None:
    probabilities = said.probabilities()
    counts, confidence, hit_rate = reliability(probabilities, said.targets)
    error = expected_calibration_error(probabilities, said.targets)
    edges = np.arange(len(counts)) / len(counts)
    axes.bar(
        edges,
        counts / counts.sum(),
        1 / len(counts),
        align="edge",
        color=GREY,
        alpha=0.4,
        label="share of images",
    )
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="what it should be")
    few, enough = (counts > 0) & (counts < _FEW), counts >= _FEW
    axes.plot(confidence[enough], hit_rate[enough], "o-", color=BLUE, markersize=4, label="what it is")
    if few.any():
        label = f"the same, of fewer than {_FEW} images"
        axes.plot(confidence[few], hit_rate[few], "o", color=BLUE, markersize=4, markerfacecolor="none", label=label)
    room = (-0.02, 1.02)  # points at 0 and 1 are seen whole
    axes.set(xlim=room, ylim=room, xlabel="confidence", title=f"{title}: ECE {error:.3f}")


def coverage_figure(points: Sequence[Mapping[str, float]], chosen: Mapping[str, float] | None) -> Figure:
    """Draw accuracy against coverage, and the threshold that was chosen; points as in `emolab.evaluation.coverage`."""
    figure = Figure(figsize=(5.2, 3.8), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.plot([p["coverage"] for p in points], [p["accuracy"] for p in points], "o-", color=BLUE, markersize=4)
    if chosen is not None:
        label = f"named from a confidence of {chosen['threshold']:.2f} on"
        axes.plot(chosen["coverage"], chosen["accuracy"], "s", color=ORANGE, label=label)
        axes.legend(fontsize=8)
    axes.set(xlabel="share of faces that are named", ylabel="accuracy on these", ylim=(None, 1.0))
    axes.grid(alpha=0.3)
    return figure


def curves_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw loss, accuracy with validation's macro F1, and learning rate against the epoch; rows as in `metrics.jsonl`.

    The loss is drawn on a logarithmic axis where one epoch's would press the others into a line, as the validation's
    may in the first epochs of a network with batch normalisation.
    """
    figure = Figure(figsize=(10.5, 3.4), dpi=110, layout="constrained")
    panels = (("loss", "val_loss"), ("accuracy", "val_accuracy"), ("learning_rate", None))
    for axes, (name, validation) in zip(figure.subplots(1, 3), panels, strict=True):
        _curve(axes, rows, name, BLUE, "training")
        if validation is not None:
            _curve(axes, rows, validation, ORANGE, "validation")
            if name == "accuracy":
                _curve(axes, rows, "val_macro_f1", GREY, "validation, macro F1")
            axes.legend(fontsize=8)
        axes.set(xlabel="epoch", title=name.replace("_", " "))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))  # one epoch has no fractions
        axes.grid(alpha=0.3)
        if name == "loss" and _is_spread(value for key in ("loss", "val_loss") for _, value in curve(rows, key)):
            axes.set_yscale("log")
    return figure


def _is_spread(values: Iterable[float]) -> bool:
    found = sorted(values)
    return bool(found) and found[0] > 0 and found[-1] > _SPREAD * found[len(found) // 2]


def _curve(axes: Axes, rows: Sequence[Mapping[str, Any]], name: str, colour: str, label: str) -> None:
    if points := curve(rows, name):
        axes.plot(*zip(*points, strict=True), "o-", markersize=3, color=colour, label=label)


def robustness_figure(curves: Mapping[str, Sequence[Mapping[str, Any]]], units: Mapping[str, str]) -> Figure:
    """Draw accuracy against the level of each kind of damage, with intervals.

    Args:
        curves: kind -> points with "level", "value", "low", "high" (None: no interval) and "intact" (1 at the
            undamaged level).
        units: kind -> what its levels mean.
    """
    columns = 5
    figure = Figure(figsize=(2.6 * columns, 2.5 * -(-len(curves) // columns)), dpi=110, layout="constrained")
    grid = figure.subplots(-(-len(curves) // columns), columns, squeeze=False, sharey=True)
    for axes, (name, points) in zip(grid.ravel(), curves.items(), strict=False):
        level, value, low, high = ([point[key] for point in points] for key in ("level", "value", "low", "high"))
        axes.plot(level, value, "o-", color=BLUE, markersize=3)
        if None not in low:
            axes.fill_between(level, low, high, color=BLUE, alpha=0.2)
        axes.axhline(next(p["value"] for p in points if p["intact"]), color=GREY, linestyle="--", linewidth=1)
        axes.set(title=name, xlabel=units[name])
        axes.grid(alpha=0.3)
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy")
    figure.supxlabel("dashed: the undamaged faces", fontsize="medium")
    return figure


def gallery_figure(images: np.ndarray, captions: Sequence[str], heat: np.ndarray | None = None) -> Figure:
    """Draw uint8 images (N, H, W, 3) with a caption each; `heat` (N, H, W), 0 to 1, is laid over a second copy.

    All are drawn in one pair of axes, in inches from the upper left: a pair for each image takes five times as long.
    """
    columns = min(8, max(len(images), 1))
    tall = _CAPTION + _CELL * (1 if heat is None else 2)
    width, height = _CELL * columns, tall * -(-len(images) // columns)
    figure = Figure(figsize=(width, height), dpi=110)
    axes = figure.add_axes((0, 0, 1, 1))
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(number, columns)
        left, top = column * _CELL + _MARGIN, row * tall + _CAPTION
        axes.text(left + _SIDE / 2, top - _MARGIN, caption, ha="center", va="bottom", fontsize=7)
        axes.imshow(image, extent=(left, left + _SIDE, top + _SIDE, top))
        if heat is not None:
            below = (left, left + _SIDE, top + _CELL + _SIDE, top + _CELL)
            axes.imshow(image, extent=below)
            axes.imshow(heat[number], cmap="viridis", alpha=0.5, vmin=0, vmax=1, extent=below)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return figure
