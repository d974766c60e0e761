"""Who is in the picture: sex, age, ancestry, the shape of the head and its parts, skin, hair and eyes.

All of it is drawn from the identity's own seed, and none of it knows the expression.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from experiments.demo_faces.assets import add_target, load_base_mesh, makehuman_path
from experiments.demo_faces.tones import HAIR_COLOURS, IRIS_COLOURS

SEXES = ("female", "male")
ANCESTRIES = ("caucasian", "african", "asian")  # MakeHuman's own names for its three ancestry targets
YOUNG, OLD = 25.0, 90.0  # the ages in years that MakeHuman's `young` and `old` stand for
CHILD = 12.0
AGES = (16.0, 78.0)  # years; no children
HAIRSTYLES = ("bald", "shaved", "short", "full", "long", "headscarf")
COVERED = ("long", "headscarf")
FLAT_EARS = {f"ears/{side}-ear-{end}": 1.0 for side in "lr" for end in ("scale-decr", "wing-decr", "flap-decr")}
# Features come in pairs of opposite targets; each is drawn once, with a sign, as `folder/name`: (minus, plus, reach).
FEATURES: Mapping[str, tuple[str, str, float]] = {
    "head/head-scale-horiz": ("decr", "incr", 0.5),
    "head/head-scale-vert": ("decr", "incr", 0.4),
    "head/head-fat": ("decr", "incr", 0.7),
    "chin/chin-width": ("decr", "incr", 0.6),
    "chin/chin-height": ("decr", "incr", 0.5),
    "chin/chin-prominent": ("decr", "incr", 0.6),
    "chin/chin-bones": ("decr", "incr", 0.6),
    "chin/chin-jaw-drop": ("decr", "incr", 0.5),
    "forehead/forehead-scale-vert": ("decr", "incr", 0.4),
    "forehead/forehead-temple": ("decr", "incr", 0.6),
    "nose/nose-scale-horiz": ("decr", "incr", 0.5),
    "nose/nose-scale-vert": ("decr", "incr", 0.5),
    "nose/nose-scale-depth": ("decr", "incr", 0.5),
    "nose/nose-hump": ("decr", "incr", 0.7),
    "nose/nose-point": ("down", "up", 0.6),
    "nose/nose-point-width": ("decr", "incr", 0.6),
    "nose/nose-width1": ("decr", "incr", 0.6),
    "nose/nose-width2": ("decr", "incr", 0.6),
    "nose/nose-width3": ("decr", "incr", 0.6),
    "nose/nose-flaring": ("decr", "incr", 0.5),
    "nose/nose-volume": ("decr", "incr", 0.5),
    "nose/nose-curve": ("concave", "convex", 0.5),
    "mouth/mouth-scale-horiz": ("decr", "incr", 0.5),
    "mouth/mouth-scale-vert": ("decr", "incr", 0.4),
    "mouth/mouth-upperlip-volume": ("decr", "incr", 0.7),
    "mouth/mouth-lowerlip-volume": ("decr", "incr", 0.7),
    "mouth/mouth-cupidsbow": ("decr", "incr", 0.7),
    "mouth/mouth-trans": ("down", "up", 0.3),
    "eyebrows/eyebrows-trans": ("backward", "forward", 0.5),
}
PAIRED_FEATURES: Mapping[str, tuple[str, str, float]] = {  # the same on both sides
    "cheek/{}-cheek-bones": ("decr", "incr", 0.6),
    "cheek/{}-cheek-volume": ("decr", "incr", 0.5),
    "eyes/{}-eye-scale": ("decr", "incr", 0.4),
    "eyes/{}-eye-trans": ("in", "out", 0.3),
    "eyes/{}-eye-corner1": ("down", "up", 0.4),
    "eyes/{}-eye-corner2": ("down", "up", 0.4),
    "eyes/{}-eye-height2": ("decr", "incr", 0.3),
    "ears/{}-ear-scale": ("decr", "incr", 0.5),
    "ears/{}-ear-wing": ("decr", "incr", 0.4),
}
HEAD_SHAPES = ("oval", "round", "rectangular", "square", "triangular", "invertedtriangular", "diamond")
ASYMMETRIES = ("asym-brown-1", "asym-cheek-1", "asym-eye-1", "asym-jaw-1", "asym-mouth-1", "asym-nose-1")


@dataclass(frozen=True)
class Identity:
    """One person.

    Attributes:
        tone: Monk tone, 1 to 10.
        sex: "female" or "male".
        age: years.
        ancestry: weights of `ANCESTRIES`, summing to 1.
        targets: MakeHuman target -> weight.
        hairstyle: one of `HAIRSTYLES`.
        hair: name in `HAIR_COLOURS`.
        iris: name in `IRIS_COLOURS`.
        beard: 0 (none) to 1 (full).
        warmth: ruddiness of the skin, -1 to 1.
        seed: draws what is painted: freckles, brows, hairline.
    """

    tone: int
    sex: str
    age: float
    ancestry: tuple[float, float, float]
    targets: Mapping[str, float]
    hairstyle: str
    hair: str
    iris: str
    beard: float
    warmth: float
    seed: tuple[int, int]


def sample_identity(seed: int, number: int) -> Identity:
    """Draw identity `number` of the pack with `seed`.

    Tone and sex go round, so that any run of twenty identities holds each tone with each sex once.
    """
    generator = np.random.default_rng([seed, number])
    tone, sex = number % 10 + 1, SEXES[number // 10 % 2]
    age = float(generator.uniform(*AGES))
    ancestry = _ancestry(generator, tone)
    targets = _macro_targets(sex, age, ancestry, generator) | _feature_targets(generator)
    hairstyle = _hairstyle(generator, sex, age)
    if hairstyle in COVERED:
        targets |= FLAT_EARS
    return Identity(
        tone=tone,
        sex=sex,
        age=age,
        ancestry=ancestry,
        targets=targets,
        hairstyle=hairstyle,
        hair=_hair_colour(generator, age, tone),
        iris=str(generator.choice(list(IRIS_COLOURS), p=_iris_chances(tone))),
        beard=_beard(generator, sex),
        warmth=float(generator.uniform(-1, 1)),
        seed=(seed, number),
    )


def shape_of(identity: Identity) -> np.ndarray:
    """Return the base's vertices (V, 3), in decimetres, with the identity's targets and a neutral face."""
    vertices = load_base_mesh().vertices.copy()
    for name, weight in identity.targets.items():
        add_target(vertices, makehuman_path(name), weight)
    return vertices


def _ancestry(generator: np.random.Generator, tone: int) -> tuple[float, float, float]:
    """Mix ancestries loosely with the tone: every mixture can have every tone, some more often."""
    darkness = (tone - 1) / 9.0
    weights = generator.dirichlet([0.25 + 1.2 * (1 - darkness), 0.25 + 1.6 * darkness**2, 0.25 + 0.6 * (1 - darkness)])
    caucasian, african, asian = (float(weight) for weight in weights)
    return caucasian, african, asian


def _age_shares(age: float) -> dict[str, float]:
    if age < YOUNG:
        young = (age - CHILD) / (YOUNG - CHILD)
        return {"child": 1.0 - young, "young": young}
    old = (age - YOUNG) / (OLD - YOUNG)
    return {"young": 1.0 - old, "old": old}


def _macro_targets(
    sex: str, age: float, ancestry: tuple[float, float, float], generator: np.random.Generator
) -> dict[str, float]:
    manliness = generator.uniform(0.8, 1.0) if sex == "male" else generator.uniform(0.0, 0.2)
    weight = generator.uniform(-0.6, 0.6)
    body = {"averageweight": 1 - abs(weight), ("minweight" if weight < 0 else "maxweight"): abs(weight)}
    targets = {}
    for stage, share in _age_shares(age).items():
        for name, part in (("male", manliness), ("female", 1.0 - manliness)):
            for ancestor, mix in zip(ANCESTRIES, ancestry, strict=True):
                targets[f"macrodetails/{ancestor}-{name}-{stage}"] = share * part * mix
            for build, amount in body.items():
                targets[f"macrodetails/universal-{name}-{stage}-averagemuscle-{build}"] = share * part * amount
    return targets


def _feature_targets(generator: np.random.Generator) -> dict[str, float]:
    targets = {f"head/head-{generator.choice(HEAD_SHAPES)}": float(generator.uniform(0.0, 0.6))}
    for name, ends in FEATURES.items():
        end, weight = _draw(generator, ends)
        targets[f"{name}-{end}"] = weight
    for name, ends in PAIRED_FEATURES.items():
        end, weight = _draw(generator, ends)
        targets |= {f"{name.format(side)}-{end}": weight for side in "lr"}
    for name in ASYMMETRIES:
        targets[f"asym/{name}-{generator.choice(['l', 'r'])}"] = float(generator.uniform(0.0, 0.35))
    return targets


def _draw(generator: np.random.Generator, ends: tuple[str, str, float]) -> tuple[str, float]:
    minus, plus, reach = ends
    value = float(np.clip(generator.normal(0.0, 0.5), -1.0, 1.0)) * reach
    return (minus, -value) if value < 0 else (plus, value)


def _hairstyle(generator: np.random.Generator, sex: str, age: float) -> str:
    bald = 0.25 if sex == "male" and age > 40 else 0.05
    rest = (0.24, 0.45, 0.25, 0.06, 0.0) if sex == "male" else (0.06, 0.18, 0.30, 0.38, 0.08)
    return str(generator.choice(HAIRSTYLES, p=[bald, *(share * (1 - bald) for share in rest)]))


def _hair_colour(generator: np.random.Generator, age: float, tone: int) -> str:
    if generator.random() < np.clip((age - 38) / 40, 0.0, 0.85):
        return str(generator.choice(["grey", "white"], p=[0.65, 0.35]))
    light = max(0.0, 1.0 - (tone - 1) / 5.0)
    chances = np.array([1.0, 0.3 + 0.7 * light, 0.02 + light, 0.03 + 0.7 * light, 0.02 + 0.3 * light])
    return str(generator.choice(list(HAIR_COLOURS)[:5], p=chances / chances.sum()))


def _iris_chances(tone: int) -> np.ndarray:
    light = max(0.0, 1.0 - (tone - 1) / 5.0)
    chances = np.array([1.0, 0.8, 0.1 + 0.3 * light, 0.02 + 0.3 * light, 0.02 + 0.6 * light])
    return chances / chances.sum()


def _beard(generator: np.random.Generator, sex: str) -> float:
    """Half of the men have none; the rest from stubble to a full beard."""
    if sex == "female" or generator.random() < 0.5:
        return 0.0
    return float(generator.uniform(0.25, 1.0))


def tone_group(tone: int) -> str:
    """Name the third of the scale that a Monk tone lies in: light (1 to 3), medium (4 to 7) or dark (8 to 10)."""
    return "light" if tone <= 3 else "medium" if tone <= 7 else "dark"
