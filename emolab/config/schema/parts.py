"""The types that every verb's schema is made of.

A node with a `_target_` may have any further argument, because it's handed to a class or function of its own;
the arguments that our own choices have are checked where they are given.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Name = Annotated[str, Field(min_length=1)]


class Closed(BaseModel):
    """A node whose keys are all listed here."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Target(BaseModel):
    """A node that is built by `_target_`."""

    model_config = ConfigDict(extra="allow", strict=True)

    target: str = Field(alias="_target_")


class Paths(Closed):
    """Where things are kept."""

    runs: Name
    cache: Name
    grids: Name


class Checkpoint(Closed):
    """Which run."""

    run: Name
    where: dict[str, Any]
