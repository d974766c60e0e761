"""What `engine.json` may hold; an engine that was built but never judged lacks what was proved."""

from pathlib import Path
from typing import Any

from pydantic import FiniteFloat

from emolab.checked import Facts, checked
from emolab.config.schema.export import Precision
from emolab.config.schema.parts import FaceSide, Temperature


class _Hardware(Facts):
    processor: str | None = None
    cores: int | None = None
    gpus: list[str] | None = None


class _Interval(Facts):
    value: FiniteFloat
    low: FiniteFloat | None
    high: FiniteFloat | None


class _Parity(Facts):
    n: int
    accuracy_engine: FiniteFloat
    accuracy: _Interval
    drop: _Interval
    agreement: FiniteFloat


class _Latency(Facts):
    p50: FiniteFloat
    p95: FiniteFloat
    p99: FiniteFloat


class _Ratio(Facts):
    keras_predict: FiniteFloat
    savedmodel: FiniteFloat


class _Start(Facts):
    seconds: FiniteFloat
    memory_mib: FiniteFloat | None


class _Engine(Facts):
    engine: str
    precision: Precision
    classes: list[str]
    image_size: FaceSide
    sha256: dict[str, str]
    options: dict[str, Any]
    hardware: _Hardware
    fingerprint: str
    weights: str | None = None
    temperatures: dict[str, Temperature]
    bytes: int | None = None
    parity: _Parity | None = None
    latency_ms: _Latency | None = None
    throughput: dict[str, FiniteFloat] | None = None
    ratio: _Ratio | None = None
    start: _Start | None = None
    gates: dict[str, bool] | None = None


def check_engine(facts: Any, path: Path) -> dict[str, Any]:
    """Return `facts`, without what is null, if they are an engine's.

    Args:
        facts: what was read.
        path: where from, for the message.

    Raises:
        RunError: naming the first field that is missing, of the wrong type or out of range.
    """
    checked(facts, _Engine, path, "an engine's", "Export it again")
    return {name: value for name, value in facts.items() if value is not None}
