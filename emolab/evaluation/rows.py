"""The numbers of a report as texts, the same on page, model card and terminal."""

from collections.abc import Iterator, Mapping

from rich.box import SIMPLE
from rich.table import Table

from emolab.evaluation.interval import interval_text, number_text
from emolab.evaluation.metrics import MATRIX_METRICS, METRIC_LABELS
from emolab.evaluation.split import Metrics


def number_rows(splits: Mapping[str, Metrics]) -> list[tuple[str, list[str]]]:
    """Return a row a number: its label, and a text for each split."""
    columns = [dict(_cells(metrics)) for metrics in splits.values()]
    return [(label, [cells[label] for cells in columns]) for label in (columns[0] if columns else ())]


def _cells(metrics: Metrics) -> Iterator[tuple[str, str]]:
    """The label and the text of each number of a split."""
    twins, flipped = metrics["without_twins"], metrics["flip_averaged"]
    yield "images", str(metrics["n"])
    for key in MATRIX_METRICS:
        yield f"{METRIC_LABELS[key]} (95 % interval)", interval_text(metrics[key])
    yield (
        "accuracy without twins in training",
        f"{interval_text(twins['accuracy'])}, n = {twins['n']}" if twins else "none",
    )
    yield (
        "accuracy, averaged with the mirror image",
        interval_text(flipped["accuracy"]) if flipped else "not measured (flip=true)",
    )
    for key, label in METRIC_LABELS.items():
        if key not in MATRIX_METRICS:
            yield label, number_text(metrics[key])


def summary_table(splits: Mapping[str, Metrics]) -> Table:
    """Return a table for the terminal: a row a split, and one below where it was averaged with mirror images.

    "baseline" always names the largest class.
    """
    table = Table(box=SIMPLE, padding=0, pad_edge=False)
    for heading in ("split", "images", "accuracy (95 %)", "balanced", "macro F1", "cal. ECE", "baseline"):
        table.add_column(heading, justify="left" if heading == "split" else "right", no_wrap=True)
    for name, metrics in splits.items():
        table.add_row(
            name,
            str(metrics["n"]),
            interval_text(metrics["accuracy"], to="-"),
            number_text(metrics["balanced_accuracy"]["value"]),
            number_text(metrics["macro_f1"]["value"]),
            number_text(metrics["ece_calibrated"]),
            number_text(metrics["majority_baseline"]),
        )
        if flipped := metrics["flip_averaged"]:
            table.add_row("  + mirrored", str(flipped["n"]), interval_text(flipped["accuracy"], to="-"))
    return table
