"""What the configuration of `python -m experiments.label_noise` may hold."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from emolab.config.schema.parts import Count, Name
from emolab.config.schema.training import ManyTrainings, Trainer


class LabelNoise(ManyTrainings):
    """`conf/label_noise.yaml`: all that a training has, and how suspicions are found."""

    output: Name
    folds: Annotated[int, Field(ge=2, le=20)]
    rule: Literal["both", "prune_by_noise_rate", "prune_by_class", "confident_learning"]
    examples: Count

    @field_validator("trainer")
    @classmethod
    def _leaves_out_its_own(cls, trainer: Trainer) -> Trainer:
        if trainer.leave_out is not None:
            raise ValueError("every training leaves out a part of its own: without trainer.leave_out")
        return trainer
