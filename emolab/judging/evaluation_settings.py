"""The settings of an evaluation, for the verb and for the end of a training."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from omegaconf import DictConfig


@dataclass(frozen=True)
class EvaluationSettings:
    """How a run is evaluated. Nothing has a default here: `conf/evaluate.yaml` alone holds them.

    Attributes:
        shared_classes: judge only the classes that run and data both have, on the images of these; else all must be
            the same.
        flip: also average each image with its mirror image. False: where the run's report on these data has what was
            said about the mirror images, and the predictions are still the same, they are averaged all the same.
        robustness: "on": also measure the accuracy on damaged validation images (see `emolab.judging.robustness`);
            "off": what the report has of it stays, if the predictions are still the same.
        test: False leaves the test images unopened, for whoever chooses by looking at reports.
        batch_size: images at a time.
        resamples: of the bootstrap behind each interval.
        examples: pictures in each gallery; 0: none.
        trusted_modules: modules of the user's own that the run may name.
    """

    shared_classes: bool
    flip: bool
    robustness: Literal["off", "on"]
    test: bool
    batch_size: int
    resamples: int
    examples: int
    trusted_modules: Sequence[str]

    @classmethod
    def of(cls, cfg: DictConfig) -> "EvaluationSettings":
        """Return what `conf/evaluate.yaml`, composed, says."""
        return cls(**{field.name: cfg[field.name] for field in fields(cls)})
