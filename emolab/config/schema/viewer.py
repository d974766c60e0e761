"""What the configuration of `python -m realtime.viewer` may hold."""

from typing import Annotated

from pydantic import Field

from emolab.config.schema.parts import (
    ABSENT,
    Checkpoint,
    Closed,
    Count,
    Name,
    NotNegative,
    Paths,
    Positive,
    Recogniser,
    Share,
    Target,
)

FrameSide = Annotated[int, Field(ge=16, le=16_384)]


class Detector(Target):
    """How faces are found."""

    path: str | None = ABSENT
    longer_side: Annotated[int, Field(ge=64, le=4096)] = ABSENT
    score: Share = ABSENT
    neighbours: Count = ABSENT
    crop_scale: Annotated[float, Field(ge=0.5, le=3)]
    download_seconds: Positive = ABSENT


class Source(Target):
    """Where frames come from."""

    path: Name | None = ABSENT
    index: Annotated[int, Field(ge=0)] = ABSENT
    width: FrameSide = ABSENT
    height: FrameSide = ABSENT
    rate: Positive = ABSENT
    loop: bool = ABSENT
    seconds: Positive = ABSENT
    frames: Count | None = ABSENT


class Display(Target):
    """Where faces are shown."""

    path: Name | None = ABSENT
    mirror: bool | None = ABSENT
    bars: bool = ABSENT
    host: Name = ABSENT
    port: Annotated[int, Field(ge=0, le=65_535)] = ABSENT
    token: Annotated[str, Field(min_length=16, pattern=r"^[A-Za-z0-9_~.-]+$")] | None = ABSENT
    names: list[Name] = ABSENT
    connections: Count = ABSENT
    message_bytes: Annotated[int, Field(ge=10_000)] = ABSENT
    frame_pixels: Annotated[int, Field(ge=10_000)] = ABSENT
    rate: Count = ABSENT


class Smoothing(Closed):
    """How probabilities become labels that don't flicker."""

    time_constant: NotNegative
    threshold: Share | None
    hysteresis: Share


class Tracking(Closed):
    """How faces keep their identity."""

    overlap: Share
    forget_after: Positive
    detect_every: NotNegative
    max_faces: Annotated[int, Field(ge=1, le=100)] | None


class Viewer(Closed):
    """`conf/viewer.yaml`."""

    source: Source
    detector: Detector
    display: Display
    paths: Paths
    ckpt: Checkpoint
    recogniser: Recogniser
    failed_gates: bool
    trusted_modules: list[str]
    threads: Count | None
    budget_ms: Positive
    frames: Count | None
    seconds: Positive | None
    smoothing: Smoothing
    tracking: Tracking
