"""What the configuration of the data, and of `python -m emolab.prepare`, may hold."""

from typing import Annotated, Literal

from pydantic import Field

from emolab.config.schema.parts import ABSENT, Closed, Count, Name, Paths, Seed, Share, Target


class Limits(Closed):
    """What one file may cost."""

    pixels: Annotated[int, Field(ge=1, le=178_956_970)]  # what Pillow itself refuses to decode
    bytes: Count


class Split(Closed):
    """Shares drawn where the data have no official split."""

    validation: Share
    test: Share
    seed: Seed


class Data(Closed):
    """Which photographs."""

    name: Name
    root: str | None = ABSENT
    path: str | None = ABSENT
    votes: str | None = ABSENT
    labels: Literal["majority", "soft"] | None = ABSENT
    image_size: Annotated[int, Field(ge=16, le=1024)]
    reader: Target
    limits: Limits
    split: Split
    near_duplicate_bits: Annotated[int, Field(ge=0, le=16)] | None
    notice: str | None = ABSENT


class Prepare(Closed):
    """`conf/prepare.yaml`."""

    data: Data
    paths: Paths
    workers: Count | None
