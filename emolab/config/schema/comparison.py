"""What the configuration of `python -m experiments.compare` may hold."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator

from emolab.config.schema.parts import EACH_ONCE, Closed, JudgedSplit, Name, Paths, Resamples


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError(f"expected a day such as 2026-11-24 ({error})") from error
    if day != text:  # it is compared as text
        raise ValueError(f"write the day as {day}")
    return text


Date = Annotated[str, AfterValidator(_day)]


class Compare(Closed):
    """`conf/compare.yaml`."""

    paths: Paths
    runs: Annotated[list[Name], EACH_ONCE]
    where: dict[str, Any]
    since: Date | None
    until: Date | None
    split: JudgedSplit
    flip: bool
    ensemble: bool
    resamples: Resamples
    output: Name
