"""What the configuration of `python -m emolab.train` may hold."""

from typing import Annotated, Literal

from pydantic import Field

from emolab.config.schema.data import Data
from emolab.config.schema.parts import Closed, Count, Name, NotNegative, Paths, Positive, Seed, Share, Target


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

    layers: list[Target] = Field(default_factory=list)
    blends: list[Target] = Field(default_factory=list)
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


class Distillation(Closed):
    """How much is learned from a teacher."""

    weight: Share
    temperature: Annotated[float, Field(ge=1)]


class Group(Closed):
    """Which grid, sweep or experiment a run belongs to."""

    name: Name | None
    number: Annotated[int, Field(ge=0)] | None


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
    group: Group
    seed: Seed
    workers: Count | None
    resume: str | None
    teacher: str | None
    distillation: Distillation
    evaluate: bool
