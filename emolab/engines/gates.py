"""What an engine must show before it may be deployed."""

from collections.abc import Iterable, Mapping
from typing import TypeGuard

from emolab.engines.schema import EngineFacts, JudgedEngine, Latency, Parity

AGREEMENT = 0.999  # share of validation images for which an fp32 engine names the run's class; rounding alone differs
DROP = {"fp32": 0.001, "fp16": 0.005, "bf16": 0.005, "int8": 0.005}  # of the accuracy, 0 to 1
ROUNDING = 1e-9  # of a difference of two accuracies: who loses exactly as much as is allowed passes
USABLE = "usable"  # the gate that an engine fails which can't be loaded, judged or timed


def gates(precision: str, parity: Parity, latency_ms: Latency, budget_ms: float) -> dict[str, bool]:
    """Return each gate and whether the engine passes it.

    Args:
        precision: of its numbers.
        parity: what it says, compared with its run.
        latency_ms: of single faces.
        budget_ms: what the p95 of these may be.
    """
    found = {"accuracy": parity.drop.value <= DROP[precision] + ROUNDING}
    if precision == "fp32":
        found["agreement"] = parity.agreement >= AGREEMENT
    return {**found, "latency": latency_ms.p95 <= budget_ms}


def was_judged(facts: EngineFacts) -> TypeGuard[JudgedEngine]:
    """Whether an export judged and timed the engine to the end, and it could be loaded, judged and timed since."""
    measured = facts.parity is not None and facts.latency_ms is not None
    return measured and facts.gates is not None and facts.gates.get(USABLE, True)


def failed(found: Mapping[str, bool]) -> list[str]:
    """Return the names of the gates that it doesn't pass."""
    return [name for name, passed in found.items() if not passed]


def why_not_used(facts: EngineFacts) -> str | None:
    """Return why an engine isn't used unless somebody insists, such as "failed a gate (latency)"; None where it may."""
    if facts.gates is None:
        return "was never judged: its export was interrupted"
    bad = failed(facts.gates)
    return f"failed a gate ({', '.join(bad)})" if bad else None


def fastest(engines: Iterable[EngineFacts]) -> JudgedEngine | None:
    """Return the facts of the engine with the least median among those that pass every gate, or None.

    The gate is about the p95; between two that pass it the median decides, which other work disturbs less.
    """
    passing = [facts for facts in engines if was_judged(facts) and not failed(facts.gates)]
    return min(passing, key=lambda facts: facts.latency_ms.p50, default=None)


def possible_drop(precision: str, parity: Parity) -> float | None:
    """Return the upper end of the drop's interval where an engine passes, but too few images show that; else None.

    It is 1 where so few images have no interval. An fp32 engine that agrees on every image needs no more of them: only
    rounding sets it apart from its run.
    """
    limit = DROP[precision] + ROUNDING
    high = 1.0 if parity.drop.high is None else parity.drop.high
    same = precision == "fp32" and parity.agreement == 1
    return high if parity.drop.value <= limit < high and not same else None
