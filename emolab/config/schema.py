"""What each verb's configuration may hold: types, ranges and choices, checked before anything slow is imported.

A node with a `_target_` may have any further argument, because it's handed to a class or function of its own;
the arguments that our own choices have are checked where they are given.
"""

from typing import Annotated, Any, Literal

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


class Limits(Closed):
    """What one file may cost."""

    pixels: Count
    bytes: Count


class Split(Closed):
    """Shares drawn where the data have no official split."""

    validation: Share
    test: Share
    seed: Seed


class Data(Closed):
    """Which photographs."""

    name: Name
    root: str | None = None
    path: str | None = None
    votes: str | None = None
    labels: Literal["majority", "soft"] | None = None
    image_size: Annotated[int, Field(ge=16, le=1024)]
    reader: Target
    limits: Limits
    split: Split
    near_duplicate_bits: Annotated[int, Field(ge=0, le=16)] | None
    notice: str | None = None


class Paths(Closed):
    """Where things are kept."""

    runs: Name
    cache: Name


class Model(Closed):
    """Which network."""

    name: Name
    backbone: Target
    weights: str | None
    dropout: Annotated[float, Field(ge=0, lt=1)]
    partial_from: Name
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]


class Augmentation(Target):
    """What the training images go through."""

    layers: list[Target] = []
    blends: list[Target] = []
    blend_probability: Share = 1.0


class FineTune(Closed):
    """Which layers learn."""

    name: Literal["full", "partial"]


class Loss(Target):
    """What is minimised."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    balance: Share = 0.0
    gamma: NotNegative = 0.0
    tau: NotNegative = 0.0


class Optimizer(Target):
    """How the weights follow the gradients."""

    learning_rate: Positive = 0.001
    weight_decay: NotNegative | None = None
    momentum: Share = 0.0
    global_clipnorm: Positive | None = None
    use_ema: bool = False
    ema_momentum: Share = 0.999


class Schedule(Target):
    """How the learning rate changes."""

    warmup: Share = 0.0
    final: Share = 0.0


class Trainer(Closed):
    """How long, on what."""

    epochs: Count
    batch_size: Count
    train_images: Count | None
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
    accumulate: Annotated[int, Field(ge=2)] | None
    strategy: Target | None
    deterministic: bool
    jit_compile: bool
    monitor: Name
    mode: Literal["max", "min"]
    validate_every: Count
    save_every_minutes: NotNegative
    evaluation_batch_size: Count


class Train(Closed):
    """`conf/train.yaml`."""

    data: Data
    model: Model
    aug: Augmentation
    finetune: FineTune
    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    callbacks: dict[str, Target]
    logger: Target
    trainer: Trainer
    paths: Paths
    name: Name
    seed: Seed
    workers: Count | None
    resume: str | None
    evaluate: bool


class Prepare(Closed):
    """`conf/prepare.yaml`."""

    data: Data
    paths: Paths
    workers: Count | None


class Checkpoint(Closed):
    """Which run."""

    run: Name
    where: dict[str, Any]


class Evaluate(Closed):
    """`conf/evaluate.yaml`."""

    data: Data | None = None
    paths: Paths
    ckpt: Checkpoint
    shared_classes: bool
    flip: bool
    robustness: Literal["off", "on"]
    batch_size: Count
    resamples: Annotated[int, Field(ge=100)]
    examples: Annotated[int, Field(ge=0, le=200)]
    trusted_modules: list[str]
    workers: Count | None


SCHEMAS: dict[str, type[BaseModel]] = {"train": Train, "prepare": Prepare, "evaluate": Evaluate}
