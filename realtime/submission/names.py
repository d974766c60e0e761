"""Which files the competition wants named, in which order; everything doubtful is refused."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from emolab.data.image import SUFFIXES, is_photograph
from emolab.data.names import as_text
from emolab.data.readers.kaggle import SAMPLE, TEST, unlabelled_files
from emolab.errors import DataError, printable
from emolab.runs import RunRecord, list_runs
from realtime.submission.sample import Sample, plain_sample, read_sample

SHOWN = 5  # names in a message


def wanted_files(root: Path) -> tuple[Sample, dict[str, Path]]:
    """Return the table that is to be filled in, and bare name -> file in its order.

    It is `sample_submission.csv`, or, where there's none, has a row a photograph, by name; a file that neither its
    ending nor how it begins shows to be a photograph is left out then, which is printed.

    Raises:
        DataError: if the folder has folders within, or names that a submission, which is UTF-8, can't hold; if the
            sample's names aren't exactly the folder's, each once, or it has no columns for names and classes.
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
    photographs = {name: path for name, path in files.items() if _can_be_photograph(path)}
    if not photographs:
        raise DataError(f"{root / TEST} is empty: unpack the competition's photographs into it")
    sample = read_sample(root, files)
    if sample is not None:
        _check(sample.names(), files, photographs, root)
        return sample, {name: files[name] for name in sample.names()}
    if others := sorted(files.keys() - photographs.keys()):
        print(printable(f"left out, because they are no photographs: {_some(others)} in {root / TEST}"))
    return plain_sample(list(photographs)), photographs


def _can_be_photograph(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES or is_photograph(path)


def check_classes(root: Path, training: Sequence[str], chosen: Iterable[RunRecord], sample: Sample, runs: Path) -> None:
    """Check that run, training set and sample speak of the same classes.

    Args:
        root: the competition's folder.
        training: classes of its training set.
        chosen: the runs that are to name the photographs.
        sample: the table that is to be filled in.
        runs: folder of all runs (`paths.runs`), of which a refusal names one that would do.

    Raises:
        DataError: showing both lists.
    """
    for run in chosen:
        if run.classes != tuple(training):
            raise DataError(
                f"the run {run.id} was trained on other classes than {root} has.\n"
                f"  the run:    {', '.join(run.classes)}\n  the folder: {', '.join(training)}\n"
                f"{_fitting(root, training, runs)}"
            )
    unknown = sorted(sample.labels() - set(training))
    if unknown:
        raise DataError(
            f"{root / SAMPLE} names classes that the training set doesn't have: {_some(unknown)}. "
            f"Expected: {', '.join(training)}"
        )


def _fitting(root: Path, training: Sequence[str], runs: Path) -> str:
    """Say which run has these classes: the newest that can be used."""
    fitting = [run for run in list_runs(runs) if run.classes == tuple(training) and run.best_weights_sha256]
    if fitting:
        return f"The newest run under {runs} with the folder's classes is ckpt={fitting[-1].id}"
    return f"No run under {runs} has the folder's classes: train one on it (data=kaggle data.root={root})"


def _check(names: Sequence[str], files: Collection[str], photographs: Collection[str], root: Path) -> None:
    pathlike = [name for name in names if "/" in name or "\\" in name or not name]
    twice = [name for name, count in Counter(names).items() if count > 1]
    missing = [name for name in names if name not in files and name not in pathlike]
    extra = sorted(set(photographs) - set(names))
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
