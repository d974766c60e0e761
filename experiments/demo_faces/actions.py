"""Facial action units (FACS) as mixtures of the mesh's own units.

Action units are Ekman and Friesen's ("Facial Action Coding System: a technique for the measurement of facial
movement", Consulting Psychologists Press, 1978). Each is written as ARKit face units (Mika Suominen's pack, CC0) and
MakeHuman's expression units (CC0). Neither set alone reaches far enough: ARKit's brows hardly move, and MakeHuman's
lids and lips are few.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from experiments.demo_faces.assets import Target, face_unit_path, load_base_mesh, load_target, makehuman_path
from experiments.demo_faces.identity import ANCESTRIES
from experiments.demo_faces.noise import step

MIDLINE_SOFTNESS = 0.05  # dm: how gradually a movement of one side fades across the middle of the face
LIFTED = 0.65  # share of the brow lowerer's pull that a full inner brow raiser undoes


@dataclass(frozen=True)
class Action:
    """One action unit: its FACS name, and the weight of each unit at full intensity (FACS's E).

    A name ending in `Left` or holding `left` stands for the pair; any other is split at the midline.
    """

    name: str
    arkit: Mapping[str, float]
    makehuman: Mapping[str, float]


ACTIONS: Mapping[int, Action] = {
    1: Action("inner brow raiser", {"browInnerUp": 1.1}, {"eyebrows-left-inner-up": 1.4}),
    2: Action("outer brow raiser", {"browOuterUpLeft": 1.1}, {"eyebrows-left-extern-up": 0.6, "eyebrows-left-up": 0.4}),
    4: Action("brow lowerer", {"browDownLeft": 0.9}, {"eyebrows-left-down": 1.1}),
    5: Action("upper lid raiser", {"eyeWideLeft": 1.0}, {"eye-left-opened-up": 0.35}),
    6: Action("cheek raiser", {"cheekSquintLeft": 1.1, "eyeSquintLeft": 0.35}, {}),
    7: Action("lid tightener", {"eyeSquintLeft": 0.9}, {"eye-left-slit": 0.25}),
    9: Action("nose wrinkler", {"noseSneerLeft": 1.3}, {"nose-left-elevation": 1.1, "nose-compression": 0.8}),
    10: Action("upper lip raiser", {"mouthUpperUpLeft": 0.7}, {"mouth-elevation": 0.5}),
    12: Action("lip corner puller", {"mouthSmileLeft": 0.65}, {"mouth-corner-puller": 0.35}),
    14: Action("dimpler", {"mouthDimpleLeft": 1.1, "mouthPressLeft": 0.2}, {}),
    15: Action("lip corner depressor", {"mouthFrownLeft": 1.1}, {"mouth-depression": 0.5}),
    16: Action("lower lip depressor", {"mouthLowerDownLeft": 0.9}, {"mouth-depression-retraction": 0.2}),
    17: Action("chin raiser", {"mouthShrugLower": 0.7}, {}),
    19: Action("tongue show", {"tongueOut": 0.8}, {}),
    20: Action("lip stretcher", {"mouthStretchLeft": 0.8}, {"mouth-retraction": 0.6, "neck-platysma": 0.3}),
    22: Action("lip funneler", {"mouthFunnel": 0.6}, {}),
    23: Action("lip tightener", {"mouthRollUpper": 0.5, "mouthRollLower": 0.5, "mouthPressLeft": 0.3}, {}),
    24: Action("lip pressor", {"mouthPressLeft": 0.7, "mouthRollLower": 0.5, "mouthShrugLower": 0.15}, {}),
    25: Action("lips part", {}, {"mouth-parling": 1.0}),
    26: Action("jaw drop", {"jawOpen": 0.4}, {}),
    27: Action("mouth stretch", {"jawOpen": 0.95}, {}),
    29: Action("jaw thrust", {"jawForward": 0.7}, {}),
    38: Action("nostril dilator", {}, {"nose-left-dilatation": 1.0}),
    41: Action("lid droop", {"eyeBlinkLeft": 0.3}, {}),
}
Intensities = Mapping[int, tuple[float, float]]  # action unit -> intensity on the person's (left, right), about 0 to 1


def move(vertices: np.ndarray, intensities: Intensities, ancestry: tuple[float, float, float]) -> np.ndarray:
    """Return a copy of `vertices` (V, 3) with the action units' movements added.

    MakeHuman draws each of its units for three ancestries; they are mixed by `ancestry`.
    """
    moved = vertices.copy()
    for unit, sides in _combined(intensities).items():
        action = ACTIONS[unit]
        for name, weight in action.arkit.items():
            _add(moved, [(face_unit_path, "{}", 1.0)], name, weight, sides)
        folders = [
            (makehuman_path, f"expression/units/{who}/{{}}", mix) for who, mix in zip(ANCESTRIES, ancestry, strict=True)
        ]
        for name, weight in action.makehuman.items():
            _add(moved, folders, name, weight, sides)
    return moved


def _combined(intensities: Intensities) -> Intensities:
    """Let the brow lowerer pull less when the inner brow raiser acts: FACS's 1+4 knits the brows but lifts them."""
    raised, lowered = intensities.get(1, (0.0, 0.0)), intensities.get(4, (0.0, 0.0))
    left, right = (low * (1.0 - LIFTED * min(1.0, up)) for up, low in zip(raised, lowered, strict=True))
    return {**intensities, 4: (left, right)}


def _add(moved: np.ndarray, folders: list, name: str, weight: float, sides: tuple[float, float]) -> None:
    left, right = sides
    for path_of, pattern, mix in folders:
        if mix * weight == 0.0:
            continue
        pair = name.replace("Left", "Right").replace("left", "right")
        if pair == name:
            _add_split(moved, load_target(path_of(pattern.format(name))), mix * weight * left, mix * weight * right)
            continue
        for side_name, intensity in ((name, left), (pair, right)):
            target = load_target(path_of(pattern.format(side_name)))
            moved[target.indices] += mix * weight * intensity * target.offsets


def _add_split(moved: np.ndarray, target: Target, left: float, right: float) -> None:
    """Add `target`, weighing the person's left (x > 0) and right apart and fading across the midline."""
    across = load_base_mesh().vertices[target.indices, 0]
    share = step(across, 0.0, MIDLINE_SOFTNESS)
    moved[target.indices] += (left * share + right * (1.0 - share))[:, None] * target.offsets
