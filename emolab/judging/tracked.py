"""A report as whoever tracks runs gets it: its pictures, and its numbers in short."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from emolab.evaluation.report import Report
from emolab.runs.record import RunRecord
from emolab.tracking import LoggerGroup


def show_report(report: Report, record: RunRecord, loggers: LoggerGroup) -> None:
    """Show the confusion matrix, of validation where there is one, and sample images, at the epoch of the weights."""
    epoch = record.facts.monitor.epoch or 0
    first = next(iter(report.splits.values()))
    loggers.log_confusion_matrix(epoch, np.array(first["confusion_matrix"]), record.classes)
    if report.samples is not None:
        loggers.log_images(epoch, *report.samples)


def in_short(report: Report) -> dict[str, float | None]:
    """Return what a table of runs holds of a report, such as "test_accuracy"."""
    return {key: value for split, metrics in report.splits.items() for key, value in _of_split(split, metrics)}


def _of_split(split: str, metrics: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    yield from _accuracy(f"{split}_accuracy", metrics)
    yield f"{split}_macro_f1", metrics["macro_f1"]["value"]
    yield f"{split}_ece_calibrated", metrics["ece_calibrated"]
    if metrics["flip_averaged"] is not None:
        yield from _accuracy(f"{split}_flip_averaged_accuracy", metrics["flip_averaged"])


def _accuracy(name: str, metrics: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    yield name, metrics["accuracy"]["value"]
    yield f"{name}_low", metrics["accuracy"]["low"]
    yield f"{name}_high", metrics["accuracy"]["high"]
