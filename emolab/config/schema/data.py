"""What the configuration of the data, and of `python -m emolab.prepare`, may hold."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from emolab.config.schema.parts import ABSENT, Closed, Count, FaceSide, Name, Paths, Seed, Share, Target


def _not_empty(path: Any) -> Any:
    if path is None or path == "":  # which would be the folder that the command is given in
        raise ValueError("it's empty; is the shell variable set?")
    return path


Place = Annotated[str, BeforeValidator(_not_empty)]


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
    root: Place = ABSENT
    path: Place = ABSENT
    votes: Place = ABSENT
    labels: Literal["majority", "soft"] | None = ABSENT
    image_size: FaceSide
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
