"""What the original claimed, as statements about differences, and what becomes of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from emolab.evaluation.interval import Interval, ends
from experiments.comparing.replicates import Results
from experiments.founded.cells import Cell

# The original's validation accuracies, nine classes, augmented, every layer trained.
ORIGINAL = {"vgg19": 0.51, "resnet50": 0.49, "mobilenetv2": 0.46, "custom_cnn": 0.45}
NAMES = {"vgg19": "VGG19", "resnet50": "ResNet50", "mobilenetv2": "MobileNetV2", "custom_cnn": "own CNN"}


@dataclass(frozen=True)
class Claim:
    """A difference that the original stated.

    Attributes:
        text: the claim in words.
        original: what it rests on.
        pairs: cells whose mean difference it is about, the better one first.
        low: least difference that it allows, 0 to 1.
        high: greatest.
    """

    text: str
    original: str
    pairs: Sequence[tuple[Cell, Cell]]
    low: float = 0.0
    high: float = math.inf

    def verdict(self, found: Interval | None) -> str:
        """Return "confirmed" where the whole interval is what was claimed, "refuted" where none of it is."""
        if found is None or (both := ends(found)) is None:
            return "undecided"
        low, high = both
        if high < self.low or low > self.high:
            return "refuted"
        return "confirmed" if low > self.low and high < self.high else "undecided"


def claims(models: Sequence[str], finetunings: Sequence[str]) -> list[Claim]:
    """Return the claims about those of the original's models that were trained."""
    known = [model for model in ORIGINAL if model in models]
    ranks = [_ranked(better, worse) for better, worse in pairwise(known)]
    gains = [(Cell(model, "on", "full"), Cell(model, "off", "full")) for model in known]
    helps = Claim("augmentation helps", "0.45 to 0.51 with it, 5 to 6 points less without", gains)
    # In whole points, of accuracies in whole points: a point less or more is still what was claimed.
    worth = Claim(
        "augmentation is worth 5 to 6 points, a point more or less for rounding", helps.original, gains, 0.04, 0.07
    )
    layers = [(Cell(model, "on", "full"), Cell(model, "on", "partial")) for model in known]
    full = Claim("training every layer is better than the last block", "chose it for all four", layers)
    return [*ranks, helps, worth, *([full] if "partial" in finetunings else [])]


def judged(found: Results, made: Sequence[Claim]) -> list[tuple[Claim, Interval | None, str]]:
    """Return each claim with the difference found and the verdict."""
    differences = [found.difference(claim.pairs) for claim in made]
    return [(claim, one, claim.verdict(one)) for claim, one in zip(made, differences, strict=True)]


def _ranked(better: str, worse: str) -> Claim:
    rests_on = f"{ORIGINAL[better]:.2f} against {ORIGINAL[worse]:.2f}"
    pair = (Cell(better, "on", "full"), Cell(worse, "on", "full"))
    return Claim(f"{NAMES[better]} is better than {NAMES[worse]}", rests_on, [pair])
