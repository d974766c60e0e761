"""What the configuration of `python -m emolab.export` may hold."""

from typing import Annotated, Any, Literal

from pydantic import Field

from emolab.config.schema.data import Data
from emolab.config.schema.parts import Checkpoint, Closed, Count, Name, Paths, Positive, Resamples
from emolab.config.schema.training import Group, Logger

Precision = Literal["fp32", "fp16", "bf16", "int8"]


class EngineKind(Closed):
    """One engine: what is built of it, and with which options."""

    precisions: Annotated[list[Precision], Field(min_length=1)]
    options: dict[str, Any]


class Engine(Closed):
    """Which engines; `emolab.engines.registry` knows those there are."""

    name: Name
    backends: dict[Name, EngineKind]


class Latency(Closed):
    """How much is timed."""

    calls: Annotated[int, Field(ge=200)]  # the gate and the choice follow their percentiles
    warm_up: Count
    block: Count
    settle: Annotated[int, Field(ge=0)]
    batches: Annotated[list[Count], Field(min_length=1)]
    rounds: Count


class Export(Closed):
    """`conf/export.yaml`."""

    engine: Engine
    data: Data | None = None
    logger: Logger | None = None
    paths: Paths
    ckpt: Checkpoint
    precision: Precision | None
    budget_ms: Positive
    threads: Count | None
    calibration_images: Count
    latency: Latency
    batch_size: Count
    resamples: Resamples
    trusted_modules: list[str]
    group: Group
    workers: Count | None
