"""The video's script: who is seen when, showing what, moving how; a pure function of the seed.

A scene is a cut: its people come and go at once. An expression is held, and passes smoothly into the next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments.demo_faces.actions import Intensities
from experiments.demo_faces.expressions import Expression, sample_expression
from experiments.demo_faces.view import View, sample_view

FRAMES_PER_SECOND = 15
PASSAGE = 0.5  # seconds from one expression to the next
SWAY = (6.0, 3.0, 3.0)  # degrees that a head turns, nods and tilts either way
GAZE = (4.0, 2.0)  # degrees that the eyes wander to the side and up
ORDINARY_EYES = 3.2  # half the picture's height in distances between the eyes: a face fills half the height


@dataclass(frozen=True)
class Role:
    """A person in a scene: the identity's number, where (0 the middle, in eye distances), and what is shown in turn."""

    person: int
    place: float
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """Some seconds of the video, with nobody, one or two in it."""

    seconds: float
    roles: tuple[Role, ...] = ()


# People that no pack of fewer than 1,000 holds; 1,000 has Monk tone 1, 1,001 tone 2 and so on.
SCRIPT: tuple[Scene, ...] = (
    Scene(6.0, (Role(1005, 0.0, ("neutral", "happy", "surprise", "neutral")),)),
    Scene(1.0),
    Scene(6.0, (Role(1012, 0.6, ("neutral", "anger", "sad", "disgust")),)),
    Scene(6.0, (Role(1008, -2.5, ("happy", "surprise", "fear")), Role(1013, 2.5, ("contempt", "happy", "sad")))),
    Scene(1.0),
    Scene(5.0, (Role(1017, -0.6, ("fear", "neutral", "uncertain", "happy")),)),
)


@dataclass(frozen=True)
class Appearance:
    """One face in one frame."""

    person: int
    expression: Expression
    view: View


def frames(seed: int, script: Sequence[Scene] = SCRIPT) -> Iterator[list[Appearance]]:
    """Yield the faces of each frame; those of a scene always in the same order."""
    for number, scene in enumerate(script):
        actors = [_Actor(np.random.default_rng([seed, number, role.person]), role, scene) for role in scene.roles]
        for frame in range(round(scene.seconds * FRAMES_PER_SECOND)):
            yield [actor.at(frame / FRAMES_PER_SECOND) for actor in actors]


class _Actor:
    """A role with all that is drawn for it."""

    def __init__(self, generator: np.random.Generator, role: Role, scene: Scene) -> None:
        self.role = role
        self.expressions = [sample_expression(generator, label) for label in role.labels]
        self.hold = scene.seconds / len(role.labels)
        self.phases = generator.uniform(0.0, 2 * np.pi, 5)
        self.paces = generator.uniform(0.15, 0.4, 5)  # turns a second
        self.view = ordinary_view(generator, role.place)

    def at(self, time: float) -> Appearance:
        """Return how the role looks `time` seconds into the scene."""
        place = min(int(time / self.hold), len(self.expressions) - 1)
        begun = self.expressions[place]
        towards = self.expressions[min(place + 1, len(self.expressions) - 1)]
        share = smooth((time - (place + 1) * self.hold + PASSAGE) / PASSAGE)
        return Appearance(self.role.person, between(begun, towards, share), self._moved(time))

    def _moved(self, time: float) -> View:
        wave = np.sin(2 * np.pi * self.paces * time + self.phases)
        yaw, pitch, roll = (float(reach * value) for reach, value in zip(SWAY, wave[:3], strict=True))
        gaze = (float(GAZE[0] * wave[3]), float(GAZE[1] * wave[4]))
        return replace(self.view, yaw=yaw, pitch=pitch, roll=roll, gaze=gaze)


def ordinary_view(generator: np.random.Generator, place: float) -> View:
    """Return a view of head and shoulders in even light, `place` eye distances right of the middle."""
    return replace(
        sample_view(generator),
        distance=16.0,
        half_width=ORDINARY_EYES,
        shift=(place, -0.3),
        light=(float(generator.uniform(-35.0, 35.0)), float(generator.uniform(20.0, 45.0))),
        light_size=0.5,
        ambient=0.4,
        exposure=1.0,
    )


def room_view(seed: int) -> View:
    """Return how the whole frame is taken: one background, a touch of blur, and hardly any noise (it takes room)."""
    view = sample_view(np.random.default_rng([seed, len(SCRIPT)]))
    return replace(view, background_seed=seed, blur=1.2, noise=0.004)


def smooth(share: float) -> float:
    """Return 0 up to 0 and 1 from 1 on, with no corner between (smoothstep)."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


def between(begun: Expression, towards: Expression, share: float) -> Expression:
    """Return the expression that is `share` (0 to 1) of the way from one to the other."""
    nothing = (0.0, 0.0)
    units = {**begun.intensities, **towards.intensities}
    mixed: Intensities = {
        unit: _mix(begun.intensities.get(unit, nothing), towards.intensities.get(unit, nothing), share)
        for unit in units
    }
    label = towards.label if share > 0.5 else begun.label
    return Expression(label, begun.strength * (1.0 - share) + towards.strength * share, mixed)


def _mix(first: tuple[float, float], second: tuple[float, float], share: float) -> tuple[float, float]:
    left, right = ((1.0 - share) * a + share * b for a, b in zip(first, second, strict=True))
    return left, right
