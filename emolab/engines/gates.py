"""What an engine must show before it may be deployed."""

from collections.abc import Iterable, Mapping
from typing import Any

AGREEMENT = 0.999  # share of validation images for which an fp32 engine names the run's class; rounding alone differs
DROP = {"fp32": 0.001, "fp16": 0.005, "bf16": 0.005, "int8": 0.005}  # of the accuracy, 0 to 1
ROUNDING = 1e-9  # of a difference of two accuracies: who loses exactly as much as is allowed passes
USABLE = "usable"  # the gate that an engine fails which can't be loaded, judged or timed


def gates(facts: Mapping[str, Any], budget_ms: float) -> dict[str, bool]:
    """Return each gate and whether the engine passes it.

    Args:
        facts: of `engine.json`: precision, parity and latency_ms.
        budget_ms: what the p95 of single faces may be.
    """
    parity, precision = facts["parity"], facts["precision"]
    found = {"accuracy": parity["drop"]["value"] <= DROP[precision] + ROUNDING}
    if precision == "fp32":
        found["agreement"] = parity["agreement"] >= AGREEMENT
    return {**found, "latency": facts["latency_ms"]["p95"] <= budget_ms}


def was_judged(facts: Mapping[str, Any]) -> bool:
    """Whether an export judged and timed the engine to the end, and it could be loaded, judged and timed since."""
    return {"parity", "latency_ms", "gates"} <= facts.keys() and facts["gates"].get(USABLE, True)


def failed(found: Mapping[str, bool]) -> list[str]:
    """Return the names of the gates that it doesn't pass."""
    return [name for name, passed in found.items() if not passed]


def fastest(engines: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the facts of the engine with the least median among those that pass every gate, or None.

    The gate is about the p95; between two that pass it the median decides, which other work disturbs less.
    """
    passing = [facts for facts in engines if {"gates", "latency_ms"} <= facts.keys() and not failed(facts["gates"])]
    return min(passing, key=lambda facts: facts["latency_ms"]["p50"], default=None)


def possible_drop(facts: Mapping[str, Any]) -> float | None:
    """Return the upper end of the drop's interval where an engine passes, but too few images show that; else None.

    It is 1 where so few images have no interval. An fp32 engine that agrees on every image needs no more of them: only
    rounding sets it apart from its run.
    """
    drop, limit = facts["parity"]["drop"], DROP[facts["precision"]] + ROUNDING
    high = 1.0 if drop["high"] is None else drop["high"]
    same = facts["precision"] == "fp32" and facts["parity"]["agreement"] == 1
    return high if drop["value"] <= limit < high and not same else None
