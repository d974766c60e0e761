import re

import numpy as np
import pytest

from emolab.errors import ConfigError
from emolab.training.affine import RandomAffine
from emolab.training.augmentation import Augmentation


def _spots(count: int = 200) -> np.ndarray:
    """Black images with a bright spot left of the middle and another right of it."""
    images = np.zeros((count, 41, 41, 3), np.float32)
    images[:, 19:22, 9:12] = images[:, 19:22, 29:32] = 255.0
    return images


def _middles(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middles (x, y) of the spots in the left and in the right half."""
    y, x = np.mgrid[:41, :41]
    halves = (image[..., 0] * (x < 20), image[..., 0] * (x > 20))
    left, right = (np.array([(half * x).sum(), (half * y).sum()]) / half.sum() for half in halves)
    return left, right


def _line(image: np.ndarray) -> np.ndarray:
    left, right = _middles(image)
    return right - left


def test_turns_reach_the_given_angle_to_both_sides() -> None:
    images = np.asarray(RandomAffine(20.0, 0.0, 0.0, seed=1)(_spots(), training=True))
    angles = np.degrees([np.arctan2(*_line(image)[::-1]) for image in images])
    assert -22 < angles.min() < -15
    assert 15 < angles.max() < 22


def test_zooms_reach_the_given_share_both_ways() -> None:
    images = np.asarray(RandomAffine(0.0, 0.0, 0.2, seed=1)(_spots(), training=True))
    lengths = np.array([np.linalg.norm(_line(image)) for image in images]) / 20.0
    assert 0.8 < lengths.min() < 0.9
    assert 1.15 < lengths.max() < 1.3


def test_shifts_reach_the_given_share_of_the_side() -> None:
    images = np.asarray(RandomAffine(0.0, 0.1, 0.0, seed=1)(_spots(), training=True))
    moved = np.array([_middles(image)[0] for image in images]) - _middles(_spots(1)[0])[0]
    assert (np.abs(moved) < 4.6).all()
    assert (moved.max(axis=0) > 3.0).all()
    assert (moved.min(axis=0) < -3.0).all()


def test_a_share_of_the_faces_stays_as_sharp_as_it_was() -> None:
    images = np.asarray(RandomAffine(11.0, 0.08, 0.1, rate=0.6, seed=1)(_spots(400), training=True))
    same = (images == _spots(400)).all((1, 2, 3))
    assert same.mean() == pytest.approx(0.4, abs=0.1)


def test_beyond_the_border_there_is_no_frame() -> None:
    flat = np.full((50, 24, 24, 3), 200.0, np.float32)
    np.testing.assert_allclose(np.asarray(RandomAffine(30.0, 0.3, 0.3, seed=1)(flat, training=True)), flat, atol=0.01)


def test_nothing_happens_outside_of_training() -> None:
    layer = RandomAffine(30.0, 0.3, 0.3, seed=1)
    np.testing.assert_array_equal(np.asarray(layer(_spots(), training=False)), _spots())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"rotation": 200.0}, "rotation=200.0 must lie between 0 and 180"),
        ({"shift": -0.1}, "shift=-0.1 must lie between 0 and 1"),
        ({"zoom": 1.0}, "zoom=1.0 must lie between 0 and 0.9"),
        ({"rate": 1.5}, "rate=1.5 must lie between 0 and 1"),
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"aug: RandomAffine: {told}")):
        RandomAffine(**{"rotation": 11.0, "shift": 0.08, "zoom": 0.1, **wrong})


def test_it_can_be_seeded() -> None:
    layer = RandomAffine(11.0, 0.08, 0.1, rate=0.5)
    assert Augmentation({"affine": layer}).layers == [layer]  # else it is refused by name
