"""What each lever changes against the baseline: as a table, as a picture, as one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from emolab import files, tables
from emolab.evaluation.interval import Interval, ends, interval_text
from emolab.evaluation.plots import BLUE, GREY, ORANGE, png
from experiments.comparing.gains import points_text, verdict_of
from experiments.comparing.replicates import Results
from experiments.page import Section, TableOf, render


@dataclass(frozen=True)
class Effect:
    """What is known of a lever.

    Attributes:
        lever: its name.
        seeds: with which it and the baseline were trained; only these count.
        accuracy: on the validation images, 0 to 1, averaged over these seeds; None where there is none.
        gain: accuracy less the baseline's, paired by image and seed; None for the baseline itself.
        minutes: of a training, on average.
    """

    lever: str
    seeds: Sequence[int]
    accuracy: Interval | None
    gain: Interval | None
    minutes: float

    @property
    def verdict(self) -> str:
        """Whether the interval of the gain lies on one side of zero."""
        if self.gain is None:
            return "no seed in common" if self.accuracy is None else ""
        return verdict_of(self.gain)


def effects_of(
    found: Results[str], minutes: Mapping[tuple[str, int], float], baseline: str, levers: Sequence[str]
) -> list[Effect]:
    """Return the baseline, then the levers, the best first, those without a seed in common last.

    Args:
        found: (lever, seed) -> which images were named rightly.
        minutes: of each training.
        baseline: the key of the baseline in both.
        levers: the keys of the levers that were trained.
    """
    effects = [_effect(found, minutes, baseline, lever) for lever in levers]
    effects.sort(key=lambda effect: -effect.gain["value"] if effect.gain else 1.0)
    return [_effect(found, minutes, baseline, baseline), *effects]


def table_of(effects: Sequence[Effect], settings: Mapping[str, Sequence[str]]) -> TableOf:
    """Return a row a lever; `settings` says what each one sets."""
    headings = ["lever", "sets", "seeds", "accuracy (95 %)", "points against baseline (95 %)", "verdict", "minutes"]
    return TableOf(headings, [_row(effect, settings.get(effect.lever, ())) for effect in effects])


def levers_figure(effects: Sequence[Effect]) -> Figure:
    """Draw each lever's gain in points with its interval, the best on top, coloured by the verdict."""
    shown = [(effect, effect.gain) for effect in effects if effect.gain is not None]
    figure = Figure(figsize=(8.0, 1.1 + 0.32 * len(shown)), dpi=110, layout="constrained")
    axes = figure.subplots()
    colours = {"helps": BLUE, "hurts": ORANGE, "undecided": GREY}
    for row, (effect, gain) in enumerate(reversed(shown)):
        colour = colours[effect.verdict]
        axes.plot(gain["value"] * 100, row, "o", color=colour)
        if (both := ends(gain)) is not None:
            axes.plot([100 * end for end in both], [row, row], "|-", color=colour)
    axes.set_yticks(range(len(shown)), [effect.lever for effect, _ in reversed(shown)])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.axvline(0, color="black", linewidth=0.8)
    told = "blue: helps, orange: hurts, grey: undecided"
    axes.set(xlabel=f"points of validation accuracy against the baseline, 95 % interval\n{told}")
    axes.grid(axis="x", alpha=0.3)
    return figure


def write_levers(folder: Path, table: TableOf, effects: Sequence[Effect], notes: Sequence[str]) -> Path:
    """Write `index.html`, `table.csv`, `table.md` and `levers.png`; return the page's path."""
    picture = png(levers_figure(effects))
    sections = [
        Section("Levers", "One change at a time against the same baseline.", table, picture),
        Section("How", lines=notes),
    ]
    files.write_text(folder / "table.csv", tables.csv_text(table.headings, table.rows))
    files.write_text(folder / "table.md", tables.markdown(table.headings, table.rows))
    files.write_bytes(folder / "levers.png", picture)
    files.write_text(folder / "index.html", render("Levers of a recipe", sections))
    return folder / "index.html"


def _effect(found: Results[str], minutes: Mapping[tuple[str, int], float], baseline: str, lever: str) -> Effect:
    spent = [value for (name, _), value in minutes.items() if name == lever]
    seeds = found.seeds([lever, baseline])
    return Effect(
        lever,
        seeds,
        found.accuracy(lever, seeds),
        None if lever == baseline else found.difference([(lever, baseline)]),
        sum(spent) / len(spent),
    )


def _row(effect: Effect, settings: Sequence[str]) -> list[str]:
    accuracy, gain = effect.accuracy, effect.gain
    return [
        effect.lever,
        " ".join(settings),
        ", ".join(map(str, effect.seeds)),
        "" if accuracy is None else interval_text(accuracy, to="-"),
        "" if gain is None else points_text(gain),
        effect.verdict,
        f"{effect.minutes:.1f}",
    ]
