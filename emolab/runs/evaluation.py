"""A run evaluated: its network over a data set's splits, and what the report shows of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from emolab.data.prepared import PreparedData, folder_name
from emolab.errors import DataError, RunError
from emolab.evaluation.brightness import brightness_of
from emolab.evaluation.calibration import fit_temperature
from emolab.evaluation.coverage import uncertain_below
from emolab.evaluation.predictions import Predictions
from emolab.evaluation.report import Report
from emolab.evaluation.split import evaluate_split
from emolab.models.pretrained import IMAGENET, WITHOUT_IMAGENET
from emolab.runs import layout
from emolab.runs.facts import facts_of, title_of
from emolab.runs.judge import Judge, classifier, mirrored
from emolab.runs.network import load_network
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
        flip: also average each image with its mirror image.
        robustness: "on": also measure the accuracy on damaged validation images (see `emolab.runs.robustness`).
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
    mirror = {split: judge.predict(found, mirrored) for split, found in rows.items()} if flip else {}
    temperature, threshold, fitted_on, doubts = _calibration(record, prepared, plain)
    judged = {
        split: evaluate_split(
            predictions,
            temperature,
            twins=prepared.twin_in_train(rows[split]) if learned_from(record, prepared) else None,
            mirrored=mirror.get(split),
            brightness=brightness_of(prepared.images, rows[split]),
            resamples=resamples,
        )
        for split, predictions in plain.items()
    }
    first, shown = next(iter(plain)), list(plain)[-1]  # validation, where there is one; test
    view = View(prepared, rows[shown], plain[shown], shown, temperature, threshold, fitted_on)
    pictures = pictures_of(record, network, view, examples)
    curves = robustness_curves(judge, rows[first]) if robustness == "on" else None  # what follows mustn't see the test
    if curves is not None:
        pictures.append(robustness_picture(curves, first))
    return Report(
        title_of(record, prepared),
        facts_of(record, prepared),
        temperature,
        threshold,
        judged,
        pictures,
        warnings=[*_warnings(record, prepared, shared), *doubts],
        samples=view.spread(examples) if examples else None,
        robustness=curves,
        predictions=plain,
        mirrored=mirror or None,
        fitted_on=fitted_on,
    )


def _rows(judge: Judge, splits: Sequence[str]) -> dict[str, np.ndarray]:
    """The rows that are judged, of each split that has any."""
    rows = {split: found for split in splits if len(found := judge.rows(split))}
    if not rows:
        raise DataError(f"{judge.prepared.folder} has no {' or '.join(splits)} images: set data.split")
    return rows


def check_free(record: RunRecord, prepared: PreparedData) -> None:
    """Refuse a run on its own data while another process writes it: `keep_calibration` would fail after minutes.

    Raises:
        RunError: saying so, or that its folder can't be written.
    """
    if not learned_from(record, prepared):
        return
    try:
        record.update()
    except RunError as error:
        raise RunError(
            f"{record.id} can't be evaluated on its own data now, which fits its temperature: {error}"
        ) from error


def keep_calibration(record: RunRecord, prepared: PreparedData, report: Report) -> None:
    """Keep what was fitted on the run's own data in its `run.json`, where viewer and engines take it from.

    Raises:
        RunError: if another process is training the run, or its folder can't be written.
    """
    if learned_from(record, prepared):
        record.update(temperature=report.temperature, uncertain_below=report.uncertain_below)


def report_folder(record: RunRecord, prepared: PreparedData) -> Path:
    """Return `report/` for the run's own data, and a folder within it for others.

    Raises:
        RunError: if a link leads it out of the run folder.
    """
    other = "" if learned_from(record, prepared) else f"/{folder_name(prepared.name, prepared.fingerprint)}"
    return layout.inside(record.folder, f"{layout.REPORT}{other}")


def shared_with(record: RunRecord, prepared: PreparedData) -> tuple[str, ...]:
    """Return the classes that the run and the data both have, sorted by code point, as both lists are."""
    return tuple(name for name in record.classes if name in prepared.classes)


def check_fits(record: RunRecord, prepared: PreparedData, shared_classes: bool = False) -> None:
    """Refuse data whose classes or size the run can't be judged on.

    Args:
        record: the run.
        prepared: the data.
        shared_classes: two classes that both have are enough; else all must be the same.

    Raises:
        DataError: showing both lists.
    """
    fits = len(shared_with(record, prepared)) >= 2 if shared_classes else record.classes == prepared.classes
    if not fits:
        raise DataError(
            f"the classes differ. The run {record.id} has: {', '.join(record.classes)}. "
            f"{prepared.name} has: {', '.join(prepared.classes)}. "
            "shared_classes=true judges those that both have, where there are two or more"
        )
    check_size(record, prepared.image_size, str(prepared.folder))


def check_size(record: RunRecord, image_size: int, data: str) -> None:
    """Refuse faces of another size than the run's.

    Args:
        record: the run.
        image_size: side of the data's faces in pixels.
        data: what the message calls the data.

    Raises:
        DataError: naming the key to set.
    """
    size = record.fields["image_size"]
    if size != image_size:
        raise DataError(
            f"the run {record.id} takes faces of {size} pixels, {data} has {image_size}: set data.image_size={size}"
        )


def _calibration(
    record: RunRecord, prepared: PreparedData, plain: Mapping[str, Predictions]
) -> tuple[float, float, str, list[str]]:
    """The temperature, the confidence below which a face is better left unnamed, on what, and what to doubt of them."""
    fields = record.fields
    known, threshold = fields["temperature"], fields["uncertain_below"]
    if not (learned_from(record, prepared) or known is None or threshold is None):
        return float(known), float(threshold), f"the run's own data, {fields['data']['name']}", []
    split, predictions = next(iter(plain.items()))  # validation, where there is one
    temperature = fit_temperature(predictions)
    fitted_on = f"the {split} images of {prepared.name}"
    fitted = f"the temperature was fitted on {fitted_on}"
    doubts = []
    if not learned_from(record, prepared):
        doubts.append(f"{fitted}: evaluate the run on its own data first, or the ECE here flatters it")
    elif split != "validation":
        doubts.append(f"{fitted}, for want of validation images: the ECE flatters the run")
    return temperature, uncertain_below(predictions, temperature), fitted_on, doubts


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
