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


class Group(Facts):
    """The grid or sweep that a run belongs to, and its number in it; None: to none."""

    name: str | None
    number: int | None


class Monitor(Facts):
    """What decides which weights are the best.

    Attributes:
        name: of the metric, such as "val_accuracy".
        mode: "max" or "min", which of its values are good.
        best: its value so far, in the metric's unit; None: no epoch has ended.
        epoch: of the best value, from 0.
    """

    name: str
    mode: str
    best: FiniteFloat | None = None
    epoch: int | None = None


class LeftOut(Facts):
    """The list of the training images that a run left out: its file, how many they are, the list's digest."""

    file: str
    images: int
    sha256: str


class Data(Facts):
    """What a run learned from.

    Attributes:
        name: such as "fer2013".
        fingerprint: of what they were prepared from, and how (`emolab.runs.sameness`).
        content: digest of images, labels and splits.
        grey: whether all of them are grey.
        notice: what they say of whatever learned from them; None: nothing.
        left_out: None: it learned from all.
    """

    name: str
    fingerprint: str
    content: str
    grey: bool
    notice: str | None
    left_out: LeftOut | None


class Weights(Facts):
    """The first weights: what was asked for, and what that meant."""

    requested: str | None = None
    used: str | None = None


class Model(Facts):
    """The network: its name, how many weights it has, the floating-point operations of a face."""

    name: str
    parameters: int | None = None
    flops: int | None = None
    weights: Weights = Weights()


class Teacher(Facts):
    """A run that another learned from: its id, its folder then, the digest of its best weights."""

    run: str
    folder: str
    weights: str | None


class Ancestor(Facts):
    """A run through which another one knows images: its id, and what it learned from."""

    run: str
    data: Data


class Summary(Facts):
    """How a run ended.

    Attributes:
        test_accuracy: 0 to 1; None: it wasn't tested.
        diverged: of a failed run: its loss or weights became NaN.
    """

    test_accuracy: FiniteFloat | None = None
    diverged: bool = False


class RunFacts(Facts):
    """`run.json`.

    Attributes:
        id: such as "20261124-101500-k3f9".
        name: the name it was given; many runs may share it.
        status: as it was written; see `RunRecord.status`.
        process: who writes it (`emolab.runs.writer`, which takes any value).
        hardware: of the machine it was begun on.
        group: the grid or sweep it belongs to.
        choices: group of the configuration -> what was chosen of it.
        classes: in the order of the network's outputs, sorted by code point.
        image_size: of a face's side, in pixels.
        monitor: what decides which weights are the best.
        data: what it learned from.
        model: the network.
        seed: of all that is random.
        started: UTC, ISO 8601.
        resumed: when it was taken up again, each time.
        command: the overrides that began it.
        sha256: file in its folder -> digest.
        checkpoints: "best" and "last" -> file in its folder.
        precision: that it was computed in, such as "float32"; empty: unknown.
        teachers: the runs that it learned from.
        ancestors: these, the run that its first weights are of, and the ancestors of each.
        temperatures: of each class; None: none have been fitted yet, which isn't all 1.
        uncertain_below: calibrated confidence below which a face is better left unnamed, 0 to 1.
        summary: how it ended.
    """

    id: Annotated[str, AfterValidator(_printable)]  # emolab's own, and told everywhere
    name: Annotated[str, AfterValidator(_printable)]
    status: Status
    process: Any = None
    hardware: dict[str, Any]
    group: Group
    choices: dict[str, str]
    classes: Annotated[list[str], AfterValidator(_once_and_sorted)]
    image_size: FaceSide
    monitor: Monitor
    data: Data
    model: Model
    seed: int
    started: str
    resumed: list[str] = Field(default_factory=list)
    command: list[str]
    sha256: dict[str, str]
    checkpoints: Annotated[dict[str, str], AfterValidator(_named_as_ours)]
    precision: str = ""
    teachers: list[Teacher] = Field(default_factory=list)
    ancestors: list[Ancestor] = Field(default_factory=list)
    temperatures: dict[str, Temperature] | None = None
    uncertain_below: Share | None = None
    summary: Summary = Summary()

    @field_validator("temperatures")
    @classmethod
    def _one_a_class(cls, known: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        if known is not None and set(known) != set(info.data.get("classes", known)):
            raise ValueError("expected a number for each class")
        return known


def check_facts(facts: Any, path: Path) -> RunFacts:
    """Return `facts` if they are a run's, with the defaults of what it doesn't have yet; they are decided here alone.

    Args:
        facts: what was read, in JSON's types.
        path: where from, for the message.

    Raises:
        RunError: naming the first field that is missing, of the wrong type or out of range.
    """
    advice = "Copy the run again from where it came, or train again"
    return checked(facts, RunFacts, path, "a run's", advice)
