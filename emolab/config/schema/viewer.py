"""What the configuration of `python -m realtime.viewer` may hold."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from emolab.config.schema.parts import Checkpoint, Closed, Count, Name, NotNegative, Paths, Positive, Share, Target

Pixels = Annotated[int, Field(ge=16, le=16_384)]


class Detector(Target):
    """How faces are found."""

    path: str | None = None
    longer_side: Annotated[int, Field(ge=64, le=4096)] = 480
    score: Share = 0.6
    neighbours: Count = 3
    crop_scale: Annotated[float, Field(ge=0.5, le=3)]
    download_seconds: Positive = 10.0


class Source(Target):
    """Where frames come from."""

    path: Name | None = None
    index: Annotated[int, Field(ge=0)] = 0
    width: Pixels = 640
    height: Pixels = 480
    rate: Positive = 30.0
    loop: bool = False
    seconds: Positive = 1.0
    frames: Count | None = None


class Display(Target):
    """Where faces are shown."""

    path: Name | None = None
    mirror: bool = True
    bars: bool = False
    host: Name = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8770
    token: Annotated[str, Field(min_length=16, pattern=r"^[A-Za-z0-9_~.-]+$")] | None = None
    names: list[Name] = Field(default_factory=list)
    connections: Count = 4
    message_bytes: Annotated[int, Field(ge=10_000)] = 1_000_000
    frame_pixels: Annotated[int, Field(ge=10_000)] = 2_100_000
    rate: Count = 60


class Smoothing(Closed):
    """How probabilities become labels that don't flicker."""

    time_constant: NotNegative
    threshold: Share | None
    hysteresis: Share

    @model_validator(mode="after")
    def _below(self) -> Self:
        if self.threshold is not None and self.hysteresis > self.threshold:
            raise ValueError(f"hysteresis {self.hysteresis} must not be above threshold {self.threshold}")
        return self


class Tracking(Closed):
    """How faces keep their identity."""

    overlap: Share
    forget_after: Positive
    detect_every: NotNegative
    max_faces: Annotated[int, Field(ge=1, le=100)]


class Viewer(Closed):
    """`conf/viewer.yaml`."""

    source: Source
    detector: Detector
    display: Display
    paths: Paths
    ckpt: Checkpoint
    recogniser: Literal["auto", "selected", "network"] | Annotated[str, Field(pattern=r"^[\w-]+$")]
    failed_gates: bool
    trusted_modules: list[str]
    threads: Count | None
    budget_ms: Positive
    frames: Count | None
    seconds: Positive | None
    smoothing: Smoothing
    tracking: Tracking
