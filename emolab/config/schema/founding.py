"""What the configuration of `python -m experiments.founding` may hold."""

from typing import Annotated

from pydantic import Field

from emolab.config.schema.parts import EACH_ONCE, JudgedSplit, Name, Resamples, Seeds
from emolab.config.schema.training import ManyTrainings

Choices = Annotated[list[Name], Field(min_length=1), EACH_ONCE]


class Founding(ManyTrainings):
    """`conf/founding.yaml`: all that a training has, and what is varied."""

    output: Name
    models: Choices
    augmentations: Choices
    finetunings: Choices
    seeds: Seeds
    recipes: dict[str, list[str]] | None
    split: JudgedSplit
    resamples: Resamples
