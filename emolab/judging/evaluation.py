"""A run evaluated: its network over a data set's splits, and what the report shows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emolab.data.prepared import PreparedData, folder_name
from emolab.errors import DataError
from emolab.evaluation.brightness import brightness_of
from emolab.evaluation.calibration import calibrated
from emolab.evaluation.predictions import Predictions
from emolab.evaluation.report import Picture, Report
from emolab.evaluation.split import Metrics, evaluate_split, without_images, without_intervals
from emolab.judging.calibration import Calibration, calibration_of
from emolab.judging.earlier import curves_before, mirrored_before
from emolab.judging.evaluation_settings import EvaluationSettings
from emolab.judging.fits import check_fits, shared_with
from emolab.judging.head import head_of, title_of
from emolab.judging.judge import Judge, classifier, mirrored
from emolab.judging.pictures import View, pictures_of
from emolab.judging.robustness import Curve, robustness_curves, robustness_picture
from emolab.judging.seen import notes_on_ancestors, notes_on_seen, seen_in_training
from emolab.models.pretrained import IMAGENET, WITHOUT_IMAGENET
from emolab.runs import layout
from emolab.runs.network import load_network
from emolab.runs.record import RunRecord
from emolab.runs.sameness import learned_from

EVALUATED = ("validation", "test")  # training images would only flatter
CHOSEN = (
    "the validation images chose the epoch and fitted the temperatures: accuracy and calibrated ECE on them are a "
    "little too good, those on the test images aren't"
)
UNFINISHED = "the training didn't come to its end ({}): judged are its best weights until then"


@dataclass(frozen=True)
class _Judgement:
    """What a run's network says of each split, validation first, where there is one.

    Attributes:
        rows: those that are judged, int64 (n,).
        plain: what is said of the images.
        mirrored: what is said of their mirror images, where that is known.
        curves: the accuracy on damaged images of the first split, if it is known.
        calibration: how the confidences are read.
    """

    rows: dict[str, np.ndarray]
    plain: dict[str, Predictions]
    mirrored: dict[str, Predictions]
    curves: dict[str, Curve] | None
    calibration: Calibration


def evaluate_run(record: RunRecord, prepared: PreparedData, settings: EvaluationSettings) -> Report:
    """Return the report of a run on the validation and test images of `prepared`.

    The temperatures, and the confidence below which a face is better left unnamed, are fitted on the run's own
    validation images. Other data are judged with those that the run has (`keep_calibration`); where it has none yet, or
    there are no validation images, they are fitted on what is judged, and a warning says so.

    Args:
        record: the run; its best weights are evaluated, in float32.
        prepared: the data; their classes must be the run's, unless `settings.shared_classes`.
        settings: how.

    Raises:
        DataError: if the classes or the sizes differ, or there are no images to evaluate.
    """
    check_fits(record, prepared, settings.shared_classes)
    shared = shared_with(record, prepared)
    network = load_network(record, settings.trusted_modules)
    judge = Judge(classifier(network), prepared, record.classes, settings.batch_size, shared)
    judgement = _judgement(record, judge, settings)
    seen = seen_in_training(record, prepared)
    metrics = _metrics(prepared, judgement, seen, settings.resamples)
    view = _view(prepared, judgement, metrics)
    calibration = judgement.calibration
    return Report(
        title_of(record, prepared),
        head_of(record, prepared),
        calibration.temperatures,
        calibration.uncertain_below,
        metrics,
        _pictures(record, network, view, judgement, settings.examples),
        warnings=[
            *([] if learned_from(record, prepared) else notes_on_seen(record, metrics, seen is not None)),
            *notes_on_ancestors(record, prepared, metrics),
            *_warnings(record, prepared, shared),
            *([CHOSEN] if "validation" in metrics and learned_from(record, prepared) else []),
            *calibration.doubts,
            *without_images(metrics),
            *without_intervals(metrics),
        ],
        samples=view.spread(settings.examples) if settings.examples else None,
        robustness=judgement.curves,
        predictions=judgement.plain,
        mirrored=judgement.mirrored or None,
        fitted_on=calibration.fitted_on,
    )


def _judgement(record: RunRecord, judge: Judge, settings: EvaluationSettings) -> _Judgement:
    rows = _rows(judge, EVALUATED if settings.test else EVALUATED[:1])
    plain = {split: judge.predict(found) for split, found in rows.items()}
    before = report_folder(record, judge.prepared)
    if settings.flip:
        mirror = {split: judge.predict(found, mirrored) for split, found in rows.items()}
    else:
        mirror = mirrored_before(before, plain)
    damaged = settings.robustness == "on"
    # Of the first alone: what follows from robustness mustn't see the test.
    curves = robustness_curves(judge, next(iter(rows.values()))) if damaged else curves_before(before, plain)
    return _Judgement(rows, plain, mirror, curves, calibration_of(record, judge.prepared, plain))


def _rows(judge: Judge, splits: Sequence[str]) -> dict[str, np.ndarray]:
    """The rows that are judged, of each split that has any."""
    rows = {split: found for split in splits if len(found := judge.rows(split))}
    if not rows:
        raise DataError(f"{judge.prepared.folder} has no {' or '.join(splits)} images: set data.split")
    return rows


def _metrics(
    prepared: PreparedData, judgement: _Judgement, seen: np.ndarray | None, resamples: int
) -> dict[str, Metrics]:
    """The numbers of each split; `seen` is of each image whether the run has learned from it, where that is known."""
    temperatures = judgement.calibration.temperatures
    return {
        split: evaluate_split(
            predictions,
            calibrated(predictions, temperatures),
            twins=None if seen is None else seen[judgement.rows[split]],
            mirrored=calibrated(judgement.mirrored[split], temperatures) if split in judgement.mirrored else None,
            brightness=brightness_of(prepared.images, judgement.rows[split]),
            resamples=resamples,
        )
        for split, predictions in judgement.plain.items()
    }


def _view(prepared: PreparedData, judgement: _Judgement, metrics: Mapping[str, Metrics]) -> View:
    """The last split as it is shown: test, where that is judged."""
    shown = list(judgement.rows)[-1]
    rows, predictions = judgement.rows[shown], judgement.plain[shown]
    return View(prepared, rows, predictions, shown, metrics[shown], judgement.calibration)


def _pictures(record: RunRecord, network: Any, view: View, judgement: _Judgement, examples: int) -> list[Picture]:
    pictures = pictures_of(record, network, view, examples)
    if judgement.curves is not None:
        pictures.append(robustness_picture(judgement.curves, next(iter(judgement.rows))))
    return pictures


def report_folder(record: RunRecord, prepared: PreparedData) -> Path:
    """Return `report/` for the run's own data, and a folder within it for others.

    Raises:
        RunError: if a link leads it out of the run folder.
    """
    other = "" if learned_from(record, prepared) else f"/{folder_name(prepared.name, prepared.fingerprint)}"
    return layout.inside(record.folder, f"{layout.REPORT}{other}")


def _warnings(record: RunRecord, prepared: PreparedData, shared: tuple[str, ...]) -> list[str]:
    left_out = sorted({*record.classes, *prepared.classes} - set(shared))
    model = record.facts.model
    chance = (model.weights.requested, model.weights.used) == ("auto", "random") and model.name in IMAGENET
    return [
        *([record.notice] if record.notice else []),
        *([UNFINISHED.format(record.status)] if record.status not in ("finished", "running") else []),
        *([WITHOUT_IMAGENET.format(model.name)] if chance else []),
        *([f"judged on the shared classes only; left out: {', '.join(left_out)}"] if left_out else []),
    ]
