"""A run evaluated: its network over a data set's splits, and what the report shows of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emolab.data.prepared import PreparedData, folder_name
from emolab.errors import DataError
from emolab.evaluation.brightness import brightness_of
from emolab.evaluation.report import Report
from emolab.evaluation.split import evaluate_split, without_intervals
from emolab.models.pretrained import IMAGENET, WITHOUT_IMAGENET
from emolab.runs import layout
from emolab.runs.calibration import calibration_of
from emolab.runs.earlier import curves_before, mirrored_before
from emolab.runs.facts import facts_of, title_of
from emolab.runs.fits import check_fits, shared_with
from emolab.runs.judge import Judge, classifier, mirrored
from emolab.runs.network import load_network
from emolab.runs.own_data import notes_on_seen, seen_in_training
from emolab.runs.pictures import View, pictures_of
from emolab.runs.record import RunRecord
from emolab.runs.robustness import robustness_curves, robustness_picture
from emolab.runs.sameness import learned_from

EVALUATED = ("validation", "test")  # training images would only flatter


def evaluate_run(
    record: RunRecord,
    prepared: PreparedData,
    shared_classes: bool = False,
    flip: bool = False,
    robustness: str = "off",
    batch_size: int = 256,
    test: bool = True,
    resamples: int = 2000,
    examples: int = 24,
    trusted_modules: Sequence[str] = (),
) -> Report:
    """Return the report of a run on the validation and test images of `prepared`.

    The temperature, and the confidence below which a face is better left unnamed, are fitted on the run's own
    validation images. Other data are judged with those that the run has (`keep_calibration`); where it has none yet, or
    there are no validation images, they are fitted on what is judged, and a warning says so.

    Args:
        record: the run; its best weights are evaluated, in float32.
        prepared: the data; their classes must be the run's, unless `shared_classes`.
        shared_classes: judge only the classes that both have, on the images of these.
        flip: also average each image with its mirror image. False: where the run's report on these data has what was
            said about the mirror images, and the predictions are still the same, they are averaged all the same.
        robustness: "on": also measure the accuracy on damaged validation images (see `emolab.runs.robustness`); "off":
            what the report has of it stays, if the predictions are still the same.
        batch_size: images at a time.
        test: False leaves the test images unopened, for whoever chooses by looking at reports.
        resamples: of the bootstrap behind each interval.
        examples: pictures in each gallery.
        trusted_modules: modules of the user's own that the run may name.

    Raises:
        DataError: if the classes or the sizes differ, or there are no images to evaluate.
    """
    shared = shared_with(record, prepared) if shared_classes else record.classes
    check_fits(record, prepared, shared_classes)
    network = load_network(record, trusted_modules)
    judge = Judge(classifier(network), prepared, record.classes, batch_size, shared)
    rows = _rows(judge, EVALUATED if test else EVALUATED[:1])
    plain = {split: judge.predict(found) for split, found in rows.items()}
    folder = report_folder(record, prepared)
    if flip:
        mirror = {split: judge.predict(found, mirrored) for split, found in rows.items()}
    else:
        mirror = mirrored_before(folder, plain)
    calibration = calibration_of(record, prepared, plain)
    seen = seen_in_training(record, prepared)
    judged = {
        split: evaluate_split(
            predictions,
            calibration.temperature,
            twins=None if seen is None else seen[rows[split]],
            mirrored=mirror.get(split),
            brightness=brightness_of(prepared.images, rows[split]),
            resamples=resamples,
        )
        for split, predictions in plain.items()
    }
    first, shown = next(iter(plain)), list(plain)[-1]  # validation, where there is one; test
    view = View(prepared, rows[shown], plain[shown], shown, judged[shown], calibration)
    pictures = pictures_of(record, network, view, examples)
    # Of the first alone: what follows from robustness mustn't see the test.
    curves = robustness_curves(judge, rows[first]) if robustness == "on" else curves_before(folder, plain)
    if curves is not None:
        pictures.append(robustness_picture(curves, first))
    return Report(
        title_of(record, prepared),
        facts_of(record, prepared),
        calibration.temperature,
        calibration.uncertain_below,
        judged,
        pictures,
        warnings=[
            *([] if learned_from(record, prepared) else notes_on_seen(record, judged, seen is not None)),
            *_warnings(record, prepared, shared),
            *calibration.doubts,
            *without_intervals(judged),
        ],
        samples=view.spread(examples) if examples else None,
        robustness=curves,
        predictions=plain,
        mirrored=mirror or None,
        fitted_on=calibration.fitted_on,
    )


def _rows(judge: Judge, splits: Sequence[str]) -> dict[str, np.ndarray]:
    """The rows that are judged, of each split that has any."""
    rows = {split: found for split in splits if len(found := judge.rows(split))}
    if not rows:
        raise DataError(f"{judge.prepared.folder} has no {' or '.join(splits)} images: set data.split")
    return rows


def report_folder(record: RunRecord, prepared: PreparedData) -> Path:
    """Return `report/` for the run's own data, and a folder within it for others.

    Raises:
        RunError: if a link leads it out of the run folder.
    """
    other = "" if learned_from(record, prepared) else f"/{folder_name(prepared.name, prepared.fingerprint)}"
    return layout.inside(record.folder, f"{layout.REPORT}{other}")


def _warnings(record: RunRecord, prepared: PreparedData, shared: tuple[str, ...]) -> list[str]:
    left_out = sorted({*record.classes, *prepared.classes} - set(shared))
    model = record.fields["model"]
    weights = model.get("weights") or {}
    chance = (weights.get("requested"), weights.get("used")) == ("auto", "random") and model["name"] in IMAGENET
    return [
        *([record.notice] if record.notice else []),
        *([WITHOUT_IMAGENET.format(model["name"])] if chance else []),
        *([f"judged on the shared classes only; left out: {', '.join(left_out)}"] if left_out else []),
    ]
