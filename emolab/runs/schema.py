"""What `run.json` may hold, checked before anything of it is used: it may be damaged, older, or a stranger's."""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, FiniteFloat, ValidationError

from emolab.config.schema.parts import Positive, Share
from emolab.errors import RunError
from emolab.runs.checkpoints import tag_of
from emolab.runs.layout import Status

_EXPECTED = {
    "string_type": "text", "int_type": "a whole number", "float_type": "a number", "bool_type": "true or false",
    "list_type": "a list", "dict_type": "fields", "model_type": "fields", "finite_number": "a finite number",
}  # fmt: skip


def _once_and_sorted(names: list[str]) -> list[str]:
    if names != sorted(set(names)):
        raise ValueError("expected names sorted by code point, each once")
    return names


def _pixels(size: int) -> int:
    if not 16 <= size <= 1024:
        raise ValueError("expected 16 to 1024 pixels")
    return size


def _last_has_its_step(checkpoints: dict[str, str]) -> dict[str, str]:
    if "last" in checkpoints:
        tag_of(checkpoints["last"])
    return checkpoints


class _Part(BaseModel):
    """Fields that are read; more may stand beside them. A default is a field that an older run lacks."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Group(_Part):
    number: int | None
    name: str | None = None


class _Monitor(_Part):
    name: str
    mode: str
    best: FiniteFloat | None = None
    epoch: int | None = None


class _LeftOut(_Part):
    file: str
    images: int
    sha256: str


class _Data(_Part):
    name: str
    fingerprint: str
    content: str = ""
    grey: bool = False
    notice: str | None = None
    left_out: _LeftOut | None = None


class _Weights(_Part):
    requested: str | None = None
    used: str | None = None


class _Model(_Part):
    name: str
    parameters: int | None = None
    flops: int | None = None
    weights: _Weights = _Weights()


class _Teacher(_Part):
    run: str
    folder: str
    weights: str | None


class _Summary(_Part):
    test_accuracy: FiniteFloat | None = None


class _Run(_Part):
    id: str
    name: str = ""
    status: Status
    hardware: dict[str, Any]
    group: _Group = _Group(number=None)
    choices: dict[str, str] | None = None
    classes: Annotated[list[str], AfterValidator(_once_and_sorted)]
    image_size: Annotated[int, AfterValidator(_pixels)]
    monitor: _Monitor
    data: _Data
    model: _Model
    seed: int
    started: str
    resumed: list[str] = []
    sha256: dict[str, str]
    checkpoints: Annotated[dict[str, str], AfterValidator(_last_has_its_step)]
    precision: str = ""
    teachers: list[_Teacher] | None = None
    teacher: _Teacher | None = None
    temperature: Positive = 1.0
    uncertain_below: Share = 0.0
    summary: _Summary = _Summary()


def check_facts(facts: Any, path: Path) -> dict[str, Any]:
    """Return `facts` if they are a run's; `model` and `monitor` with all their fields, which an older run may lack.

    Args:
        facts: what was read.
        path: where from, for the message.

    Raises:
        RunError: naming the first field that is missing, of the wrong type or out of range.
    """
    if not isinstance(facts, dict):
        raise RunError(f"{path} holds {type(facts).__name__}, expected a run's fields")
    try:
        run = _Run.model_validate(facts)
    except ValidationError as error:
        problem = _told(error.errors(include_url=False)[0])
        raise RunError(f"{path} is damaged: {problem}. Copy the run again from where it came, or train again") from None
    return {**facts, "model": run.model.model_dump(), "monitor": run.monitor.model_dump()}


def _told(problem: Mapping[str, Any]) -> str:
    """What one problem of pydantic's means: the dotted field, what arrived, what was expected."""
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{place} is missing"
    said = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    expected = f"expected {_EXPECTED[problem['type']]}" if problem["type"] in _EXPECTED else said
    return f"{place} is {reprlib.repr(problem['input'])}, {expected}"
