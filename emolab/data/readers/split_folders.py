"""Which folders of a data set are its splits, by their names."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from emolab.config.overrides import typed
from emolab.data.image import SUFFIXES
from emolab.data.readers.walk import list_folders
from emolab.errors import DataError
from emolab.files import MARK

# How data sets call their splits -> how emolab does; in small letters, without what stands between words.
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "publictest": "validation",  # FER2013's names, as its CSV has them
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}
_ENDING = re.compile("(set|data|images)$")
KEY = "data.root"
TABLE = "train.csv"  # of a Kaggle competition; says the classes of photographs that lie in no folders of classes
LAYOUTS = "Expected <split>/<class>/* or <class>/*"
KNOWN = "train, training, validation, valid, val, dev, PublicTest, test, testing or PrivateTest"


def split_of(folder: str) -> str | None:
    """Return which split a folder's name means, such as "train" for `Train_set`; `None` for none that is known."""
    plain = re.sub("[ _-]", "", folder.lower())
    return SPLIT_NAMES.get(_ENDING.sub("", plain))


def folder_above(root: Path) -> str:
    """Return the folder in which `root` lies, or the split in which it does, as one types it from here."""
    outer = Path(os.path.normpath(root / ".."))
    return os.path.normpath(outer / "..") if split_of(_plain(outer).name) else str(outer)


def lies_too_low(root: Path, files: Iterable[str]) -> str:
    """Return a clause on which folder to give, where photographs lie directly in `root`: it may be a class."""
    loose = any("/" not in name and Path(name).suffix.lower() in SUFFIXES for name in files)
    give = typed(KEY, folder_above(root))
    return f", but photographs in no folder: is it a class itself? Then give {give}" if loose else ""


def other_splits(root: Path) -> list[str]:
    """Return a note where `root` is itself called like a split, and others lie beside it."""
    own = _plain(root)
    try:
        beside = [name for name in list_folders(own.parent) if split_of(name) not in (None, split_of(own.name))]
    except OSError:  # a folder may be read where the one that it lies in can't
        return []
    if split_of(own.name) is None or not beside:
        return []
    lying = f"{', '.join(beside)} {'lies' if len(beside) == 1 else 'lie'}"
    give = typed(KEY, folder_above(root))
    return [f"{own.name} is called like a split, and {lying} beside it: {give} takes all of them"]


def find_splits(root: Path, files: Iterable[str]) -> dict[str, str]:
    """Return the splits that lie directly in `root`: name of the folder -> split; none where they are classes.

    Photographs of splits lie in `<split>/<class>/`. So there are splits where a folder called like one has folders with
    files, and one is called like training, or no other folder has photographs.

    Args:
        root: The folder of the data set, for messages.
        files: What lies in it, as relative names with "/".

    Raises:
        DataError: if another folder beside them has folders with photographs, too, and may be a split; if the names of
            splits would become classes, as no folders of classes lie in the splits; or if splits lie in a class.
    """
    paths = [name.split("/") for name in files]
    tops = dict.fromkeys(parts[0] for parts in paths if len(parts) > 2)
    splits = {top: split for top in tops if (split := split_of(top)) is not None}
    others = [
        parts for parts in paths if parts[0] not in splits and len(parts) > 1 and parts[-1].lower().endswith(SUFFIXES)
    ]
    strangers = sorted({parts[0] for parts in others if len(parts) > 2})
    if splits and strangers:
        raise DataError(
            f"data.root={root}: beside {', '.join(splits)} there is {', '.join(strangers)}, with photographs in "
            f"folders, and which split that is can't be told. Call it {KNOWN} (or the same with _set, _data or _images "
            f"behind), move it away, or put an empty file {MARK} into it: then it's passed over"
        )
    if "train" in splits.values() or not others:
        return splits
    _refuse_splits_as_classes(root, others)
    return {}


def _refuse_splits_as_classes(root: Path, photographs: Sequence[Sequence[str]]) -> None:
    """Check that no folder with photographs, nor all that lies in one of them, is called like a split."""
    within: dict[str, set[str]] = defaultdict(set)
    for top, below, *deeper in photographs:
        within[top].add(below if deeper else "")
    flat = [top for top in sorted(within) if split_of(top)]
    if flat:
        table = f", or give data=kaggle, which takes the classes from {TABLE}" if (root / TABLE).is_file() else ""
        raise DataError(
            f"data.root={root}: {', '.join(flat)}: called like splits, with photographs in no folders of classes. "
            f"{LAYOUTS}: sort them into such folders{table}; if these are the classes, call them otherwise; if they "
            f"aren't to be used, put an empty file {MARK} into each"
        )
    nested = [top for top in sorted(within) if all(map(split_of, within[top]))]
    if nested:
        found = sorted({name for top in nested for name in within[top]})
        raise DataError(
            f"data.root={root}: {', '.join(nested)}: nothing but splits lies within ({', '.join(found)}). {LAYOUTS}: "
            "give the folder that holds the splits, or put the folders of each split together"
        )


def _plain(folder: Path) -> Path:
    """Return the folder with its own name, which "." hasn't; a link keeps its own."""
    return Path(os.path.abspath(folder))
