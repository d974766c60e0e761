"""The table of engines: terminal, Markdown, CSV, and a picture of latency and accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emolab import files, tables
from emolab.engines.gates import failed, possible_drop
from emolab.engines.schema import Interval, Measured
from emolab.evaluation.interval import interval_text

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = (
    "engine", "precision", "status", "MB", "accuracy", "points lost", "agreement", "p50 ms", "p95 ms", "p99 ms",
    "faces/s", "x predict", "x SavedModel", "start s", "memory MB",
)  # fmt: skip
_PROVED = ("MB", "accuracy", "points lost", "agreement", "status")
_TIMED = ("p50 ms", "p95 ms", "p99 ms", "faces/s", "x predict", "x SavedModel")


@dataclass(frozen=True)
class Row:
    """One engine and precision.

    Attributes:
        engine: its name; "keras" is Keras's own `predict`.
        precision: of its numbers.
        reason: why it can't run here; empty where it can.
        fault: why it couldn't be built, loaded, judged or timed, though this machine has all it needs; else empty.
        wanted: whether it was asked for, or is only what others are compared with.
        facts: what was measured; those of an engine that was built are its `engine.json`.
        earlier: whether an earlier export built and judged it, and it was only timed again.
    """

    engine: str
    precision: str
    reason: str = ""
    fault: str = ""
    wanted: bool = True
    facts: Measured = field(default_factory=Measured)
    earlier: bool = False

    @property
    def status(self) -> str:
        """Whether it may be deployed, and why not."""
        if self.reason:
            return f"not here: {self.reason}"
        if self.fault:
            return f"failed: {self.fault}"
        if not self.tried:
            return "baseline"
        bad = self._failed
        found = f"failed: {', '.join(bad)}" if bad else "passed"
        return f"{found} (earlier)" if self.earlier else found

    @property
    def tried(self) -> bool:
        """Whether it was asked for, and built and put to the gates if that was possible."""
        return self.wanted and (bool(self.fault) or self.facts.gates is not None)

    @property
    def passed(self) -> bool:
        """Whether it was tried and passed every gate."""
        return self.tried and not self.fault and not self._failed

    @property
    def _failed(self) -> list[str]:
        return failed(self.facts.gates or {})

    def cells(self) -> list[str]:
        """Return a text for each of `COLUMNS`; empty where nothing was measured."""
        parity, latency, ratio, start = self.facts.parity, self.facts.latency_ms, self.facts.ratio, self.facts.start
        return [
            self.engine,
            self.precision,
            self.status,
            _number(self.facts.bytes, 1, 1e-6),
            interval_text(parity.accuracy.model_dump(), to="-") if parity else "",
            _points(parity.drop) if parity else "",
            _number(parity.agreement if parity else None, 4),
            _number(latency.p50 if latency else None, 2),
            _number(latency.p95 if latency else None, 2),
            _number(latency.p99 if latency else None, 2),
            _number(max(self.facts.throughput.values()) if self.facts.throughput else None, 0),
            _number(ratio.keras_predict if ratio else None, 1),
            _number(ratio.savedmodel if ratio else None, 1),
            _number(start.seconds if start else None, 2),
            _number(start.memory_mib if start else None, 0),
        ]


def terminal(rows: Sequence[Row]) -> Any:
    """Return what fits a terminal as a renderable of rich: how good the engines are, how fast, and who isn't here.

    All columns side by side need 130 letters, and most terminals have 80.
    """
    from rich.console import Group

    proved = _columns([row for row in rows if row.facts.parity], _PROVED)
    timed = _columns([row for row in rows if row.facts.latency_ms], _TIMED)
    others = (f"{row.engine}-{row.precision} {row.status}" for row in rows if not row.facts.latency_ms)
    return Group(proved, timed, *others)


def _columns(rows: Sequence[Row], names: Sequence[str]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for name in ("engine", *names):
        justify: Any = "left" if name in ("engine", "status") else "right"
        table.add_column(name, justify=justify, no_wrap=name in ("engine", "points lost"))
    for row in rows:
        cells = dict(zip(COLUMNS, row.cells(), strict=True))
        cells["accuracy"] = cells["accuracy"].partition(" ")[0]  # the interval is in the files
        table.add_row(f"{row.engine}-{row.precision}", *(cells[name] for name in names))
    return table


def notes(rows: Sequence[Row]) -> list[str]:
    """Return a sentence about the engines that pass though their images are too few to show that they may."""
    possible = {
        f"{row.engine}-{row.precision}": drop
        for row in rows
        if row.passed and row.facts.parity and (drop := possible_drop(row.precision, row.facts.parity)) is not None
    }
    if not possible:
        return []
    images = min(row.facts.parity.n for row in rows if row.passed and row.facts.parity)
    told = ", ".join(f"{name} {100 * drop:.1f}" for name, drop in possible.items())
    return [f"{images} images can't show that so little accuracy is lost; points that may be (95 %): {told}"]


def picture(rows: Sequence[Row], budget_ms: float) -> bytes:
    """Return a line for each engine that was judged, the fastest on top, as PNG: its latency, and its accuracy."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    from emolab.evaluation.plots import BLUE, GREY, ORANGE, png

    known = ((row, row.facts.latency_ms, row.facts.parity) for row in rows)
    judged = [(row, latency, parity.accuracy) for row, latency, parity in known if latency and parity]
    judged.sort(key=lambda one: one[1].p95)
    figure = Figure(figsize=(8.4, 1.4 + 0.36 * len(judged)), dpi=110, layout="constrained")
    speed, hits = figure.subplots(1, 2, sharey=True)
    for place, (row, latency, accuracy) in enumerate(judged):
        colour = BLUE if row.passed else GREY
        speed.plot([latency.p50, latency.p95], [place, place], "-", color=colour)
        speed.plot(latency.p95, place, "o", color=colour)
        if accuracy.low is not None:
            hits.plot([accuracy.low, accuracy.high], [place, place], "-", color=colour)
        hits.plot(accuracy.value, place, "o", color=colour)
    speed.axvline(budget_ms, color=ORANGE, linestyle="--", label=f"budget {budget_ms:g} ms")
    speed.set(xscale="log", xlabel="ms a face: p50 to p95 (dot)")
    speed.set_yticks(range(len(judged)), [f"{row.engine} {row.precision}" for row, _, _ in judged])
    speed.invert_yaxis()
    speed.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    speed.xaxis.set_major_formatter("{x:g}")
    speed.xaxis.set_minor_formatter(NullFormatter())  # labels between would lie over each other
    speed.legend()
    hits.set(xlabel="validation accuracy, 95 % interval")
    if not all(row.passed for row, _, _ in judged):
        figure.supxlabel("grey: a gate failed", fontsize="medium")
    for axes in (speed, hits):
        axes.grid(alpha=0.3)
    return png(figure)


def write(folder: Path, rows: Sequence[Row], budget_ms: float) -> None:
    """Write `table.md`, `table.csv` and `table.png` into `folder`."""
    cells = [row.cells() for row in rows]
    files.write_text(folder / "table.md", tables.markdown(COLUMNS, cells))
    files.write_text(folder / "table.csv", tables.csv_text(COLUMNS, cells))
    files.write_bytes(folder / "table.png", picture(rows, budget_ms))


def _points(drop: Interval) -> str:
    """Points of accuracy lost against the run, with the paired interval; below 0: won."""
    shares = {"value": drop.value, "low": drop.low, "high": drop.high}
    points = {key: None if share is None else 100 * share + 0.0 for key, share in shares.items()}
    return interval_text(points, digits=2)


def _number(value: float | None, digits: int, factor: float = 1.0) -> str:
    return "" if value is None else f"{value * factor:.{digits}f}"
