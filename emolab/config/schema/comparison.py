"""What the configuration of `python -m experiments.compare` may hold."""

from typing import Annotated, Any, Literal

from pydantic import Field

from emolab.config.schema.parts import Closed, Name, Paths

Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}")]


class Compare(Closed):
    """`conf/compare.yaml`."""

    paths: Paths
    runs: list[Name]
    where: dict[str, Any]
    since: Date | None
    until: Date | None
    split: Literal["validation", "test"]
    flip: bool
    ensemble: bool
    resamples: Annotated[int, Field(ge=100)]
    output: Name
