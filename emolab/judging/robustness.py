"""How a run's accuracy falls as faces are shifted, darkened, blurred or covered."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from emolab.evaluation import plots
from emolab.evaluation.bootstrap import intervals
from emolab.evaluation.corruptions import CORRUPTIONS, corrupted
from emolab.evaluation.interval import Interval, number_text
from emolab.evaluation.metrics import accuracy
from emolab.evaluation.predictions import Predictions
from emolab.evaluation.report import Picture
from emolab.judging.judge import Judge
from emolab.progress import track

Curve = list[dict[str, Any]]
RESAMPLES = 500  # of each point; there are some fifty
SHOWN = 3  # kinds of damage on the terminal; the picture has all
SEED = 0  # the same damage for every run, so that runs can be compared


def robustness_curves(judge: Judge, rows: np.ndarray) -> dict[str, Curve]:
    """Return for each corruption its points: level, accuracy and the 95 % interval.

    Args:
        judge: the network and the images.
        rows: the images that are damaged, int64 (n,).
    """
    intact = _accuracy(judge.predict(rows))
    damaged = [(name, level) for name, kind in CORRUPTIONS.items() for level in kind.levels if level != kind.intact]
    curves = {name: [{"level": kind.intact, "intact": 1.0, **intact}] for name, kind in CORRUPTIONS.items()}
    for name, point in track(_measured(judge, rows, damaged), len(damaged), "measuring robustness"):
        curves[name].append(point)
    return {name: sorted(curve, key=lambda point: point["level"]) for name, curve in curves.items()}


def robustness_picture(curves: dict[str, Curve], split: str) -> Picture:
    """Return the curves as a picture for the report."""
    explanation = f"Accuracy ({split}) as the faces are damaged, with 95 % intervals; the dashed line is undamaged."
    units = {name: CORRUPTIONS[name].unit for name in curves}
    return Picture("robustness", "Robustness", explanation, plots.png(plots.robustness_figure(curves, units)))


def costliest(curves: Mapping[str, Sequence[Mapping[str, Any]]], split: str) -> str:
    """Return in a line which kinds of damage cost most accuracy of `split`, and how far it falls at worst."""
    intact = next(point["value"] for curve in curves.values() for point in curve if point["intact"])
    lowest = sorted((min(point["value"] for point in curve), name) for name, curve in curves.items())
    falls = ", ".join(f"{number_text(value)} ({name})" for value, name in lowest[:SHOWN])
    return f"{split} accuracy {number_text(intact)} falls at worst to {falls}"


def _measured(
    judge: Judge, rows: np.ndarray, points: list[tuple[str, float]]
) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    for name, level in points:
        kind = CORRUPTIONS[name]
        predictions = judge.predict(rows, partial(corrupted, corruption=kind, level=level, seed=SEED))
        yield [(name, {"level": level, "intact": 0.0, **_accuracy(predictions)})]


def _accuracy(predictions: Predictions) -> Interval:
    return intervals(predictions, {"accuracy": accuracy}, RESAMPLES)["accuracy"]
