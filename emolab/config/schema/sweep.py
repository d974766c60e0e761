"""What the configuration of `python -m experiments.sweep` may hold."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from emolab.config.schema.parts import ABSENT, EACH_ONCE, Closed, Count, Name, Positive, Share, Target
from emolab.config.schema.training import ManyTrainings

Value = str | int | float | bool | None


class Dimension(Closed):
    """One parameter of the search: choices, or a range of numbers; whole numbers where both ends are."""

    key: Name
    choices: Annotated[list[Value], Field(min_length=1)] | None = None
    low: int | float | None = None
    high: int | float | None = None
    step: Positive | None = None
    log: bool = False
    when: dict[str, Value | list[Value]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _choices_or_range(self) -> "Dimension":
        if (self.choices is None) == (self.low is None or self.high is None):
            raise ValueError("a parameter has either choices, or low and high")
        if self.low is not None and self.high is not None:
            if self.low >= self.high or (self.log and self.low <= 0):
                raise ValueError("low has to be below high, and above 0 where log is true")
            if self.log and self.step is not None:
                raise ValueError("a logarithmic range has no step")
            if isinstance(self.low, int) and isinstance(self.high, int) and (self.step or 1) % 1:
                raise ValueError(f"step={self.step} leaves whole numbers: write low: {self.low}.0 for fractions")
        return self


class Search(Closed):
    """What is searched, for which objectives."""

    objectives: Annotated[
        list[Literal["validation", "latency_ms", "parameters", "flops"]], Field(min_length=1), EACH_ONCE
    ]
    space: Annotated[dict[str, Dimension], Field(min_length=1)]


class Pruner(Target):
    """Which trials are ended early. A share of the epochs is no number of them."""

    warm_up: Share = ABSENT


class Sweep(ManyTrainings):
    """`conf/sweep.yaml`: all that a training has, and the search."""

    search: Search
    sampler: Target
    pruner: Pruner
    output: Name
    storage: str | None
    n_trials: Count
    workers: Count
    worker: Annotated[int, Field(ge=0)]
    heartbeat_seconds: Count
    retries: Annotated[int, Field(ge=0)]

    @field_validator("pruner")
    @classmethod
    def _prunes_by_its_objective(cls, pruner: Pruner, info: ValidationInfo) -> Pruner:
        search: Any = info.data.get("search")
        prunes = not pruner.target.endswith(".NopPruner")
        if search is not None and search.objectives != ["validation"] and prunes:
            raise ValueError("trials are pruned by their validations, and only for that one objective: pruner=none")
        return pruner
