"""The pictures of a run's report."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from emolab.data.prepared import PreparedData
from emolab.evaluation import plots
from emolab.evaluation.calibration import calibrated
from emolab.evaluation.coverage import named_from
from emolab.evaluation.grad_cam import grad_cam
from emolab.evaluation.predictions import Predictions
from emolab.evaluation.report import Picture
from emolab.evaluation.split import Metrics
from emolab.judging.calibration import Calibration
from emolab.runs.record import RunRecord


@dataclass(frozen=True)
class View:
    """The split that the pictures show: its images beside what was said of them, and the numbers of that."""

    prepared: PreparedData
    rows: np.ndarray
    predictions: Predictions
    split: str
    metrics: Metrics
    calibration: Calibration

    @cached_property
    def calibrated(self) -> Predictions:
        """The predictions after temperature scaling."""
        return calibrated(self.predictions, self.calibration.temperatures)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Calibrated probability of the name given: float64 (N,)."""
        return self.calibrated.probabilities().max(axis=1)

    def images(self, positions: np.ndarray, longest: int | None = None) -> tuple[np.ndarray, list[str]]:
        """Return images at these positions, uint8 (n, S, S, 3), and their captions.

        A caption is what an image was named, with what confidence, and the truth; `longest` is how many letters of a
        class it has at most.
        """
        said, confidence = self.predictions, self.confidence
        names = said.classes if longest is None else plots.shortened(said.classes, longest)
        captions = [
            f"{names[said.predicted[at]]} {confidence[at]:.0%}\ntruth: {names[said.targets[at]]}" for at in positions
        ]
        return self.prepared.images[self.rows[positions]], captions

    def spread_positions(self, count: int) -> np.ndarray:
        """Positions spread evenly over the split."""
        return np.linspace(0, len(self.rows) - 1, min(count, len(self.rows))).astype(int)

    def spread(self, count: int) -> tuple[np.ndarray, list[str]]:
        """Return images spread evenly over the split, and their captions."""
        return self.images(self.spread_positions(count))

    def worst(self, count: int) -> np.ndarray:
        """Positions of the wrong names given with the most confidence, worst first."""
        wrong = np.flatnonzero(~self.predictions.right)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")][:count]


def pictures_of(record: RunRecord, network: Any, view: View, examples: int) -> list[Picture]:
    """Return the report's pictures: confusion, reliability, curves, the worst errors, and what was looked at.

    Args:
        record: the run, for its curves.
        network: its Keras network, for Grad-CAM.
        view: the split that is shown.
        examples: pictures in each gallery; 0: none.
    """
    predictions, calibration = view.predictions, view.calibration
    matrix = np.array(view.metrics["confusion_matrix"])
    pictures = [
        Picture(
            "confusion_matrix",
            "Confusion matrix",
            f"What the images of each true class were named ({view.split}).",
            plots.png(plots.confusion_figure(matrix, predictions.classes)),
        ),
        Picture(
            "reliability",
            "Reliability",
            f"How often a confidence is right ({view.split}): as trained, and with the temperatures fitted on "
            f"{calibration.fitted_on}.",
            plots.png(plots.reliability_figure(predictions, view.calibrated)),
        ),
    ]
    chosen = named_from(view.calibrated, calibration.uncertain_below)
    coverage = plots.png(plots.coverage_figure(view.metrics["coverage"], chosen))
    explanation = f"Accuracy ({view.split}) if only the faces with the highest confidence are named."
    pictures.append(Picture("coverage", "Accuracy against coverage", explanation, coverage))
    if history := record.read_metrics():
        curves = plots.png(plots.curves_figure(history))
        pictures.append(Picture("curves", "Training curves", "Loss, accuracy and learning rate by epoch.", curves))
    if examples:
        pictures += [*_errors(view, examples), _looked_at(network, record.classes, view, examples)]
    return pictures


def _errors(view: View, examples: int) -> list[Picture]:
    worst = view.worst(examples)
    if not len(worst):
        return []
    explanation = f"Wrong names given with the most confidence ({view.split}). Some of the labels are wrong, too."
    gallery = plots.png(plots.gallery_figure(*view.images(worst, plots.LONGEST_IN_CAPTION)))
    return [Picture("errors", "Most confident errors", explanation, gallery)]


def _looked_at(network: Any, known: Sequence[str], view: View, examples: int) -> Picture:
    """Grad-CAM of the names given; `known` are the network's classes, of which perhaps not all are judged."""
    said = view.predictions
    positions = view.spread_positions(examples)
    images, captions = view.images(positions, plots.LONGEST_IN_CAPTION)
    named = np.array([known.index(said.classes[number]) for number in said.predicted[positions]])
    heat = grad_cam(network, images, named)
    explanation = f"Grad-CAM: what spoke for the name that was given, bright where much ({view.split})."
    return Picture(
        "grad_cam", "What it looked at", explanation, plots.png(plots.gallery_figure(images, captions, heat))
    )
