"""What the trainer says to whoever keeps metrics: a small protocol, and several loggers as one."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:  # images and matrices pass through; nothing here computes
    import numpy as np


class Record(Protocol):
    """What a logger needs of a run's record (`emolab.runs.RunRecord`)."""

    folder: Path

    @property
    def id(self) -> str: ...  # noqa: D102 - documented by RunRecord

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def status(self) -> str: ...  # noqa: D102

    def fields(self) -> dict[str, Any]: ...  # noqa: D102

    def append_metrics(self, epoch: int, metrics: Mapping[str, Any]) -> None: ...  # noqa: D102

    def finish(self, status: str, **fields: Any) -> None: ...  # noqa: D102

    def checkpoint_path(self, kind: str) -> Path: ...  # noqa: D102


@runtime_checkable
class Logger(Protocol):
    """Where metrics go. The calls come in this order: start, any of the log calls, finish."""

    def start(self, record: Record, config: Mapping[str, Any]) -> None:
        """Begin, or go on with, the run of `record`; `config` is its resolved configuration."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Take the metrics of one epoch (from 0), the learning rate among them."""

    def log_images(self, epoch: int, images: "np.ndarray", captions: Sequence[str]) -> None:
        """Take sample images, uint8 RGB (N, H, W, 3), with a caption each, such as "happy (truth: sad)"."""

    def log_confusion_matrix(self, epoch: int, matrix: "np.ndarray", classes: Sequence[str]) -> None:
        """Take counts (C, C): a row a true class, a column a predicted one."""

    def log_table(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], picture: "np.ndarray"
    ) -> None:
        """Take a table of no epoch, such as that of the engines, and its picture, uint8 RGB (H, W, 3)."""

    def finish(self, status: str, summary: Mapping[str, Any]) -> None:
        """End with a status of `run.json`, such as "finished", and the final numbers."""


class LoggerGroup:
    """Several loggers as one, in order."""

    def __init__(self, loggers: Iterable[Logger]) -> None:
        self.loggers: tuple[Logger, ...] = tuple(loggers)

    def start(self, record: Record, config: Mapping[str, Any]) -> None:
        """Begin the run in each. One that can't is told no more, nor are those after it."""
        loggers, self.loggers = self.loggers, ()
        for logger in loggers:
            logger.start(record, config)
            self.loggers = (*self.loggers, logger)

    def log_epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Give the metrics of one epoch to each."""
        for logger in self.loggers:
            logger.log_epoch(epoch, metrics)

    def log_images(self, epoch: int, images: "np.ndarray", captions: Sequence[str]) -> None:
        """Give sample images to each."""
        for logger in self.loggers:
            logger.log_images(epoch, images, captions)

    def log_confusion_matrix(self, epoch: int, matrix: "np.ndarray", classes: Sequence[str]) -> None:
        """Give a confusion matrix to each."""
        for logger in self.loggers:
            logger.log_confusion_matrix(epoch, matrix, classes)

    def log_table(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], picture: "np.ndarray"
    ) -> None:
        """Give a table and its picture to each."""
        for logger in self.loggers:
            logger.log_table(name, columns, rows, picture)

    def finish(self, status: str, summary: Mapping[str, Any]) -> None:
        """End the run in each."""
        for logger in self.loggers:
            logger.finish(status, summary)
