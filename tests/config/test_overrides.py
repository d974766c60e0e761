import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from emolab.config.overrides import is_hydras, override, pair_of, typed

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


@pytest.mark.parametrize("text", ["a/b.csv", "1.5", ".5", "-1", "NaN", "true", "photographs", *TEXTS])
def test_what_is_shown_can_be_typed(text: str) -> None:
    for shown in (text, Path(text, "suspected.csv")):
        (argument,) = shlex.split(typed("trainer.leave_out", shown))
        parsed = OverridesParser.create().parse_override(argument)
        assert (parsed.key_or_group, parsed.value()) == ("trainer.leave_out", str(shown))


@pytest.mark.parametrize("value", [None, True, False, 3, -2, 0.1, 1e-7, 64_000_000])
def test_what_is_no_text_stays_none_when_typed(value: float | None) -> None:
    assert OverridesParser.create().parse_override(typed("a", value)).value() == value


def test_a_text_is_quoted_only_where_it_must_be() -> None:
    assert typed("a", Path("noise/suspected.csv")) == "a=noise/suspected.csv"
    assert typed("a", "photographs") == "a=photographs"


@pytest.mark.parametrize("sign", ["", "+", "++", "~"])
def test_a_sign_is_no_part_of_a_key(sign: str) -> None:
    assert pair_of(f"{sign}a.b=c=~d") == ("a.b", "c=~d")
    assert is_hydras(f"{sign}hydra.launcher.n_jobs=2")
    assert is_hydras(f"{sign}hydra/launcher=joblib")
    assert not is_hydras(f"{sign}hydras=2")
