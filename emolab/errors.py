"""The errors that a user can mend: printed without a traceback, exit code 2."""

import logging
import unicodedata

_JOINERS = "\u200c\u200d"  # of Persian, Hindi and other scripts, and of emoji


class EmolabError(Exception):
    """Something the user gave can't be used; the message says what arrived, what was expected and how to mend it."""


class Pruned(Exception):  # noqa: N818 - it's no error
    """The training was stopped because it can't become one of the best; the message says by whom."""


class ConfigError(EmolabError):
    """A wrong key, type, range or choice in the configuration."""


class DataError(EmolabError):
    """Photographs, labels or a prepared data set that can't be used."""


class RunError(EmolabError):
    """A run folder, checkpoint or engine that is missing, damaged or made for something else."""


class DivergedError(RunError):
    """A training whose loss or weights are no longer numbers."""


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its kind where it has none."""
    return (str(error).splitlines() or [""])[0].strip() or type(error).__name__


def one_line(error: Exception) -> str:
    """Return an error's whole message in one line, without a full stop, or its kind where it has none."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def printable(line: str) -> str:
    r"""Return a line for a terminal, with what can't be printed as escapes, such as \x1b: names come from strangers."""
    return "".join(
        letter if letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs"
        else letter.encode("unicode_escape").decode()
        for letter in line
    )  # fmt: skip


class PrintableFormatter(logging.Formatter):
    """Writes what is logged for a terminal, each line as `printable` does."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines."""
        return "\n".join(printable(line) for line in super().format(record).splitlines())
