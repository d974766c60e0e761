import itertools

import numpy as np
import pytest

from experiments.demo_faces.camera import camera_of
from experiments.demo_faces.casting import plan
from experiments.demo_faces.expressions import CLASSES, sample_expression
from experiments.demo_faces.film import FRAMES_PER_SECOND, SCRIPT, between, frames, ordinary_view, smooth


def test_the_script_shows_every_class_and_nobody_one_and_two_faces() -> None:
    shown = [tuple(appearance.expression.label for appearance in seen) for seen in frames(0)]
    assert {len(labels) for labels in shown} == {0, 1, 2}
    assert {label for labels in shown for label in labels} == set(CLASSES)
    assert 20 <= len(shown) / FRAMES_PER_SECOND <= 40


def test_the_video_shows_nobody_of_the_pack() -> None:
    pack = {shot.person for shot in plan(0, 240, 60)}
    assert not pack & {role.person for scene in SCRIPT for role in scene.roles}


def test_a_face_never_jumps_within_a_scene() -> None:
    scene = [seen[0] for seen in frames(0, SCRIPT[:1])]
    for before, after in itertools.pairwise(scene):
        for unit in {*before.expression.intensities, *after.expression.intensities}:
            moved = np.subtract(
                after.expression.intensities.get(unit, (0, 0)), before.expression.intensities.get(unit, (0, 0))
            )
            assert np.abs(moved).max() < 0.45  # a whole movement takes seven frames, the fastest a fifth of it
        assert abs(after.view.yaw - before.view.yaw) < 1.5


def test_the_same_seed_gives_the_same_film() -> None:
    assert list(frames(3, SCRIPT[:1])) == list(frames(3, SCRIPT[:1]))


def test_between_two_expressions_lie_all_mixtures() -> None:
    first, second = (sample_expression(np.random.default_rng(1), label) for label in ("happy", "sad"))
    assert between(first, second, 0.0).intensities[12] == first.intensities[12]
    assert between(first, second, 1.0).intensities[15] == second.intensities[15]
    assert between(first, second, 0.5).intensities[12][0] == pytest.approx(
        (first.intensities[12][0] + second.intensities[12][0]) / 2
    )
    assert [between(first, second, share).label for share in (0.4, 0.6)] == ["happy", "sad"]


def test_smooth_rises_from_0_to_1_without_corners() -> None:
    values = np.array([smooth(share) for share in np.linspace(-0.5, 1.5, 201)])
    assert (values[0], values[-1]) == (0.0, 1.0)
    assert (np.diff(values) >= 0).all()
    assert np.abs(np.diff(values, 2)).max() < 1e-3


def test_a_face_that_is_shifted_right_lands_right_of_the_middle() -> None:
    middle = np.array([0.0, 7.0, 1.2])
    for place in (-2.0, 0.0, 2.0):
        view = ordinary_view(np.random.default_rng(0), place)
        at = camera_of(view, middle, eye_distance=0.6).project(middle[None], 640, 360)[0]
        assert at[0] - 320 == pytest.approx(place * 180 / view.half_width, abs=25)  # a tilted head moves it a little
