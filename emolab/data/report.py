"""What prepare found, for people: a few lines on the terminal and one self-contained page."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolab.data.records import EXCLUDED, QUARANTINED, SPLITS, USABLE
from emolab.data.thumbnails import cluster_strips, sample_strips
from emolab.errors import printable
from emolab.files import write_text
from emolab.pages import filled

ALARM = 0.01  # share of quarantined photographs above which something is wrong with the data set, not a file
EXAMPLES = 5  # names shown for each reason


def quarantined_share(account: Mapping[str, Any]) -> float:
    """Return the share of damaged photographs, 0 to 1, among those that the labels don't rule out."""
    damaged = sum(account["quarantined"].values())
    return damaged / max(1, damaged + account["usable"])


def alarm_text(account: Mapping[str, Any]) -> str:
    """Return a warning if more than 1 % of the photographs are quarantined, else an empty text."""
    share = quarantined_share(account)
    if share <= ALARM:
        return ""
    worst = max(account["quarantined"], key=account["quarantined"].__getitem__)
    count = sum(account["quarantined"].values())
    return f"WARNING: {count} photographs ({share:.1%}) can't be used, most of them: {worst}"


def concerns(account: Mapping[str, Any]) -> list[str]:
    """Return what is odd about the data set as a whole, a line each: the reader's warnings, and what splits lack."""
    return [*account["warnings"], *_missing(account)]


def only_training(account: Mapping[str, Any]) -> list[str]:
    """Return a clause on the photographs from which no split is drawn, as their labels contradict, if there are any."""
    count = account["duplicates"]["images_in_clusters_under_two_labels"]
    near = account["options"]["near_duplicate_bits"] is not None
    kind, mend = ("near-duplicates", " (data.near_duplicate_bits=null parts them)") if near else ("duplicates", "")
    return [f"{count} photographs are {kind} under two labels, which only train{mend}"] if count else []


def reminder(account: Mapping[str, Any], page: Path) -> str:
    """Return in a line what was warned of when the data were prepared, and where all of it stands, or an empty text."""
    found = [text for text in (alarm_text(account).removeprefix("WARNING: "), *concerns(account)) if text]
    if not found:
        return ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"WARNING: {found[0]}{more}; see {page}"


def summary_text(account: Mapping[str, Any]) -> str:
    """Return the summary for a terminal, the warning first and last so that it can't be missed."""
    alarm = alarm_text(account)
    twins = account["duplicates"]
    lines = [
        f"prepared {account['name']}: {account['usable']} images of {account['image_size']} pixels, "
        f"{len(account['classes'])} classes ({', '.join(account['classes'])})",
        "  " + ", ".join(f"{split} {sum(account['splits'][split].values())}" for split in SPLITS),
        f"  duplicates: {twins['images']} images in {twins['clusters']} clusters, "
        f"{twins['images_in_clusters_under_two_labels']} images under two labels",
        *(f"  WARNING: {warning}" for warning in concerns(account)),
        *(f"  note: {note}" for note in account["notes"]),
        *_reason_lines("excluded", account["excluded"]),
        *_reason_lines("quarantined", account["quarantined"]),
    ]
    frame = "!" * 100
    return "\n".join(map(printable, [frame, alarm, frame, *lines, frame, alarm, frame] if alarm else lines))


def write_report(path: Path, account: Mapping[str, Any], table: pd.DataFrame, images: np.ndarray) -> None:
    """Write the page: classes by split, quarantine, exclusions, duplicates, with small pictures.

    Args:
        path: The page; what it shows is inside it.
        account: The counts, as in `data.json`.
        table: The finished table.
        images: uint8 RGB (N, S, S, 3), aligned with the usable rows.
    """
    usable = table[table["status"] == USABLE]
    page = filled(
        "emolab.data",
        "report.html.jinja",
        account=account,
        alarm=alarm_text(account),
        concerns=concerns(account),
        splits=SPLITS,
        largest=max((max(counts.values()) for counts in account["splits"].values()), default=1) or 1,
        reasons={status: _examples(table, status) for status in (QUARANTINED, EXCLUDED)},
        samples=sample_strips(usable, images, account["classes"]),
        groups=cluster_strips(usable, images),
    )
    write_text(path, page)


def _reason_lines(title: str, reasons: Mapping[str, int]) -> list[str]:
    return [f"  {title}: {count} x {reason}" for reason, count in reasons.items()]


def _missing(account: Mapping[str, Any]) -> Iterator[str]:
    """A line for each split that was to have images, and has none of a class."""
    counts = account["splits"]
    empty = {split: [name for name, count in counts[split].items() if not count] for split in SPLITS}
    if empty["train"] and any(counts["train"].values()):  # without any, all is there to be judged
        yield (
            f"no training images of {', '.join(empty['train'])}: the network can never name what it isn't shown; does "
            "training have another name for it?"
        )
    for split in SPLITS[1:]:
        share = account["options"][split]
        names, why = empty[split], f"the data's own {split} split has none"
        if split not in account["official"]:
            names = [name for name in names if share > 0 and counts["train"][name]]
            few = (
                "there are too few, or what must stay together (near-duplicates, a person's photographs) is more than "
                f"data.split.{split}={share:g} of them"
            )
            why = ", or ".join([*only_training(account), few])
        if names:
            yield f"no {split} images of {', '.join(names)}: {why}"


def _examples(table: pd.DataFrame, status: str) -> list[tuple[str, int, Sequence[str]]]:
    rows = table[table["status"] == status]
    groups = rows.groupby("reason")["source"]
    return [(str(reason), len(names), list(names[:EXAMPLES])) for reason, names in groups]
