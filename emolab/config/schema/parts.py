"""The types that every verb's schema is made of.

A node with a `_target_` may have any further argument, because it's handed to a class or function of its own;
the arguments that our own choices have are checked where they are given.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def check_folder_name(name: str) -> str:
    """Return `name` if it can name a folder of runs.

    Raises:
        ValueError: if it is empty, hidden, too long, or not one plain file name.
    """
    plain_name = name == name.strip() and name.isprintable() and not set(name) & set('/\\:*?"<>|')
    if not name or not plain_name or name.startswith(".") or len(name.encode()) > 100:
        raise ValueError("can't name a folder: give up to 100 letters, digits, '-', '_' or '.', not beginning with '.'")
    return name


def _pixels(size: int) -> int:
    if not 16 <= size <= 1024:
        raise ValueError("expected 16 to 1024 pixels")
    return size


def _each_once(items: list[Any]) -> list[Any]:
    for item in items:
        if (times := items.count(item)) > 1:
            raise ValueError(f"{item} stands there {times} times, expected each once: leave out what is repeated")
    return items


def _digits_too(value: Any) -> Any:
    return str(value) if type(value) is int else value  # as YAML reads name=2026


# Stands behind a key that not every choice of its group has. It is no value of that key: what is used is the composed
# configuration, never the checked one. Where the key stands, null is refused unless its type allows it.
ABSENT: Any = None

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Temperature = Annotated[float, Field(ge=1e-3, le=1e3)]  # of a class; those that are fitted are 0.05 to 20
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
FaceSide = Annotated[int, AfterValidator(_pixels)]  # of a face's side
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Name = Annotated[str, Field(min_length=1)]
Text = Annotated[str, BeforeValidator(_digits_too)]  # who uses it makes text of it, too
FolderName = Annotated[Text, AfterValidator(check_folder_name)]
EACH_ONCE = AfterValidator(_each_once)  # of a list: twice the same would be trained or judged twice, as if it were two
Seeds = Annotated[list[Seed], Field(min_length=1), EACH_ONCE]
Resamples = Annotated[int, Field(ge=100)]  # of the bootstrap
JudgedSplit = Literal["validation", "test"]
Recogniser = Literal["auto", "selected", "network"] | Annotated[str, Field(pattern=r"^[\w-]+$")]  # or an engine's name


class Closed(BaseModel):
    """A node whose keys are all listed here."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Target(BaseModel):
    """A node that is built by `_target_`."""

    model_config = ConfigDict(extra="allow", strict=True)

    target: str = Field(alias="_target_")


def checked_as(kind: type[BaseModel], *beginnings: str) -> BeforeValidator:
    """Check a node by `kind`, too, if its `_target_` begins so: what is the user's own has limits of its own."""

    def check(node: Any) -> Any:
        if isinstance(node, dict) and str(node.get("_target_")).startswith(beginnings):
            kind.model_validate(node)
        return node

    return BeforeValidator(check)


class Paths(Closed):
    """Where things are kept."""

    runs: Name
    cache: Name
    grids: Name


class Checkpoint(Closed):
    """Which run."""

    run: Name
    where: dict[str, Any]
