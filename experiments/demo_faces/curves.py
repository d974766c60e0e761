"""How several runs learned: the validation accuracy of each, epoch by epoch, in one picture."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emolab.evaluation.plots import png
from emolab.files import write_bytes
from emolab.runs import RunRecord

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito's


def write_curves(path: Path, folders: Sequence[Path]) -> None:
    """Write the PNG of the runs in `folders`.

    Raises:
        RunError: if one of them is no run.
    """
    write_bytes(path, png(curves_figure([RunRecord.open(folder) for folder in folders])))


def curves_figure(records: Sequence[RunRecord]) -> Figure:
    """Draw the validation accuracy of each run, and what chance would give."""
    figure = Figure(figsize=(7.0, 4.2), dpi=110, layout="constrained")
    axes = figure.subplots()
    for record, colour in zip(records, COLOURS, strict=False):
        lines = record.read_metrics()
        accuracy = [line["val_accuracy"] for line in lines]
        axes.plot([line["epoch"] + 1 for line in lines], accuracy, color=colour, label=_name(record))
    chance = 1 / len(records[0].classes)
    axes.axhline(chance, color="#999999", linestyle=":", label=f"chance, {chance:.2f}")
    axes.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure


def _name(record: RunRecord) -> str:
    model = record.fields["model"]
    return f"{model['name']}, begun from {Path(model['weights']['used']).name}"
