"""What a reader of a data set hands to prepare."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from emolab.data.names import as_text, class_name

SPLITS = ("train", "validation", "test")

USABLE = "usable"  # an image in images.npy
EXCLUDED = "excluded"  # whole, but the labels rule it out (no majority, not listed)
QUARANTINED = "quarantined"  # damaged or wrong; more than 1 % of these is worth an alarm


@dataclass(frozen=True, slots=True)
class Record:
    """One labelled photograph, or the reason why there is none.

    Attributes:
        source: Name of the photograph within its data set; the order of rows follows it.
        label: Name of its class, in Unicode's composed form (NFC); empty when it has none.
        split: Official split, or empty when prepare may choose.
        path: File that holds the photograph.
        stamp: Size of the file in bytes and its time in nanoseconds, when it was listed.
        pixels: uint8 (H, W) or (H, W, 3), instead of a file.
        target: Soft label: probability of each class, in the order of the reading's classes.
        person: Who is in the photograph, where the data set says so; empty: unknown.
        status: `usable`, or what the reader already knows to be in the way.
        reason: One line, when the status isn't `usable`.
    """

    source: str
    label: str = ""
    split: str = ""
    path: Path | None = None
    stamp: tuple[int, int] | None = None
    pixels: np.ndarray | None = None
    target: tuple[float, ...] | None = None
    person: str = ""
    status: str = USABLE
    reason: str = ""

    def __post_init__(self) -> None:
        """Make the names text that any file can hold."""
        object.__setattr__(self, "source", as_text(self.source))
        object.__setattr__(self, "label", class_name(self.label))


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a reader found.

    Attributes:
        classes: Names of the classes, sorted by code point.
        records: The photographs, in any order.
        warnings: What is odd about the data set as a whole, a line each.
    """

    classes: tuple[str, ...]
    records: Sequence[Record]
    warnings: tuple[str, ...] = ()


class Reader(Protocol):
    """Knows one layout of a data set."""

    def identity(self) -> str:
        """Return a string that changes whenever what `read` gives would change.

        It opens no photograph: names, sizes, times and tables say enough.
        """

    def notes(self) -> Sequence[str]:
        """Return what was passed over, a line each, to be told whenever the data are asked for.

        It is no part of the identity: nothing of it changes what is prepared.
        """

    def read(self) -> Reading:
        """Return the classes and the records.

        Raises:
            DataError: if the data set as a whole can't be used.
        """
