import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from emolab.config.overrides import override, typed_path

TEXTS = [
    "data (1)",
    "a,b",
    "a=b",
    "O'Neil",
    "müller",
    "back\\slash\\",
    "\\'",
    "[1]",
    "{a}",
    "3",
    "null",
    " x ",
    '"q"',
    "",
]


@pytest.mark.parametrize("text", TEXTS)
def test_hydra_takes_a_value_as_it_stands(text: str) -> None:
    parsed = OverridesParser.create().parse_override(override("paths.runs", text))
    assert (parsed.key_or_group, str(parsed.value())) == ("paths.runs", text)
    assert not parsed.is_sweep_override()


@pytest.mark.parametrize("text", ["a/b.csv", "1.5", *TEXTS])
def test_a_path_that_is_shown_can_be_typed(text: str) -> None:
    path = Path(text, "suspected.csv")
    (argument,) = shlex.split(typed_path("trainer.leave_out", path))
    parsed = OverridesParser.create().parse_override(argument)
    assert (parsed.key_or_group, parsed.value()) == ("trainer.leave_out", str(path))


def test_a_path_is_quoted_only_where_it_must_be() -> None:
    assert typed_path("a", Path("noise/suspected.csv")) == "a=noise/suspected.csv"
