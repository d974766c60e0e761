"""Which number format a network computes in: a choice by model and machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def choose_precision(
    requested: str, preferred: str, cpu_flags: frozenset[str], gpus: Sequence[tuple[int, int] | None]
) -> str:
    """Return the policy for "auto": what the model prefers where the machine is fast at it, else float32.

    Args:
        requested: "auto" or a policy.
        preferred: what the model's config measured as fastest.
        cpu_flags: the processor's instruction sets, as Linux names them.
        gpus: compute capability of each GPU that the training runs on, such as (8, 0); None: unknown.
    """
    if requested != "auto":
        return requested
    if gpus:
        fast = all(generation is not None and generation >= (8, 0) for generation in gpus)  # from Ampere on
    else:
        fast = bool(cpu_flags & {"avx512_bf16", "amx_bf16"})
    return preferred if fast else "float32"


@contextmanager
def computing_in(policy: str) -> Iterator[None]:
    """Build layers under this dtype policy, then put back the one before."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
