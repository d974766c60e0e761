"""The colour of every vertex: skin, lips, brows, beard, clothes; and where hair grows.

Everything is a function of the rest position (see head.py), so that it moves with the skin.
"""

from dataclasses import dataclass

import numpy as np

from experiments.demo_faces.head import Head
from experiments.demo_faces.identity import Identity
from experiments.demo_faces.noise import blend, bump, random_field, step
from experiments.demo_faces.tones import HAIR_COLOURS, linear, skin_albedo

RUDDY = np.array([1.10, 0.90, 0.88])
INSIDE_MOUTH = np.array([0.20, 0.045, 0.04])
COLLAR = 5.85  # dm at the front; higher behind the neck
SCARF_SATURATION = 0.25


@dataclass(frozen=True)
class Painted:
    """Linear RGB colours (N, 3) of the head's vertices, and how far (N,) in decimetres hair or cloth stands off."""

    colours: np.ndarray
    standing: np.ndarray


def paint(head: Head, identity: Identity) -> Painted:
    """Paint the head of `identity` at rest."""
    generator = np.random.default_rng([*identity.seed, 1])
    rest = head.skin.rest
    hair = linear(HAIR_COLOURS[identity.hair])
    colours = _skin(generator, rest, identity)
    colours = _lips(generator, colours, head, identity)
    colours = blend(colours, INSIDE_MOUTH, head.mouth * 1.5)
    colours = _beard(generator, colours, rest, hair, identity)
    colours = _brows(generator, colours, rest, hair, identity)
    colours, standing = _scalp(generator, colours, rest, hair, identity)
    colours, collar = _clothes(generator, colours, rest)
    return Painted(np.clip(colours, 0.003, 0.95), standing + collar)


def _skin(generator: np.random.Generator, rest: np.ndarray, identity: Identity) -> np.ndarray:
    skin = skin_albedo(identity.tone, identity.warmth)
    mottled = 0.03 * random_field(generator, rest, 0.25) + 0.03 * random_field(generator, rest, 0.05)
    across, height, _ = rest.T
    flush = np.exp(-(((np.abs(across) - 0.42) / 0.2) ** 2) - ((height - 6.95) / 0.2) ** 2)
    flush = flush + 0.8 * np.exp(-((across / 0.12) ** 2) - ((height - 6.95) / 0.14) ** 2)
    socket = np.exp(-(((np.abs(across) - 0.3) / 0.2) ** 2) - ((height - 7.22) / 0.13) ** 2)
    colours = skin * (1.0 + mottled[:, None])
    colours = blend(colours, colours * RUDDY, flush * generator.uniform(0.4, 1.2))
    return blend(colours, colours * 0.72, socket * generator.uniform(0.2, 0.8))


def _lips(generator: np.random.Generator, colours: np.ndarray, head: Head, identity: Identity) -> np.ndarray:
    tint = np.array([0.84, 0.58, 0.60]) if identity.tone <= 7 else np.array([0.95, 0.72, 0.74])
    made_up = identity.sex == "female" and generator.random() < 0.3
    shade = colours * tint if not made_up else colours * np.array([0.8, 0.32, 0.38])
    return blend(colours, shade, step(head.lips, 0.5, 0.1) * generator.uniform(0.6, 1.0))


def _brows(
    generator: np.random.Generator, colours: np.ndarray, rest: np.ndarray, hair: np.ndarray, identity: Identity
) -> np.ndarray:
    side, height, depth = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    middle = 7.455 + generator.uniform(-0.012, 0.012)
    arch = generator.uniform(0.02, 0.06) * np.sin(np.clip((side - 0.10) / 0.45, 0.0, 1.15) * np.pi * 0.72)
    bushy = generator.uniform(0.026, 0.036) if identity.sex == "female" else generator.uniform(0.032, 0.046)
    thickness = bushy * np.clip(1.15 - 0.9 * np.maximum(side - 0.3, 0.0) / 0.3, 0.3, 1.0)
    brow = bump(height, middle + arch, thickness) * step(side, 0.115, 0.012) * step(-side, -0.56, 0.02)
    density = np.clip(0.9 + 0.25 * random_field(generator, rest, 0.02), 0.3, 1.0) * generator.uniform(0.8, 1.0)
    dark = np.minimum(hair * 0.7, colours.mean(axis=0) * 0.45)  # brows are darker than the skin even on the fair
    return blend(colours, dark, brow * density * (depth > 0.9))


def _beard(
    generator: np.random.Generator, colours: np.ndarray, rest: np.ndarray, hair: np.ndarray, identity: Identity
) -> np.ndarray:
    if identity.beard == 0.0:
        return colours
    side, height, depth = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    jaw = step(-height, -(6.62 + 0.8 * np.clip(side - 0.35, 0.0, 1.0)), 0.03) * step(height, 6.12, 0.05)
    moustache = bump(height, 6.80 - 0.10 * side, 0.045) * step(-side, -0.27, 0.03) * step(depth, 1.2, 0.02)
    bare = np.exp(-((side / 0.16) ** 2) - ((height - 6.66) / 0.075) ** 2)  # around the lips
    area = np.maximum(jaw * (1.0 - bare) * step(depth, 0.15, 0.1), moustache)
    density = np.clip(0.85 + 0.08 * random_field(generator, rest, 0.02), 0.0, 1.0)
    return blend(colours, hair, area * density * (0.2 + 0.7 * identity.beard**2))


def hairline(rest: np.ndarray, recession: float) -> np.ndarray:
    """Return (N,) 1 on the scalp and 0 elsewhere, the front line raised by `recession` decimetres."""
    side, height, depth = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    front = 7.90 + recession - 0.25 * np.clip(side - 0.35, 0.0, 1.0)
    temple = 0.62 + 0.45 * (height - 7.5)
    top = step(height, front, 0.03)
    sides = step(-depth, -temple, 0.04) * step(height, 7.12 - 0.5 * np.clip(0.1 - depth, 0.0, 1.0), 0.05)
    ears = np.exp(-(((side - 0.83) / 0.1) ** 2) - ((height - 7.15) / 0.27) ** 2 - ((depth - 0.3) / 0.28) ** 2)
    return np.clip(np.maximum(top, sides) * (1.0 - np.clip(2.0 * ears, 0.0, 1.0)), 0.0, 1.0)


LENGTHS = {"bald": 0.0, "shaved": 0.0, "short": 0.07, "full": 0.2, "long": 0.2, "headscarf": 0.09}  # dm


def _scalp(
    generator: np.random.Generator, colours: np.ndarray, rest: np.ndarray, hair: np.ndarray, identity: Identity
) -> tuple[np.ndarray, np.ndarray]:
    style = identity.hairstyle
    recession = generator.uniform(-0.05, 0.08 if identity.sex == "female" else 0.14)
    scalp = hairline(rest, recession)
    streaks = 1.0 + 0.18 * random_field(generator, rest * np.array([6.0, 1.0, 1.5]), 0.15)
    tufts = 1.0 + 0.35 * random_field(generator, rest, 0.15) + 0.15 * random_field(generator, rest, 0.06)
    colour, cover, length = hair * np.clip(streaks, 0.5, 1.6)[:, None], scalp, LENGTHS[style]
    if style == "headscarf":
        colour = np.broadcast_to(_cloth(generator), rest.shape)
        cover, tufts = _around_face(rest, 0.66, 0.86), np.ones(len(rest))
    elif style == "long":
        cover = np.maximum(scalp, _around_face(rest, 0.70 + recession, 1.05))
    elif style in ("bald", "shaved"):
        cover = scalp * (0.0 if style == "bald" else generator.uniform(0.45, 0.85))
    return blend(colours, colour, cover), length * step(cover, 0.5, 0.1) * np.clip(tufts, 0.2, 2.0)


def _around_face(rest: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    """Return (N,) 1 everywhere but on an oval, in decimetres, around the middle of the face."""
    side, height, depth = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    oval = np.sqrt((side / half_width) ** 2 + ((height - 7.08) / half_height) ** 2)
    return np.maximum(step(oval, 1.0, 0.008), step(-depth, -0.45, 0.01))


def _cloth(generator: np.random.Generator) -> np.ndarray:
    grey = generator.uniform(0.02, 0.3)
    return np.clip(grey * (1.0 + SCARF_SATURATION * generator.normal(0.0, 1.0, 3)), 0.02, 0.8)


def _clothes(generator: np.random.Generator, colours: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    edge = COLLAR + generator.uniform(-0.25, 0.05) - 0.25 * (rest[:, 2] - 0.4)
    cloth = step(-rest[:, 1], -edge, 0.012)
    return blend(colours, _cloth(generator), cloth), 0.04 * cloth
