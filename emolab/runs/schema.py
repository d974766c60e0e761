"""What `run.json` may hold, checked before anything of it is used: it may be damaged, or a stranger's."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, FiniteFloat, ValidationInfo, field_validator

from emolab.checked import Facts, checked
from emolab.config.schema.parts import FaceSide, Share, Temperature
from emolab.data.names import class_name
from emolab.runs.checkpoints import tag_of
from emolab.runs.layout import SUFFIXES, Status

FITTED = ("temperatures", "uncertain_below")  # to the best weights, and goes with them


def _once_and_sorted(names: list[str]) -> list[str]:
    if names != sorted({class_name(name) for name in names}):
        raise ValueError("expected names sorted by code point, each once, in Unicode's composed form")
    return names


def _named_as_ours(checkpoints: dict[str, str]) -> dict[str, str]:
    for kind in SUFFIXES.keys() & checkpoints.keys():
        tag_of(kind, checkpoints[kind])
    return checkpoints


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("expected letters that can be printed")
    return name


class _Group(Facts):
    name: str | None
    number: int | None


class _Monitor(Facts):
    name: str
    mode: str
    best: FiniteFloat | None = None
    epoch: int | None = None


class _LeftOut(Facts):
    file: str
    images: int
    sha256: str


class _Data(Facts):
    name: str
    fingerprint: str
    content: str
    grey: bool
    notice: str | None
    left_out: _LeftOut | None


class _Weights(Facts):
    requested: str | None = None
    used: str | None = None


class _Model(Facts):
    name: str
    parameters: int | None = None
    flops: int | None = None
    weights: _Weights = _Weights()


class _Teacher(Facts):
    run: str
    folder: str
    weights: str | None


class _Summary(Facts):
    test_accuracy: FiniteFloat | None = None
    diverged: bool = False  # of a failed run: its loss or weights became NaN


class _Run(Facts):
    id: Annotated[str, AfterValidator(_printable)]  # emolab's own, and told everywhere
    name: Annotated[str, AfterValidator(_printable)]
    status: Status
    hardware: dict[str, Any]
    group: _Group
    choices: dict[str, str]
    classes: Annotated[list[str], AfterValidator(_once_and_sorted)]
    image_size: FaceSide
    monitor: _Monitor
    data: _Data
    model: _Model
    seed: int
    started: str
    resumed: list[str] = Field(default_factory=list)
    command: list[str]  # the overrides that began it
    sha256: dict[str, str]
    checkpoints: Annotated[dict[str, str], AfterValidator(_named_as_ours)]
    precision: str = ""
    teachers: list[_Teacher] = Field(default_factory=list)
    temperatures: dict[str, Temperature] | None = None  # of each class; none have been fitted yet, which isn't all 1
    uncertain_below: Share | None = None
    summary: _Summary = _Summary()

    @field_validator("temperatures")
    @classmethod
    def _one_a_class(cls, known: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        if known is not None and set(known) != set(info.data.get("classes", known)):
            raise ValueError("expected a number for each class")
        return known


def check_facts(facts: Any, path: Path) -> dict[str, Any]:
    """Return `facts` if they are a run's, with the defaults of what it doesn't have yet; they are decided here alone.

    Args:
        facts: what was read, in JSON's types.
        path: where from, for the message.

    Raises:
        RunError: naming the first field that is missing, of the wrong type or out of range.
    """
    advice = "Copy the run again from where it came, or train again"
    return checked(facts, _Run, path, "a run's", advice).model_dump()
