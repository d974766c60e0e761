"""Which files the competition wants named, in which order; everything doubtful is refused."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from emolab.data.readers.kaggle import LABEL_COLUMN, SAMPLE, TEST, sample_names, unlabelled_files
from emolab.data.readers.listing import read_columns
from emolab.data.records import as_text
from emolab.errors import DataError

SHOWN = 5  # names in a message


def wanted_files(root: Path) -> dict[str, Path]:
    """Return bare name -> file, in the order of `sample_submission.csv`, or by name where there's none.

    Raises:
        DataError: if the folder has folders within, or names that a submission, which is UTF-8, can't hold; if the
            sample's names aren't exactly the folder's, each once.
    """
    files = unlabelled_files(root)
    nested = [name for name in files if "/" in name]
    if nested:
        raise DataError(
            f"{root / TEST} has files in folders of its own ({_some(nested)}): move them up, or remove them"
        )
    unwritable = [name for name in files if as_text(name) != name]
    if unwritable:
        raise DataError(f"{root / TEST} has names that aren't UTF-8 ({_some(unwritable)}): rename them")
    if not files:
        raise DataError(f"{root / TEST} is empty: unpack the competition's photographs into it")
    names = sample_names(root)
    if names is None:
        return files
    _check(names, files, root)
    return {name: files[name] for name in names}


def check_classes(root: Path, training: Sequence[str], runs: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Check that run, training set and sample speak of the same classes.

    Args:
        root: the competition's folder.
        training: classes of its training set.
        runs: id and classes of each run.

    Raises:
        DataError: showing both lists.
    """
    for run, classes in runs:
        if list(classes) != list(training):
            raise DataError(
                f"the run {run} was trained on other classes than {root} has.\n"
                f"  the run:    {', '.join(classes)}\n  the folder: {', '.join(training)}\n"
                "Choose a run that was trained on this folder (data=kaggle data.root=...)"
            )
    sample = root / SAMPLE
    if not sample.is_file():
        return
    unknown = sorted({label for (label,) in read_columns(sample, (LABEL_COLUMN,))} - {*training, ""})
    if unknown:
        raise DataError(
            f"{sample} names classes that the training set doesn't have: {_some(unknown)}. "
            f"Expected: {', '.join(training)}"
        )


def _check(names: Sequence[str], files: dict[str, Path], root: Path) -> None:
    pathlike = [name for name in names if "/" in name or "\\" in name or not name]
    twice = [name for name, count in Counter(names).items() if count > 1]
    missing = [name for name in names if name not in files and name not in pathlike]
    extra = sorted(files.keys() - set(names))
    problems = {
        "isn't a bare file name": pathlike,
        "stands there more than once": twice,
        f"isn't in {TEST}/ (unpack all of the competition's photographs)": missing,
        f"lies in {TEST}/ and not in the sample (remove it, or take the sample that belongs to it)": extra,
    }
    lines = [f"  {len(found)}: {_some(found)}: {problem}" for problem, found in problems.items() if found]
    if lines:
        raise DataError(f"{root / SAMPLE} and {root / TEST} don't belong together:\n" + "\n".join(lines))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(repr(name) for name in names[:SHOWN]) + more
