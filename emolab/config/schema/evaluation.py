"""What the configuration of `python -m emolab.evaluate` may hold."""

from typing import Annotated, Literal

from pydantic import Field

from emolab.config.schema.data import Data
from emolab.config.schema.parts import Checkpoint, Closed, Count, Paths, Resamples
from emolab.config.schema.training import Group, Logger


class Evaluate(Closed):
    """`conf/evaluate.yaml`."""

    data: Data | None = None
    logger: Logger | None = None
    paths: Paths
    ckpt: Checkpoint
    shared_classes: bool
    flip: bool
    robustness: Literal["off", "on"]
    test: bool
    batch_size: Count
    resamples: Resamples
    examples: Annotated[int, Field(ge=0, le=200)]
    trusted_modules: list[str]
    group: Group
    workers: Count | None
