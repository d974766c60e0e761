"""What somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHORT = {"lr": "learning_rate", "wd": "weight_decay", "bs": "batch_size"}


def in_full(word: str) -> str:
    """Return what a usual abbreviation stands for, or the word itself."""
    return _SHORT.get(word, word)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the choice nearest to `word`, or nothing where none is near."""
    near = get_close_matches(in_full(word), list(choices), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def listed(choices: Iterable[str]) -> str:
    """Return the choices in one line, sorted."""
    return ", ".join(sorted(choices)) or "nothing"
