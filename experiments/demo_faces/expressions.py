"""The nine classes as combinations of facial action units (AUs).

The combinations are the published ones:

- anger, disgust, fear, happiness, sadness, surprise: Ekman and Friesen, "Facial Action Coding System" (1978) and
  "EMFACS-7: Emotional Facial Action Coding System" (unpublished manual, 1983), as tabulated in Ekman, Friesen and
  Hager, "FACS Investigator's Guide" (2002), chapter 12, table 12.1;
- contempt: a one-sided AU 12 or 14: Ekman and Friesen, "A new pan-cultural facial expression of emotion" (1986);
  Matsumoto and Ekman, "The relationship among expressions, labels, and descriptions of contempt" (2004);
- blends of two emotions, the upper face showing one and the lower face the other: Ekman and Friesen, "Unmasking the
  Face" (1975). Together with very weak single emotions they make the class `uncertain`.

A recipe is a list of variants; each variant gives every action unit's mean intensity. 1 is what the mesh's makers hold
for the whole movement; people's faces, tuned on a network that has seen real ones (`judge.py`), want more of most.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from experiments.demo_faces.actions import Intensities

CLASSES = ("anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise", "uncertain")
Recipe = Mapping[int, float]
RECIPES: Mapping[str, tuple[Recipe, ...]] = {
    "anger": (
        {4: 1.3, 5: 0.3, 7: 0.8, 9: 0.4, 10: 0.7, 16: 0.7, 25: 1.0, 26: 0.5, 38: 0.8},
        {4: 1.4, 5: 0.6, 7: 0.5, 10: 0.6, 16: 0.5, 22: 0.4, 25: 0.8, 26: 0.8, 38: 0.6},
        {4: 1.4, 5: 0.3, 7: 0.9, 15: 0.4, 17: 0.7, 24: 1.1, 29: 0.5},
        {4: 1.4, 5: 0.6, 7: 0.6, 17: 0.6, 23: 1.1, 24: 0.6, 38: 0.6},
    ),
    "disgust": (
        {6: 0.9, 7: 0.6, 9: 1.2, 10: 1.2, 15: 0.6, 17: 0.5},
        {6: 1.0, 7: 0.8, 9: 1.2, 10: 1.4, 16: 0.6, 25: 1.2},
        {4: 0.6, 6: 1.2, 7: 1.4, 9: 1.4, 10: 1.0, 16: 0.5, 20: 0.6, 25: 1.2},
        {6: 0.8, 7: 1.0, 9: 1.3, 10: 1.0, 19: 1.0, 25: 1.3, 26: 0.8},
    ),
    "fear": (
        {1: 1.3, 2: 0.4, 4: 1.2, 5: 1.5, 16: 1.0, 20: 1.4, 25: 1.4},
        {1: 1.4, 2: 0.9, 4: 0.8, 5: 1.4, 7: 0.3, 16: 0.9, 20: 1.3, 25: 1.4, 26: 0.5},
        {1: 1.4, 2: 0.7, 4: 1.0, 5: 1.5, 16: 1.4, 20: 1.4, 25: 1.6, 26: 0.4},
        {1: 1.4, 2: 0.9, 4: 0.6, 5: 1.4, 16: 0.5, 20: 1.2, 25: 1.2, 26: 0.8},
    ),
    "happy": (
        {6: 1.0, 10: 0.2, 12: 1.3, 25: 1.0},
        {6: 1.1, 10: 0.4, 12: 1.4, 25: 1.3, 26: 0.5},
        {6: 0.8, 12: 1.4},
        {6: 1.2, 10: 0.5, 12: 1.4, 25: 1.4, 26: 0.8},
    ),
    "neutral": ({},),
    "sad": (
        {1: 1.5, 4: 0.8, 15: 1.3, 17: 0.7},
        {1: 1.5, 4: 0.8, 15: 1.2, 17: 0.8, 41: 1.2},
        {1: 1.4, 4: 1.0, 6: 0.8, 7: 0.6, 15: 1.2, 17: 1.0, 41: 0.6},
        {1: 1.5, 4: 0.6, 15: 0.8, 41: 1.4},
        {1: 1.5, 4: 0.9, 6: 0.6, 7: 0.5, 15: 1.2, 16: 0.4, 20: 0.5, 25: 0.8},
    ),
    "surprise": (
        {1: 1.0, 2: 1.1, 5: 0.9, 25: 0.3, 26: 1.3},
        {1: 1.1, 2: 1.1, 5: 1.0, 25: 0.3, 27: 0.9},
        {1: 1.1, 2: 1.1, 5: 0.9, 22: 0.4, 25: 0.3, 27: 0.7},
    ),
}
CONTEMPT: tuple[Recipe, ...] = ({12: 0.9, 14: 1.2}, {14: 1.4, 10: 0.5}, {12: 1.1, 14: 0.9})  # on one side only
UPPER_FACE = (1, 2, 4, 5, 6, 7, 41)
BLENDED = ("anger", "disgust", "fear", "happy", "sad", "surprise")
STRENGTH = (0.7, 1.15)  # of a whole expression
WEAK = (0.12, 0.25)  # of an `uncertain` one that shows a single emotion
BLEND = (0.4, 0.65)
REST = 0.06  # the largest intensity of a stray movement, which every face has
ASYMMETRY = 0.12  # standard deviation of the ratio of the two sides


@dataclass(frozen=True)
class Expression:
    """What a face shows: the class, its strength (about 0 to 1.2; 0 for neutral) and the action units' intensities."""

    label: str
    strength: float
    intensities: Intensities


def sample_expression(generator: np.random.Generator, label: str) -> Expression:
    """Draw an expression of the class `label`, varied in strength, symmetry and how much of it is active.

    Raises:
        KeyError: if `label` isn't one of `CLASSES`.
    """
    strength = float(generator.uniform(*STRENGTH)) if label != "neutral" else 0.0
    if label == "contempt":
        intensities = _one_sided(generator, strength)
    elif label == "uncertain":
        strength, intensities = _uncertain(generator)
    else:
        intensities = _both_sides(generator, _partial(generator, _variant(generator, label)), strength)
    return Expression(label, strength, _with_rest(generator, intensities))


def _variant(generator: np.random.Generator, label: str) -> Recipe:
    variants = RECIPES[label]
    return variants[generator.integers(len(variants))]


def _partial(generator: np.random.Generator, recipe: Recipe) -> Recipe:
    """Vary each unit by about a seventh, and sometimes leave a minor one out."""
    kept = {unit: mean for unit, mean in recipe.items() if mean >= 0.5 or generator.random() > 0.25}
    return {unit: mean * float(np.clip(generator.normal(1.0, 0.14), 0.6, 1.3)) for unit, mean in kept.items()}


def _both_sides(generator: np.random.Generator, recipe: Recipe, strength: float) -> Intensities:
    tilt = float(np.clip(generator.normal(0.0, ASYMMETRY), -0.25, 0.25))
    return {unit: (mean * strength * (1 + tilt), mean * strength * (1 - tilt)) for unit, mean in recipe.items()}


def _one_sided(generator: np.random.Generator, strength: float) -> Intensities:
    recipe = _partial(generator, CONTEMPT[generator.integers(len(CONTEMPT))])
    leak = float(generator.uniform(0.0, 0.12))  # the other side is never quite still
    side = bool(generator.integers(2))
    pairs = {unit: (mean * strength, mean * strength * leak) for unit, mean in recipe.items()}
    return pairs if side else {unit: (weak, strong) for unit, (strong, weak) in pairs.items()}


def _uncertain(generator: np.random.Generator) -> tuple[float, Intensities]:
    """Blend two emotions, upper and lower face, three times in five; else show one very weakly."""
    first, second = (str(name) for name in generator.choice(BLENDED, size=2, replace=False))
    if generator.random() < 0.4:
        strength = float(generator.uniform(*WEAK))
        return strength, _both_sides(generator, _variant(generator, first), strength)
    strength = float(generator.uniform(*BLEND))
    upper = {unit: mean for unit, mean in _variant(generator, first).items() if unit in UPPER_FACE}
    lower = {unit: mean for unit, mean in _variant(generator, second).items() if unit not in UPPER_FACE}
    return strength, _both_sides(generator, upper | lower, strength)


def _with_rest(generator: np.random.Generator, intensities: Intensities) -> Intensities:
    stray = {unit: generator.uniform(0.0, REST, 2) for unit in (1, 2, 4, 6, 7, 12, 15, 17, 25)}
    result = dict(intensities)
    for unit, (left, right) in stray.items():
        before = result.get(unit, (0.0, 0.0))
        result[unit] = (before[0] + float(left), before[1] + float(right))
    return result
