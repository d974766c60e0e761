"""What the configuration of `python -m emolab.train` may hold."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from emolab.config.schema.data import Data
from emolab.config.schema.parts import (
    ABSENT,
    EACH_ONCE,
    Closed,
    Count,
    FolderName,
    Name,
    NotNegative,
    Paths,
    Positive,
    Seed,
    Share,
    Target,
    Text,
    checked_as,
)

WANDB = "emolab.tracking.Wandb"  # conf/logger/wandb.yaml; loggers of the user's own have limits of their own


class CustomCnn(Target):
    """Our own network's layers."""

    stem: Count = ABSENT
    widths: list[Count] = ABSENT
    depths: list[Count] = ABSENT


Backbone = Annotated[Target, checked_as(CustomCnn, "emolab.")]


class Model(Closed):
    """Which network."""

    name: Name
    backbone: Backbone
    weights: str | None
    dropout: Annotated[float, Field(ge=0, lt=1)]
    partial_from: Name
    adamw_learning_rate: Positive
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]


class KnownLayer(Target):
    """A layer that training images go through."""

    rate: Share = ABSENT


Layer = Annotated[Target, checked_as(KnownLayer, "emolab.", "keras.", "keras_cv.")]


class Augmentation(Target):
    """What the training images go through."""

    layers: dict[str, Layer] = ABSENT
    camera: dict[str, Layer] = ABSENT
    blends: dict[str, Layer] = ABSENT
    blend_probability: Share = ABSENT


class FineTune(Closed):
    """Which layers learn."""

    name: Literal["full", "partial"]


class Loss(Target):
    """What is minimised."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = ABSENT
    balance: Share = ABSENT
    gamma: NotNegative = ABSENT
    tau: NotNegative = ABSENT


class Optimizer(Target):
    """How the weights follow the gradients."""

    learning_rate: Positive = ABSENT
    weight_decay: NotNegative | None = ABSENT
    momentum: Share = ABSENT
    global_clipnorm: Positive | None = ABSENT


class Schedule(Target):
    """How the learning rate changes."""

    warmup: Share = ABSENT
    final: Share = ABSENT


class KnownCallback(Target):
    """What is done beside the training."""

    patience: Annotated[int, Field(ge=0)] = ABSENT


Callback = Annotated[Target, checked_as(KnownCallback, "emolab.", "keras.")]


def _project(name: str) -> str:
    if not 0 < len(name) <= 128 or set(name) & set("/\\#?%:"):
        raise ValueError("W&B takes 1 to 128 characters, none of them / \\ # ? % or :")
    return name


def _tag(tag: str) -> str:
    if not 0 < len(tag) <= 64:
        raise ValueError(f"W&B takes tags of 1 to 64 characters, and {tag!r} has {len(tag)}")
    return tag


class Wandb(Closed):
    """W&B as the logger."""

    target: str = Field(alias="_target_")
    project: Annotated[Text, AfterValidator(_project)] = ABSENT
    entity: Text | None = ABSENT
    group: Text | None = ABSENT
    tags: list[Annotated[Text, AfterValidator(_tag)]] | None = ABSENT
    mode: Literal["auto", "offline"] = ABSENT
    log_model: bool = ABSENT
    connect_seconds: NotNegative = ABSENT
    wait_seconds: NotNegative = ABSENT
    upload_seconds: NotNegative = ABSENT


Logger = Annotated[Target, checked_as(Wandb, WANDB)]


class Trainer(Closed):
    """How long, on what.

    The metrics are those of `EmotionModule`, the module that this verb trains; `emolab.training.trainer.Trainer`
    asks any other module for its own.
    """

    epochs: Count
    batch_size: Count
    train_images: Count | None
    leave_out: Name | None
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
    averaging: Share | None
    accumulate: Annotated[int, Field(ge=2)] | None
    strategy: Target | None
    deterministic: bool
    monitor: Literal["val_accuracy", "val_balanced_accuracy", "val_macro_f1", "val_loss"]
    mode: Literal["max", "min"]
    validate_every: Count
    save_every_minutes: NotNegative
    evaluation_batch_size: Count

    @field_validator("strategy")
    @classmethod
    def _not_accumulating(cls, strategy: Target | None, info: ValidationInfo) -> Target | None:
        if strategy is not None and info.data.get("accumulate") is not None:
            raise ValueError("doesn't go with trainer.accumulate; a larger trainer.batch_size is shared among devices")
        return strategy

    @field_validator("mode")
    @classmethod
    def _better_is_better(cls, mode: str, info: ValidationInfo) -> str:
        monitor = info.data.get("monitor")  # missing where it was refused itself
        right = "min" if monitor == "val_loss" else "max"
        if monitor is not None and mode != right:
            raise ValueError(f"would keep the worst weights by {monitor}: add trainer.mode={right}")
        return mode


class Distillation(Closed):
    """How much is learned from teachers."""

    weight: Share
    temperature: Annotated[float, Field(ge=1, allow_inf_nan=False)]


class Group(Closed):
    """Which grid, sweep or experiment a run belongs to."""

    name: Name | None
    number: Annotated[int, Field(ge=0)] | None


def _names_a_run(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise ValueError("expected the id or the folder of a run, or last")
    return value


def _names_teachers(value: Any) -> Any:
    if value == []:
        raise ValueError("name the runs to learn from: teacher=<run>, or teacher=[<run>,<other>]")
    return value


class Train(Closed):
    """`conf/train.yaml`."""

    data: Data
    model: Model
    aug: Augmentation
    finetune: FineTune
    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    callbacks: dict[str, Callback]
    logger: Logger
    trainer: Trainer
    paths: Paths
    name: FolderName
    group: Group
    seed: Seed
    workers: Count | None
    resume: Annotated[str | None, BeforeValidator(_names_a_run)]
    teacher: Annotated[str | Annotated[list[str], EACH_ONCE] | None, BeforeValidator(_names_teachers)]
    distillation: Distillation
    evaluate: bool | Literal["validation"]


class ManyTrainings(Train):
    """What starts many trainings: all that one has, but no `resume`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$")]  # of folders

    @field_validator("resume")
    @classmethod
    def _resumes_itself(cls, resume: str | None) -> str | None:
        if resume is not None:
            raise ValueError("the experiment goes on by itself: give the same command without resume")
        return resume
