"""What is known of a run's predictions, as numbers, pictures and one page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emolab import files, notices
from emolab.evaluation.calibration import Temperatures, spread_text
from emolab.evaluation.interval import interval_text, number_text
from emolab.evaluation.predictions import Predictions, save_predictions
from emolab.evaluation.rows import number_rows
from emolab.evaluation.split import Metrics
from emolab.pages import address_of, filled
from emolab.tables import markdown_cell

PREDICTIONS = "predictions.npz"
MIRRORED = "mirrored.npz"  # predictions of the mirror images of the same faces
NUMBERS = "metrics.json"
SOMETIMES = ("curves", "errors", "grad_cam", "robustness")  # pictures that not every evaluation makes
_FILTERS: dict[str, Callable[..., str]] = {
    "cell": markdown_cell,
    "interval": interval_text,
    "number": number_text,
    "spread": spread_text,
}


@dataclass(frozen=True)
class Picture:
    """A picture of the report: its file name without ending, its heading, what it shows, its PNG bytes."""

    name: str
    heading: str
    explanation: str
    png: bytes


@dataclass(frozen=True)
class Report:
    """All that goes into a report folder.

    Attributes:
        title: such as "vgg19 on fer2013".
        head: name and value of what the run was.
        temperatures: of each class, which calibrate the confidences.
        uncertain_below: calibrated confidence below which a face is better left unnamed.
        splits: name of the split -> its metrics, from `emolab.evaluation.split`.
        pictures: in the order of the page.
        warnings: what a reader must know before the numbers.
        samples: some images, uint8 (N, H, W, 3), and what each was named, for whoever logs pictures.
        robustness: kind of damage -> points of the accuracy's curve, from `emolab.judging.robustness`, if measured.
        predictions: of each split, for comparisons image by image.
        mirrored: of the mirror images of each split, if they were made.
        fitted_on: what temperatures and threshold were fitted on, such as "the validation images of fer2013".
    """

    title: str
    head: Mapping[str, str]
    temperatures: Temperatures
    uncertain_below: float
    splits: Mapping[str, Metrics]
    pictures: Sequence[Picture] = ()
    warnings: Sequence[str] = ()
    samples: tuple[np.ndarray, Sequence[str]] | None = None
    robustness: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
    predictions: Mapping[str, Predictions] | None = None
    mirrored: Mapping[str, Predictions] | None = None
    fitted_on: str = "validation"


def write_report(folder: Path, report: Report) -> None:
    """Write numbers, predictions, pictures, model card and one self-contained `index.html`, each whole or not."""
    numbers = {
        "temperatures": dict(report.temperatures),
        "uncertain_below": report.uncertain_below,
        "splits": dict(report.splits),
    }
    if report.robustness is not None:
        numbers["robustness"] = dict(report.robustness)
    files.write_json(folder / NUMBERS, numbers)
    (folder / MIRRORED).unlink(missing_ok=True)  # first: what is there always belongs to the predictions beside it
    if report.predictions:
        save_predictions(folder / PREDICTIONS, report.predictions)
    if report.mirrored:
        save_predictions(folder / MIRRORED, report.mirrored)
    for name in set(SOMETIMES) - {picture.name for picture in report.pictures}:
        (folder / f"{name}.png").unlink(missing_ok=True)  # of an evaluation before, whose numbers are gone, too
    for picture in report.pictures:
        files.write_bytes(folder / f"{picture.name}.png", picture.png)
    files.write_text(folder / "model_card.md", render_model_card(report))
    files.write_text(folder / "index.html", render(report))


def render(report: Report) -> str:
    """Return the page: every picture inside it, nothing from elsewhere, every text escaped."""
    pictures = [(picture, address_of(picture.png)) for picture in report.pictures]
    return _filled("report.html.jinja", report, pictures=pictures)


def render_model_card(report: Report) -> str:
    """Return the model card as Markdown: what the network is, how good for whom, and what it must not be used for."""
    text = _filled("model_card.md.jinja", report)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _filled(template: str, report: Report, **more: Any) -> str:
    more |= {"report": report, "numbers": number_rows(report.splits), "notices": notices}
    return filled("emolab.evaluation", template, _FILTERS, **more)
