"""What the configuration of `python -m experiments.label_noise` may hold."""

from typing import Annotated, Literal

from pydantic import Field

from emolab.config.schema.parts import Count, Name
from emolab.config.schema.training import ManyTrainings


class LabelNoise(ManyTrainings):
    """`conf/label_noise.yaml`: all that a training has, and how suspicions are found."""

    output: Name
    folds: Annotated[int, Field(ge=2, le=20)]
    rule: Literal["both", "prune_by_noise_rate", "prune_by_class", "confident_learning"]
    examples: Count
