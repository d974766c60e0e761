import pytest

from emolab.training.precision import choose_precision

BFLOAT = "mixed_bfloat16"


@pytest.mark.parametrize(
    ("requested", "flags", "gpus", "expected"),
    [
        ("auto", {"avx2", "avx512_bf16"}, [], BFLOAT),
        ("auto", {"avx2"}, [], "float32"),
        ("auto", {"avx2"}, [(8, 0)], BFLOAT),
        ("auto", {"avx512_bf16"}, [(7, 5)], "float32"),  # a T4 computes in bfloat16 slowly
        ("auto", {"avx512_bf16"}, [(9, 0), None], "float32"),
        ("mixed_float16", set(), [(7, 5)], "mixed_float16"),
    ],
)
def test_auto_takes_bfloat16_where_the_machine_is_fast_at_it(
    requested: str, flags: set[str], gpus: list[tuple[int, int] | None], expected: str
) -> None:
    assert choose_precision(requested, BFLOAT, frozenset(flags), gpus) == expected
