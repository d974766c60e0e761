import re
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from hydra.utils import instantiate

from emolab.config.command import composed
from emolab.errors import ConfigError
from emolab.training.camera import RandomBlur, RandomJpeg, RandomNoise

LAYERS = [lambda: RandomBlur(1.5, seed=1), lambda: RandomNoise(20.0, seed=1), lambda: RandomJpeg(10, seed=1)]


def _portrait(count: int = 64) -> np.ndarray:
    across = np.linspace(60, 200, 48, dtype=np.float32).round()
    face = (across[:, None] + 30 * np.sin(across[None, :])).round()
    return np.broadcast_to(face[None, :, :, None], (count, 48, 48, 3)).astype(np.float32)


@pytest.mark.parametrize("made", LAYERS)
def test_grey_faces_stay_grey_whole_and_in_range(made: Callable[[], keras.layers.Layer]) -> None:
    images = np.asarray(made()(_portrait(), training=True))
    assert images.shape == (64, 48, 48, 3)
    assert images.min() >= 0
    assert images.max() <= 255
    assert np.abs(images - images[..., :1]).max() <= 2  # JPEG's colour space rounds


@pytest.mark.parametrize("made", LAYERS)
def test_nothing_happens_outside_of_training(made: Callable[[], keras.layers.Layer]) -> None:
    np.testing.assert_array_equal(made()(_portrait(), training=False), _portrait())


def test_each_image_draws_its_own_noise_up_to_the_limit() -> None:
    flat = np.full((200, 48, 48, 3), 127.0, np.float32)
    amounts = (np.asarray(RandomNoise(20.0, seed=1)(flat, training=True)) - flat).std((1, 2, 3))
    assert 0 <= amounts.min() < 2
    assert 18 < amounts.max() < 21
    assert amounts.mean() == pytest.approx(10, abs=1.5)  # uniform between 0 and 20


@pytest.mark.parametrize(
    "layer", [RandomBlur(2.0, rate=0.4, seed=1), RandomNoise(20.0, rate=0.4, seed=1), RandomJpeg(10, rate=0.4, seed=1)]
)
def test_a_share_of_the_images_is_changed(layer: keras.layers.Layer) -> None:
    images = np.asarray(layer(_portrait(400), training=True))
    changed = (np.abs(images - _portrait(400)) > 0.01).any((1, 2, 3))
    assert changed.mean() == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_jpeg_changes_the_chosen_images_as_if_all_were(rate: float) -> None:
    every, some = (tf.function(RandomJpeg(10, share, seed=1))(_portrait(), training=True) for share in (1.0, rate))
    changed = (np.asarray(some) != _portrait()).any((1, 2, 3))
    assert changed.any() == (rate > 0)
    np.testing.assert_array_equal(some, np.where(changed[:, None, None, None], every, _portrait()))


def test_blur_spreads_a_point_as_a_gaussian_does() -> None:
    points = np.zeros((50, 21, 21, 3), np.float32)
    points[:, 10, 10] = 255.0
    spread = np.asarray(RandomBlur(1.5, seed=1)(points, training=True))[..., 0] / 255.0
    squares = (np.arange(21) - 10.0) ** 2
    across, down = ((spread.sum(axis) * squares).sum(1) for axis in (1, 2))  # variances, in pixels squared
    np.testing.assert_allclose(spread.sum((1, 2)), 1.0, rtol=1e-4)
    np.testing.assert_allclose(across, down, rtol=1e-3)
    assert 1.3 < np.sqrt(across.max()) < 1.5


def test_blur_leaves_no_frame() -> None:
    flat = np.full((16, 24, 24, 3), 200.0, np.float32)
    np.testing.assert_allclose(np.asarray(RandomBlur(2.0, seed=1)(flat, training=True)), flat, atol=0.01)


def test_a_worse_quality_leaves_less_of_the_image() -> None:
    missed = [np.abs(RandomJpeg(worst, seed=1)(_portrait(), training=True) - _portrait()).mean() for worst in (95, 5)]
    assert missed[0] < missed[1] / 2


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: RandomBlur(14.0), "stddev=14.0 must lie between 0 and 10"),
        (lambda: RandomNoise(-1.0), "stddev=-1.0 must lie between 0 and 255"),
        (lambda: RandomJpeg(0), "quality=0 must lie between 1 and 100"),
        (lambda: RandomJpeg(50, rate=1.5), "rate=1.5 must lie between 0 and 1"),
    ],
)
def test_values_out_of_range_are_refused(made: Callable[[], keras.layers.Layer], told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        made()


def test_aug_camera_is_aug_blend_with_a_camera_after_the_face() -> None:
    blend, camera = (composed("train", [f"aug={name}"]).aug for name in ("blend", "camera"))
    assert {**camera, "camera": None} == {**blend, "camera": None}
    names = [type(layer).__name__ for layer in instantiate(camera, _convert_="all").layers]
    assert names[-4:] == ["RandomCutout", "RandomBlur", "RandomNoise", "RandomJpeg"]
