"""Facts read from a file, checked before anything of them is used: it may be damaged, or a stranger's."""

import re
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from emolab.errors import RunError

_EXPECTED = {
    "string_type": "text", "int_type": "a whole number", "float_type": "a number", "bool_type": "true or false",
    "list_type": "a list", "dict_type": "keys with values", "model_type": "keys with values",
    "finite_number": "a finite number",
}  # fmt: skip


class Facts(BaseModel):
    """Fields that are read; more may stand beside them. A default stands for what isn't known yet."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


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
    return f"{place} is {reprlib.repr(problem['input'])}, {expected([problem])}"


def expected(problems: Sequence[Mapping[str, Any]]) -> str:
    """Return in words what pydantic says of one value, such as "expected true or false, or 'validation'".

    Args:
        problems: of the value, one for each type that it may have. What a check of our own says of it, which it comes
            to where the type is right, counts more than that it isn't of another type.
    """
    own = [problem for problem in problems if problem["type"] == "value_error"]
    first, *others = dict.fromkeys(_words(problem) for problem in own or problems)
    return "".join([first, *(f", or {text.removeprefix('expected ')}" for text in others)])


def _words(problem: Mapping[str, Any]) -> str:
    if problem["type"] in _EXPECTED:
        return f"expected {_EXPECTED[problem['type']]}"
    said = re.sub("^Input should be (?=greater|less)", "expected a number ", str(problem["msg"]))
    return said.removeprefix("Value error, ").replace("Input should be", "expected")
