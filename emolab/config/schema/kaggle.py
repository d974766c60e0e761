"""What the configuration of `python -m realtime.kaggle` may hold."""

from typing import Annotated, Any, Literal

from pydantic import Field

from emolab.config.schema.data import Data
from emolab.config.schema.parts import EACH_ONCE, Closed, Count, Name, Paths


class Checkpoints(Closed):
    """Which run, or which runs."""

    run: Name | Annotated[list[Name], Field(min_length=1), EACH_ONCE]
    where: dict[str, Any]


class Kaggle(Closed):
    """`conf/kaggle.yaml`."""

    data: Data
    paths: Paths
    ckpt: Checkpoints
    output: Annotated[str, Field(pattern=r"\.csv$")]
    recogniser: Literal["selected", "network"] | Annotated[str, Field(pattern=r"^[\w-]+$")]
    failed_gates: bool
    trusted_modules: list[str]
    threads: Count | None
    flip: bool
    batch_size: Count
    workers: Count | None
    unreadable: Literal["refuse", "most_frequent"]
    compare: Name | None
    submit: bool
    competition: Name | None
    message: str | None
