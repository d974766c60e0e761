"""A run evaluated: its network over a data set's splits, and what the report shows of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emolab.data import PreparedData
from emolab.errors import DataError
from emolab.evaluation import plots
from emolab.evaluation.calibration import fit_temperature
from emolab.evaluation.grad_cam import grad_cam
from emolab.evaluation.metrics import confusion_matrix
from emolab.evaluation.predictions import Predictions, averaged
from emolab.evaluation.report import Picture, Report, evaluate_split
from emolab.runs.network import load_network
from emolab.runs.record import RunRecord

Classify = Callable[[np.ndarray], np.ndarray]

EVALUATED = ("validation", "test")


def evaluate_run(
    record: RunRecord,
    prepared: PreparedData,
    flip: bool = False,
    batch_size: int = 256,
    resamples: int = 2000,
    examples: int = 24,
    trusted_modules: Sequence[str] = (),
) -> Report:
    """Return the report of a run on the validation and test images of `prepared`.

    The temperature is fitted on validation and kept in `run.json`, where viewer and engines take it from.

    Args:
        record: the run; its best weights are evaluated, in float32.
        prepared: the data; their classes must be the run's.
        flip: also average each image with its mirror image.
        batch_size: images at a time.
        resamples: of the bootstrap behind each interval.
        examples: pictures in each gallery.
        trusted_modules: modules of the user's own that the run may name.

    Raises:
        DataError: if the classes or the sizes differ, or there are no images to evaluate.
    """
    check_same_classes(record, prepared)
    network = load_network(record, trusted_modules)
    classify = classifier(network)
    rows = {split: prepared.rows(split) for split in EVALUATED}
    rows = {split: found for split, found in rows.items() if len(found)}
    if not rows:
        raise DataError(f"{prepared.folder} has neither validation nor test images: set data.split")
    plain = {split: predict(classify, prepared, found, batch_size) for split, found in rows.items()}
    temperature = fit_temperature(plain.get("validation", plain[next(iter(plain))]))
    if _own(record, prepared):
        record.update(temperature=temperature)
    splits = {}
    for split, predictions in plain.items():
        mirrored = predict(classify, prepared, rows[split], batch_size, mirror=True) if flip else None
        flipped = None if mirrored is None else averaged([predictions, mirrored])
        twins = prepared.twin_in_train(rows[split]) if _own(record, prepared) else None
        splits[split] = evaluate_split(predictions, temperature, twins, flipped, resamples)
    shown = list(plain)[-1]
    view = View(prepared, rows[shown], plain[shown], shown, temperature)
    samples = view.spread(examples) if examples else None
    pictures = _pictures(record, network, view, examples)
    return Report(_title(record, prepared), _facts(record, prepared), temperature, splits, pictures, samples=samples)


def report_folder(record: RunRecord, prepared: PreparedData) -> Path:
    """Return `report/` for the run's own data, and a folder within it for others."""
    folder = record.folder / "report"
    return folder if _own(record, prepared) else folder / f"{prepared.name}-{prepared.fingerprint[:16]}"


def check_same_classes(record: RunRecord, prepared: PreparedData) -> None:
    """Refuse data whose classes or size aren't the run's.

    Raises:
        DataError: showing both lists.
    """
    if record.classes != prepared.classes:
        raise DataError(
            f"the classes differ. The run {record.id} has: {', '.join(record.classes)}. "
            f"{prepared.name} has: {', '.join(prepared.classes)}"
        )
    size = record.fields["image_size"]
    if size != prepared.image_size:
        raise DataError(
            f"the run {record.id} takes faces of {size} pixels, {prepared.folder} has {prepared.image_size}: "
            f"set data.image_size={size}"
        )


def classifier(network: Any) -> Classify:
    """Return a compiled function from uint8 RGB (N, S, S, 3) to logits float32 (N, C)."""
    import tensorflow as tf

    size = network.input_shape[1:]

    @tf.function(input_signature=[tf.TensorSpec((None, *size), tf.uint8)])
    def classify(images: Any) -> Any:
        return network(tf.cast(images, tf.float32), training=False)

    return lambda images: classify(images).numpy()


def predict(
    classify: Classify, prepared: PreparedData, rows: np.ndarray, batch_size: int, mirror: bool = False
) -> Predictions:
    """Return the predictions of these rows of the data, in order."""
    direction = -1 if mirror else 1
    starts = range(0, len(rows), batch_size)
    batches = (np.ascontiguousarray(prepared.images[rows[at : at + batch_size]][:, :, ::direction]) for at in starts)
    logits = np.concatenate([classify(batch) for batch in batches])
    targets = prepared.targets(rows).argmax(axis=1)
    return Predictions(logits, targets, prepared.clusters(rows), prepared.classes)


def _own(record: RunRecord, prepared: PreparedData) -> bool:
    return bool(record.fields["data"]["fingerprint"] == prepared.fingerprint)


def _title(record: RunRecord, prepared: PreparedData) -> str:
    return f"{record.name} ({record.id}) on {prepared.name}"


def _facts(record: RunRecord, prepared: PreparedData) -> dict[str, str]:
    fields = record.fields
    model, monitor = fields["model"], fields["monitor"]
    return {
        "model": f"{model['name']}, {model['parameters']:,} weights, begun from {model['weights']['used']}",
        "trained on": f"{fields['data']['name']} ({fields['data']['fingerprint'][:16]})",
        "evaluated on": f"{prepared.name} ({prepared.fingerprint[:16]}), {prepared.image_size} pixels",
        "best epoch": f"{(monitor['epoch'] or 0) + 1}, by {monitor['name']} {monitor['best']:.4f}",
        "seed": str(fields["seed"]),
        "hardware": ", ".join(str(value) for value in fields["hardware"].values() if value),
    }


@dataclass(frozen=True)
class View:
    """The split that the pictures show: its images beside what was said of them."""

    prepared: PreparedData
    rows: np.ndarray
    predictions: Predictions
    split: str
    temperature: float

    def caption(self, at: int) -> str:
        """What the image at this position was named, with what confidence, and the truth."""
        classes, predicted = self.predictions.classes, self.predictions.predicted[at]
        truth = classes[self.predictions.targets[at]]
        return f"{classes[predicted]} {self.confidence[at]:.0%}\ntruth: {truth}"

    @property
    def confidence(self) -> np.ndarray:
        """Calibrated probability of the name given: float64 (N,)."""
        return self.predictions.probabilities(self.temperature).max(axis=1)

    def images(self, positions: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Return images at these positions, uint8 (n, S, S, 3), and their captions."""
        return self.prepared.images[self.rows[positions]], [self.caption(at) for at in positions]

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


def _pictures(record: RunRecord, network: Any, view: View, examples: int) -> list[Picture]:
    predictions = view.predictions
    matrix = confusion_matrix(predictions.targets, predictions.predicted, len(predictions.classes))
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
            f"How often a confidence is right ({view.split}): as trained, and with the temperature fitted on "
            "validation.",
            plots.png(plots.reliability_figure(predictions, view.temperature)),
        ),
    ]
    if history := record.read_metrics():
        curves = plots.png(plots.curves_figure(history))
        pictures.append(Picture("curves", "Training curves", "Loss, accuracy and learning rate by epoch.", curves))
    if examples:
        pictures += [*_errors(view, examples), _looked_at(network, view, examples)]
    return pictures


def _errors(view: View, examples: int) -> list[Picture]:
    worst = view.worst(examples)
    if not len(worst):
        return []
    explanation = f"Wrong names given with the most confidence ({view.split}). Some of the labels are wrong, too."
    gallery = plots.png(plots.gallery_figure(*view.images(worst)))
    return [Picture("errors", "Most confident errors", explanation, gallery)]


def _looked_at(network: Any, view: View, examples: int) -> Picture:
    positions = view.spread_positions(examples)
    images, captions = view.images(positions)
    heat = grad_cam(network, images, view.predictions.predicted[positions])
    explanation = f"Grad-CAM: what spoke for the name that was given, bright where much ({view.split})."
    return Picture(
        "grad_cam", "What it looked at", explanation, plots.png(plots.gallery_figure(images, captions, heat))
    )
