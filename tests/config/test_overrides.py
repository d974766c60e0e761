import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from emolab.config.overrides import override

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
