"""What the configuration of `python -m experiments.levers` may hold."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from emolab.config.schema.parts import EACH_ONCE, Name, Resamples, Seeds
from emolab.config.schema.training import ManyTrainings


class Levers(ManyTrainings):
    """`conf/levers.yaml`: all that a training has, and what is changed, one at a time."""

    output: Name
    levers: Annotated[dict[Name, Annotated[list[Name], Field(min_length=1)]], Field(min_length=1)]
    only: Annotated[list[Name], Field(min_length=1), EACH_ONCE] | None
    seeds: Seeds
    resamples: Resamples

    @field_validator("levers")
    @classmethod
    def _baseline_is_taken(cls, levers: dict[str, list[str]]) -> dict[str, list[str]]:
        if "baseline" in levers:
            raise ValueError("baseline is what the levers are compared with: call the lever something else")
        return levers

    @field_validator("only")
    @classmethod
    def _are_levers(cls, only: list[str] | None, info: ValidationInfo) -> list[str] | None:
        unknown = sorted(set(only or ()) - set(info.data.get("levers", only or ())))
        if unknown:
            raise ValueError(f"no levers: {', '.join(unknown)}. There are: {', '.join(info.data['levers'])}")
        return only
