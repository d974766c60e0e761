"""The nine classes as combinations of facial action units (AUs).

The combinations are the published ones:

- anger, disgust, fear, happiness, sadness, surprise: Ekman and Friesen, "Facial Action Coding System" (1978) and
  "EMFACS-7: Emotional Facial Action Coding System" (unpublished manual, 1983), as tabulated in Ekman, Friesen and
  Hager, "FACS Investigator's Guide" (2002), chapter 12, table 12.1;
- contempt: a one-sided AU 12 or 14: Ekman and Friesen, "A new pan-cultural facial expression of emotion" (1986);
  Matsumoto and Ekman, "The relationship among expressions, labels, and descriptions of contempt" (2004);
- blends of two emotions, the upper face showing one and the lower face the other: Ekman and Friesen, "Unmasking the
  Face" (1975). Together with very weak single emotions they make the class `uncertain`.

A recipe is a list of variants; each variant gives every action unit's mean intensity (1 is FACS's E, "maximum").
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from experiments.demo_faces.actions import Intensities

CLASSES = ("anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise", "uncertain")
Recipe = Mapping[int, float]
RECIPES: Mapping[str, tuple[Recipe, ...]] = {
    "anger": (
        {4: 1.0, 5: 0.4, 7: 0.7, 23: 0.8, 24: 0.5, 17: 0.3, 38: 0.6},
        {4: 1.0, 5: 0.3, 7: 0.6, 10: 0.6, 16: 0.5, 25: 0.8, 26: 0.4, 38: 0.8, 9: 0.3},
        {4: 1.0, 5: 0.5, 7: 0.5, 22: 0.4, 25: 0.6, 26: 0.7, 10: 0.5, 16: 0.4, 38: 0.6},
        {4: 1.0, 7: 0.9, 24: 0.9, 17: 0.5, 29: 0.5, 15: 0.3},
    ),
    "disgust": (
        {9: 1.0, 10: 0.8, 6: 0.4, 17: 0.4, 15: 0.4, 4: 0.15},
        {9: 1.0, 10: 1.1, 16: 0.4, 25: 0.8, 6: 0.5, 7: 0.4},
        {9: 0.9, 10: 1.1, 17: 0.6, 15: 0.5, 6: 0.4},
        {9: 1.1, 10: 1.0, 16: 0.5, 25: 0.8, 26: 0.5, 7: 0.5, 4: 0.15},
    ),
    "fear": (
        {1: 1.0, 2: 0.6, 4: 0.7, 5: 1.1, 20: 1.1, 25: 1.0, 26: 0.3},
        {1: 1.0, 2: 0.6, 4: 0.7, 5: 1.1, 20: 1.1, 16: 0.4, 25: 0.8, 26: 0.8},
        {1: 1.0, 2: 0.5, 4: 0.8, 5: 1.0, 7: 0.3, 20: 1.2, 16: 0.8, 25: 1.0},
        {1: 1.0, 2: 0.6, 4: 0.7, 5: 1.1, 20: 1.0, 16: 0.5, 25: 0.8, 27: 0.5},
    ),
    "happy": (
        {6: 0.8, 12: 1.0, 25: 0.6},
        {6: 1.0, 12: 1.1, 25: 1.0, 26: 0.5},
        {6: 0.5, 12: 0.8},
        {6: 1.0, 12: 1.1, 10: 0.3, 25: 1.0, 26: 0.9},
    ),
    "neutral": ({},),
    "sad": (
        {1: 1.1, 4: 0.7, 15: 0.8, 17: 0.4},
        {1: 1.1, 4: 0.6, 15: 0.9, 17: 0.5, 41: 0.4},
        {1: 1.0, 4: 0.8, 6: 0.4, 15: 0.8, 17: 0.5},
        {1: 1.1, 4: 0.6, 15: 0.6, 41: 0.6},
    ),
    "surprise": (
        {1: 1.0, 2: 1.1, 5: 0.9, 26: 1.3, 25: 0.3},
        {1: 1.1, 2: 1.1, 5: 1.0, 27: 0.9, 25: 0.3},
        {1: 1.1, 2: 1.1, 5: 0.9, 27: 0.7, 22: 0.4, 25: 0.3},
    ),
}
CONTEMPT: tuple[Recipe, ...] = ({12: 0.6, 14: 1.0}, {14: 1.1, 10: 0.35}, {12: 0.8, 14: 0.7})  # on one side only
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
