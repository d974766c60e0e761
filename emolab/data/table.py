"""The table of a prepared data set: one row a record, and what it adds up to."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from emolab.data.convert import Outcome
from emolab.data.prepared import TARGET_PREFIX, twins_in_train
from emolab.data.records import EXCLUDED, QUARANTINED, SPLITS, USABLE, Reading, Record
from emolab.data.splits import mixed_rows

COLUMNS = ("source", "label", "split", "width", "height", "sha256", "phash", "cluster", "status", "reason")


def build_table(usable: Sequence[Record], outcomes: Sequence[Outcome], rest: Sequence[Record]) -> pd.DataFrame:
    """Return the table, the usable rows first; `cluster` is still -1 everywhere.

    Args:
        usable: Records that became images, in the order of the images.
        outcomes: What `convert` found for each of them.
        rest: Excluded and quarantined records.
    """
    rows = [(r.source, r.label, r.split, *o[:4], -1, USABLE, "") for r, o in zip(usable, outcomes, strict=True)]
    rows += [(r.source, r.label, r.split, 0, 0, "", 0, -1, r.status, r.reason) for r in rest]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    whole = {"width": np.int32, "height": np.int32, "phash": np.uint64, "cluster": np.int64}
    text = {name: "str" for name in COLUMNS if name not in whole}
    return table.astype({**whole, **text})


def add_targets(table: pd.DataFrame, reading: Reading, usable: Sequence[Record]) -> pd.DataFrame:
    """Return the table, for soft labels with a `target:<class>` column a class."""
    if not any(record.target for record in usable):
        return table
    targets = np.zeros((len(table), len(reading.classes)), np.float32)
    targets[: len(usable)] = [record.target for record in usable]
    columns = {TARGET_PREFIX + name: targets[:, at] for at, name in enumerate(reading.classes)}
    return table.assign(**columns)


def summarise(table: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    """Return the counts of a finished table, ready for JSON."""
    usable = table[table["status"] == USABLE]
    return {
        "records": len(table),
        "usable": len(usable),
        "excluded": _reasons(table, EXCLUDED),
        "quarantined": _reasons(table, QUARANTINED),
        "splits": {split: _by_class(usable[usable["split"] == split], classes) for split in SPLITS},
        "duplicates": _duplicates(usable),
    }


def content_digest(table: pd.DataFrame, account: Mapping[str, Any]) -> str:
    """Return the SHA-256 of classes, image size and the usable rows (which hold the digest of every image).

    What is excluded or quarantined, and with which words, is no content: nothing learns from it.
    """
    digest = hashlib.sha256(f"{list(account['classes'])} {account['image_size']}\n".encode())
    digest.update(table[table["status"] == USABLE].to_csv(index=False, lineterminator="\n").encode())
    return digest.hexdigest()


def _reasons(table: pd.DataFrame, status: str) -> dict[str, int]:
    counts = table.loc[table["status"] == status, "reason"].value_counts()
    return {str(reason): int(counts[reason]) for reason in sorted(counts.index)}


def _by_class(rows: pd.DataFrame, classes: Sequence[str]) -> dict[str, int]:
    counts = rows["label"].value_counts()
    return {name: int(counts.get(name, 0)) for name in classes}


def _duplicates(usable: pd.DataFrame) -> dict[str, int]:
    clusters = usable["cluster"].to_numpy(np.int64)
    sizes = np.bincount(clusters, minlength=1)
    conflict = mixed_rows(usable["label"].to_numpy(), clusters)
    splits = usable["split"].to_numpy(object)
    twins = twins_in_train(clusters, splits)
    return {
        "clusters": int((sizes > 1).sum()),
        "images": int(sizes[sizes > 1].sum()),
        "exact": len(usable) - usable["sha256"].nunique(),
        "images_in_clusters_under_two_labels": int(conflict.sum()),
        "clusters_in_two_splits": int((usable.groupby("cluster")["split"].nunique() > 1).sum()),
        **{f"{split}_with_twin_in_train": int(twins[splits == split].sum()) for split in SPLITS[1:]},
    }
