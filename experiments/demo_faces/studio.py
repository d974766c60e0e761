"""One photograph: a person, an expression and a view, all drawn from the pack's seed."""

from dataclasses import dataclass

import numpy as np

from experiments.demo_faces.expressions import CLASSES, sample_expression
from experiments.demo_faces.identity import sample_identity
from experiments.demo_faces.photograph import develop
from experiments.demo_faces.scene import Portrait
from experiments.demo_faces.view import View, sample_view

EXPRESSION, VIEW, SENSOR = 3, 4, 5  # what a generator draws: the last word of its seed


@dataclass(frozen=True)
class Photograph:
    """A photograph before it's written: (H, W, 3) uint8 sRGB, and how it was taken."""

    picture: np.ndarray
    view: View


@dataclass(frozen=True)
class Quality:
    """What a photograph costs: its side in pixels, and the paths of light that are followed a pixel."""

    size: int = 96
    samples: int = 16


def portrait_of(seed: int, person: int) -> Portrait:
    """Return `person` of the pack with `seed`, ready to be photographed."""
    return Portrait(sample_identity(seed, person))


def photograph(portrait: Portrait, label: str, quality: Quality) -> Photograph:
    """Photograph a person showing `label`.

    View and noise have generators of their own, so that nothing but the face depends on the expression drawn.
    """
    words = [*portrait.identity.seed, CLASSES.index(label)]
    expression = sample_expression(np.random.default_rng([*words, EXPRESSION]), label)
    view = sample_view(np.random.default_rng([*words, VIEW]))
    size = (quality.size, quality.size)
    light = portrait.render(expression, view, size, quality.samples, seed=words[1] * len(CLASSES) + words[2])
    sensor = np.random.default_rng([*words, SENSOR])
    return Photograph(develop(light, view, portrait.exposure(view), sensor), view)
