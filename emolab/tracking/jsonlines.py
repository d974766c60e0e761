"""The logger that is always there: the run's own record, `metrics.jsonl` and `run.json`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emolab.tracking.logger import Logger, LoggerGroup, Record

if TYPE_CHECKING:
    import numpy as np


class JsonLines:
    """A line an epoch into the run's record. Pictures have their place in its report, and are passed over."""

    def __init__(self) -> None:
        self._record: Record | None = None

    def start(self, record: Record, config: Mapping[str, Any]) -> None:
        """Remember the record."""
        self._record = record

    def log_epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Append one line, flushed to the disk."""
        if self._record is not None:
            self._record.append_metrics(epoch, metrics)

    def log_images(self, epoch: int, images: "np.ndarray", captions: Sequence[str]) -> None:
        """Nothing: the report holds pictures."""

    def log_confusion_matrix(self, epoch: int, matrix: "np.ndarray", classes: Sequence[str]) -> None:
        """Nothing: the report holds the matrix."""

    def log_table(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], picture: "np.ndarray"
    ) -> None:
        """Nothing: whoever makes a table writes it to files."""

    def finish(self, status: str, summary: Mapping[str, Any]) -> None:
        """Set status, time of the end and summary in `run.json`."""
        if self._record is not None:
            self._record.finish(status, summary=dict(summary))
            self._record = None


def with_record(logger: Logger | None) -> LoggerGroup:
    """Return `logger` behind the run's own record, which is written first and whatever else happens."""
    return LoggerGroup([JsonLines(), *besides_record(logger).loggers])


def besides_record(logger: Logger | None) -> LoggerGroup:
    """Return `logger` alone, and nobody where that's the record: it has the summary of its training, and keeps that."""
    return LoggerGroup([] if logger is None or isinstance(logger, JsonLines) else [logger])
