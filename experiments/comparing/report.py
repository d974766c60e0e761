"""A comparison as a table, as sentences, and as one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emolab import files, tables
from emolab.evaluation.interval import interval_text
from emolab.evaluation.plots import OKABE_ITO, png
from emolab.evaluation.predictions import Predictions
from emolab.flat import short_names
from experiments.comparing.differences import differing, label_of, value_of
from experiments.comparing.pairs import MOST_RUNS, Pair, judged_alike, pairs_of
from experiments.comparing.runs import ComparedRun, Quality, quality_of
from experiments.page import Section, TableOf, render

_LINES = ("-", "--", ":", "-.")  # the colours first; then the same ones dashed
_MOST_LEGENDS = 16

NOISE = (
    "A difference counts as decided where its 95 % bootstrap interval (whole clusters of near-duplicates resampled) "
    "lies above zero and McNemar's p is below 0.05 after Holm's correction for all pairs of the comparison: of twenty "
    "comparisons of runs that don't differ, one will have a pair that looks decided; more, where runs were chosen by "
    "these very images before, as the winner of a sweep is, and the best epoch on validation images. Each interval is "
    "of its own pair alone."
)


def table_of(runs: Sequence[ComparedRun], ensemble: Predictions | None = None) -> TableOf:
    """Return a row a run, the best first: what differs, how good it is, what it costs; the ensemble above all."""
    keys = differing(runs)
    costs = ["validation", "parameters", "MFLOP", "p95 ms", "train min"]
    ordered = sorted(runs, key=lambda run: -run.quality.accuracy["value"] if run.quality else 0.0)
    headings = ["run", "name", *short_names(keys).values(), "accuracy", "macro F1", "ECE (if exact)", *costs]
    rows = [_row(run, keys) for run in ordered]
    if ensemble is not None:
        quality = quality_of(ensemble, runs[0].resamples)
        rows.insert(0, [_together(runs), "", *("" for _ in keys), *_quality(quality), *("" for _ in costs)])
    return TableOf(headings, rows)


@dataclass(frozen=True)
class Judged:
    """The paired tests of a comparison.

    Attributes:
        pairs: of all runs that were evaluated, and of the ensemble.
        sets: labels of what was judged on the same images, a list for each such set of images.
    """

    pairs: Sequence[Pair]
    sets: Sequence[Sequence[str]]

    def sentences(self) -> list[str]:
        """Return what can be said of each pair, and what makes none."""
        told = [pair.sentence() for pair in self.pairs]
        if len(self.sets) > 1:
            each = "; ".join(", ".join(labels) for labels in self.sets)
            told.append(f"judged on different images, and compared only among themselves: {each}")
        return told


def compared_pairs(runs: Sequence[ComparedRun], resamples: int, ensemble: Predictions | None = None) -> Judged:
    """Return the paired tests of all runs that were evaluated, and of the ensemble."""
    keys = differing(runs)
    judged = [(label_of(run, keys, runs), run.predictions) for run in runs if run.predictions is not None]
    if ensemble is not None:
        judged.append((_together(runs), ensemble))
    labels, predictions = [label for label, _ in judged], [one for _, one in judged]
    sets = [[labels[number] for number in numbers] for numbers in judged_alike(predictions)]
    return Judged(pairs_of(labels, predictions, resamples), sets)


def write_comparison(
    folder: Path, runs: Sequence[ComparedRun], judged: Judged, table: TableOf, notes: Sequence[str]
) -> Path:
    """Write `table.csv`, `table.md`, `pairs.md`, `curves.png` and `index.html`; return the page's path."""
    with_mirrors = ", each averaged with its mirror image" if runs[0].flip else ""
    many = any(len(labels) > MOST_RUNS for labels in judged.sets)
    few = f"More than {MOST_RUNS} runs: the best one is compared with each, p corrected for all pairs." if many else ""
    curves, sentences = png(curves_figure(runs)), judged.sentences()
    sections = [
        Section("Runs", f"On the {runs[0].split} images{with_mirrors}, with 95 % intervals; the best first.", table),
        Section("Pairs", f"{NOISE} {few}", lines=sentences or ["no two can be compared"]),
        *([Section("Notes", lines=notes)] if notes else []),
        Section("Learning curves", "The monitored value of each validation.", png=curves),
    ]
    files.write_text(folder / "table.csv", tables.csv_text(table.headings, table.rows))
    files.write_text(folder / "table.md", tables.markdown(table.headings, table.rows))
    files.write_text(folder / "pairs.md", "".join(f"- {tables.markdown_text(one)}\n" for one in sentences))
    files.write_bytes(folder / "curves.png", curves)
    files.write_text(folder / "index.html", render(f"{len(runs)} runs compared", sections))
    return folder / "index.html"


def curves_figure(runs: Sequence[ComparedRun]) -> Figure:
    """Draw the validation curves of all runs over each other."""
    keys = differing(runs)
    figure = Figure(figsize=(9.0, 4.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    for number, run in enumerate(runs):
        colour = OKABE_ITO[number % len(OKABE_ITO)]
        line = _LINES[number // len(OKABE_ITO) % len(_LINES)]
        if run.curve:
            axes.plot(*zip(*run.curve, strict=True), line, marker=".", color=colour, label=label_of(run, keys, runs))
    monitored = dict.fromkeys(run.record.facts.monitor.name for run in runs if run.curve)
    axes.set(xlabel="epoch", ylabel=" or ".join(monitored))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    if len(runs) <= _MOST_LEGENDS:
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _row(run: ComparedRun, keys: Sequence[str]) -> list[str]:
    model, best, engine = run.record.facts.model, run.record.facts.monitor.best, run.engine
    return [
        run.record.id,
        run.record.name,
        *(value_of(run, key) for key in keys),
        *_quality(run.quality),
        "" if best is None else f"{best:.4f}",
        f"{model.parameters:,}" if model.parameters else "",
        f"{model.flops / 1e6:,.0f}" if model.flops else "",
        f"{engine.latency_ms.p95:.1f} ({engine.engine} {engine.precision})" if engine else "",
        f"{run.record.training_seconds() / 60:.1f}",
    ]


def _together(runs: Sequence[ComparedRun]) -> str:
    return f"ensemble of {len(runs)}"


def _quality(quality: Quality | None) -> list[str]:
    if quality is None:
        return ["not evaluated"] * 3
    shares = [interval_text(share, to="-") for share in (quality.accuracy, quality.macro_f1)]
    return [*shares, f"{quality.ece:.3f} ({quality.ece_if_calibrated:.3f})"]
