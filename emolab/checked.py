"""Facts read from a file, checked before anything of them is used: it may be damaged, older, or a stranger's."""

import reprlib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from emolab.errors import RunError

_EXPECTED = {
    "string_type": "text", "int_type": "a whole number", "float_type": "a number", "bool_type": "true or false",
    "list_type": "a list", "dict_type": "fields", "model_type": "fields", "finite_number": "a finite number",
}  # fmt: skip


class Facts(BaseModel):
    """Fields that are read; more may stand beside them. A default is a field that an older file lacks."""

    model_config = ConfigDict(extra="allow", strict=True)


Known = TypeVar("Known", bound=Facts)


def checked(facts: Any, kind: type[Known], path: Path, whose: str, advice: str) -> Known:
    """Return `facts` as what they are.

    Args:
        facts: what was read.
        kind: which fields they should have.
        path: where from, for the message.
        whose: facts they should be, such as "a run's", for the message.
        advice: how to mend it, a sentence.

    Raises:
        RunError: naming the first field that is missing, of the wrong type or out of range.
    """
    if not isinstance(facts, dict):
        raise RunError(f"{path} holds {type(facts).__name__}, expected {whose} fields. {advice}")
    try:
        return kind.model_validate(facts)
    except ValidationError as error:
        raise RunError(f"{path} is damaged: {told(error)}. {advice}") from None


def told(error: ValidationError) -> str:
    """Return pydantic's first problem in words: the dotted field, what arrived, what was expected."""
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{place} is missing"
    if problem["type"] == "unexpected_keyword_argument":
        return f"{place}={reprlib.repr(problem['input'])}: there's no such option"
    said = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    expected = f"expected {_EXPECTED[problem['type']]}" if problem["type"] in _EXPECTED else said
    return f"{place} is {reprlib.repr(problem['input'])}, {expected}"
