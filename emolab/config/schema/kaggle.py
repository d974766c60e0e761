"""What the configuration of `python -m realtime.kaggle` may hold."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from emolab.config.schema.data import Data
from emolab.config.schema.parts import EACH_ONCE, Closed, Count, Name, Paths, Recogniser


def _table(path: str) -> str:
    if not path.endswith(".csv"):
        raise ValueError(f"expected a file that ends in .csv, such as {path.rstrip('/')}/submission.csv")
    return path


class RunOrRuns(Closed):
    """Which run, or which runs."""

    run: Name | Annotated[list[Name], Field(min_length=1), EACH_ONCE]
    where: dict[str, Any]


class Kaggle(Closed):
    """`conf/kaggle.yaml`."""

    data: Data
    paths: Paths
    ckpt: RunOrRuns
    output: Annotated[str, AfterValidator(_table)]
    recogniser: Recogniser
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
