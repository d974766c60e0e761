"""What `engine.json` may hold; an engine that was built but never judged lacks what was proved."""

from pathlib import Path
from typing import Any

from pydantic import FiniteFloat

from emolab.checked import Facts, checked
from emolab.config.schema.export import Precision
from emolab.config.schema.parts import FaceSide, Temperature


class Hardware(Facts):
    """What an engine's speed depends on; None: unknown."""

    system: str | None = None
    processor: str | None = None
    cores: int | None = None
    gpus: list[str] | None = None


class Interval(Facts):
    """A value and the ends of its 95 % interval, None where it has none."""

    value: FiniteFloat
    low: FiniteFloat | None
    high: FiniteFloat | None


class Parity(Facts):
    """An engine compared with its run on the same images (`emolab.engines.parity`).

    Attributes:
        n: how many images.
        accuracy_run: the run's, 0 to 1.
        accuracy_engine: the engine's, 0 to 1.
        accuracy: the engine's with its 95 % interval.
        drop: from the run's to the engine's, paired, with its interval (whole groups resampled); below 0: won.
        agreement: share of images for which both name the same class, 0 to 1.
        max_difference: the largest of a probability.
        mean_difference: of all probabilities.
    """

    n: int
    accuracy_run: FiniteFloat | None = None
    accuracy_engine: FiniteFloat
    accuracy: Interval
    drop: Interval
    agreement: FiniteFloat
    max_difference: FiniteFloat | None = None
    mean_difference: FiniteFloat | None = None


class Latency(Facts):
    """Milliseconds that a face takes: the median, and what 95 and 99 of 100 calls keep."""

    p50: FiniteFloat
    p95: FiniteFloat
    p99: FiniteFloat


class Ratio(Facts):
    """How many times as fast as Keras's own `predict`, and as the SavedModel, it is by the median."""

    keras_predict: FiniteFloat
    savedmodel: FiniteFloat


class Start(Facts):
    """From the start of a process to the first result, and the most memory it held by then; None: unknown."""

    seconds: FiniteFloat
    memory_mib: FiniteFloat | None


class Measured(Facts):
    """What is known of how good and how fast an engine is; None: it wasn't measured.

    Attributes:
        bytes: of its files.
        parity: whether it says what its run says.
        latency_ms: of single faces.
        throughput: faces at a time -> faces a second.
        ratio: against what it's compared with.
        start: of a process of its own.
        gates: which of them it passes.
    """

    bytes: int | None = None
    parity: Parity | None = None
    latency_ms: Latency | None = None
    throughput: dict[str, FiniteFloat] | None = None
    ratio: Ratio | None = None
    start: Start | None = None
    gates: dict[str, bool] | None = None


class EngineFacts(Measured):
    """`engine.json`.

    Attributes:
        engine: such as "openvino".
        precision: of its numbers.
        classes: in the order of the probabilities.
        image_size: of a face's side, in pixels.
        sha256: file in its folder -> digest.
        options: of its backend.
        hardware: that it was made, and timed, on.
        fingerprint: of all that it was made from, and how.
        weights: digest of those of its run; None: of a run without any.
        temperatures: of each class.
    """

    engine: str
    precision: Precision
    classes: list[str]
    image_size: FaceSide
    sha256: dict[str, str]
    options: dict[str, Any]
    hardware: Hardware
    fingerprint: str
    weights: str | None = None
    temperatures: dict[str, Temperature]


class JudgedEngine(EngineFacts):
    """`engine.json` of which `emolab.engines.gates.was_judged` says that nothing of these is None."""

    parity: Parity
    latency_ms: Latency
    gates: dict[str, bool]


def check_engine(facts: Any, path: Path) -> EngineFacts:
    """Return `facts` if they are an engine's.

    Args:
        facts: what was read.
        path: where from, for the message.

    Raises:
        RunError: naming the first field that is missing, of the wrong type or out of range.
    """
    return checked(facts, EngineFacts, path, "an engine's", "Export it again")
