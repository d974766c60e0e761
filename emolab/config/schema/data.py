"""What the configuration of the data, and of `python -m emolab.prepare`, may hold."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from emolab.config.schema.parts import ABSENT, Closed, Count, FaceSide, FolderName, Paths, Seed, Share, Target


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

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.validation + self.test > 1:
            raise ValueError("expected a sum of at most 1 for validation and test")
        return self


class Data(Closed):
    """Which photographs."""

    name: FolderName  # the prepared folder begins with it
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
