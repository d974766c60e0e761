"""What the configuration of `python -m experiments.founding` may hold."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from emolab.config.schema.parts import Name, Seed
from emolab.config.schema.training import Train

Choices = Annotated[list[Name], Field(min_length=1)]


class Founding(Train):
    """`conf/founding.yaml`: all that a training has, and what is varied."""

    output: Name
    models: Choices
    augmentations: Choices
    finetunings: Choices
    seeds: Annotated[list[Seed], Field(min_length=1)]
    recipes: dict[str, list[str]]
    split: Literal["validation", "test"]
    resamples: Annotated[int, Field(ge=100)]

    @field_validator("resume")
    @classmethod
    def _resumes_itself(cls, resume: str | None) -> str | None:
        if resume is not None:
            raise ValueError("the experiment goes on by itself: give the same command without resume")
        return resume
