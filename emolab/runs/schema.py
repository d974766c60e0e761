"""What `run.json` may hold, checked before anything of it is used: it may be damaged, older, or a stranger's."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, FiniteFloat, ValidationInfo, field_validator

from emolab.checked import Facts, checked
from emolab.config.schema.parts import FaceSide, Share, Temperature
from emolab.data.names import class_name
from emolab.runs.checkpoints import tag_of
from emolab.runs.layout import SUFFIXES, Status

# What is fitted to the best weights, and goes with them; "temperature" is an older emolab's, of all classes.
FITTED = ("temperatures", "uncertain_below", "temperature")


def _once_and_sorted(names: list[str]) -> list[str]:
    if names != sorted(set(names)) or len({class_name(name) for name in names}) < len(names):
        raise ValueError("expected names sorted by code point, each once")
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
    number: int | None
    name: str | None = None


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
    content: str = ""
    grey: bool = False
    notice: str | None = None
    left_out: _LeftOut | None = None


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
    group: _Group = _Group(number=None)
    choices: dict[str, str] = Field(default_factory=dict)
    classes: Annotated[list[str], AfterValidator(_once_and_sorted)]
    image_size: FaceSide
    monitor: _Monitor
    data: _Data
    model: _Model
    seed: int
    started: str
    resumed: list[str] = Field(default_factory=list)
    command: list[str] = Field(default_factory=list)  # the overrides that began it
    sha256: dict[str, str]
    checkpoints: Annotated[dict[str, str], AfterValidator(_named_as_ours)]
    precision: str = ""
    teachers: list[_Teacher] = Field(default_factory=list)
    temperatures: dict[str, Temperature] | None = None  # of each class; none have been fitted yet, which isn't all 1
    temperature: Temperature | None = None  # an older emolab's, one for all classes
    uncertain_below: Share | None = None
    summary: _Summary = _Summary()

    @field_validator("temperatures")
    @classmethod
    def _one_a_class(cls, known: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        if known is not None and set(known) != {class_name(name) for name in info.data.get("classes", known)}:
            raise ValueError("expected a number for each class")
        return known


def check_facts(facts: Any, path: Path) -> dict[str, Any]:
    """Return `facts` if they are a run's, with the defaults of all that it lacks; they are decided here alone.

    Args:
        facts: what was read, in JSON's types.
        path: where from, for the message.

    Raises:
        RunError: naming the first field that is missing, of the wrong type or out of range.
    """
    known = _as_of_today(facts, path) if isinstance(facts, dict) else facts
    run = checked(known, _Run, path, "a run's", "Copy the run again from where it came, or train again")
    found = run.model_dump()
    before = found.pop("temperature")
    if before is not None:  # beside those of the classes, in whose place they'd be, it's the later one
        found["temperatures"] = {class_name(name): before for name in found["classes"]}
    return found


def _as_of_today(facts: dict[str, Any], path: Path) -> dict[str, Any]:
    """What an older emolab wrote otherwise: its folder alone had the name, and there was one teacher at most."""
    known = {"name": path.parent.parent.name, **facts}
    teacher = known.pop("teacher", None)
    for field, value in (("teachers", [] if teacher is None else [teacher]), ("choices", {})):
        if known.get(field) is None:
            known[field] = value
    return known
