"""Is one run better than another? Paired tests on the same images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb

from emolab.evaluation.bootstrap import holm, mcnemar, paired_difference
from emolab.evaluation.interval import Interval, ends
from emolab.evaluation.metrics import accuracy
from emolab.evaluation.predictions import Predictions, same_images
from experiments.comparing.gains import points, verdict_of

SURE = 0.05  # of the corrected p
MOST_RUNS = 12  # all pairs of more would be more than anybody reads


@dataclass(frozen=True)
class Pair:
    """The difference of two runs' accuracies on the same images.

    Attributes:
        better: label of the one with the higher accuracy.
        worse: label of the other.
        difference: of their accuracies, 0 to 1, with its 95 % interval.
        p: of the exact McNemar test.
        corrected: the same by Holm, for all pairs of the comparison.
    """

    better: str
    worse: str
    difference: Interval
    p: float
    corrected: float

    @property
    def decided(self) -> bool:
        """Whether the difference is more than noise: its interval is above 0, and its corrected p below 0.05."""
        return verdict_of(self.difference) == "helps" and self.corrected < SURE

    def sentence(self) -> str:
        """Return what can be said."""
        both = ends(self.difference)
        interval = "no interval" if both is None else f"95 % interval {' to '.join(map(points, both))}"
        numbers = f"{points(self.difference['value'])} points, {interval}, McNemar p = {self.p:.2g}"
        numbers += f" (corrected: {self.corrected:.2g})"
        if self.decided:
            return f"{self.better} is better than {self.worse}: {numbers}"
        return f"undecided between {self.better} and {self.worse}: {numbers}"


def pairs_of(labels: Sequence[str], predictions: Sequence[Predictions], resamples: int) -> list[Pair]:
    """Return every pair judged on the same images; of more than 12 runs, the best one against each other.

    The best come first. All pairs count in the correction: which one is the best, the same images said.
    """
    sets = judged_alike(predictions)
    chosen = [pair for numbers in sets for pair in _chosen(numbers)]
    tested = [mcnemar(predictions[one], predictions[other]) for one, other in chosen]
    corrected = holm(tested, sum(comb(len(numbers), 2) for numbers in sets))
    return [
        Pair(
            labels[one],
            labels[other],
            paired_difference(predictions[one], predictions[other], accuracy, resamples),
            *p,
        )
        for (one, other), *p in zip(chosen, tested, corrected, strict=True)
    ]


def _chosen(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    return combinations(numbers, 2) if len(numbers) <= MOST_RUNS else product(numbers[:1], numbers[1:])


def judged_alike(predictions: Sequence[Predictions]) -> list[list[int]]:
    """Return the numbers of those judged on the same images, together, everywhere the best first."""
    found: list[list[int]] = []
    for number in sorted(range(len(predictions)), key=lambda number: -predictions[number].right.mean()):
        one = predictions[number]
        alike = [numbers for numbers in found if same_images(one, predictions[numbers[0]])]
        alike[0].append(number) if alike else found.append([number])
    return found
