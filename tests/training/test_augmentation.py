from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hydra.utils import instantiate
from omegaconf import OmegaConf

from emolab.errors import ConfigError
from emolab.training.augmentation import Augmentation

CONF = Path(__file__).resolve().parents[2] / "conf" / "aug"
CHOICES = ["on", "keras", "off"]


def _augmentation(choice: str, seed: int = 0) -> Augmentation:
    config = OmegaConf.load(CONF / f"{choice}.yaml")
    config.seed = seed
    return instantiate(config, _convert_="all")


def _faces(count: int = 8) -> tuple[tf.Tensor, tf.Tensor]:
    ramp = np.linspace(0, 255, 36, dtype=np.uint8)
    faces = np.broadcast_to(ramp[:, None, None], (count, 36, 36, 3)).copy()  # dark above, bright below
    return tf.constant(faces), tf.one_hot(np.arange(count) % 3, 3)


def _traced(augmentation: Augmentation) -> Callable[[int], tuple[np.ndarray, np.ndarray]]:
    """Return what the augmentation makes of the faces in a step; traced once, as in a training."""
    function = tf.function(augmentation)

    def run(step: int) -> tuple[np.ndarray, np.ndarray]:
        images, targets = function(*_faces(), tf.constant(step, tf.int64))
        return images.numpy(), targets.numpy()

    return run


@pytest.mark.parametrize("choice", ["on", "keras"])
def test_augmentation_is_a_pure_function_of_seed_and_step(choice: str) -> None:
    first, again, other = (_traced(_augmentation(choice, seed)) for seed in (0, 0, 1))
    first(3)  # what came before must not matter
    np.testing.assert_array_equal(first(7)[0], again(7)[0])
    assert not np.array_equal(first(7)[0], first(8)[0])
    assert not np.array_equal(first(7)[0], other(7)[0])


def test_both_choices_turn_move_and_zoom_alike_and_interpolate_once() -> None:
    on, keras_only = (OmegaConf.load(CONF / f"{choice}.yaml").layers for choice in ("on", "keras"))
    moving = ("Rotation", "Translation", "Zoom", "Shear", "Affine", "Perspective")  # each interpolates, and blurs
    (mover,), (keras_mover,) = (
        [layer for layer in layers.values() if layer._target_.endswith(moving)] for layers in (on, keras_only)
    )
    assert mover == keras_mover


@pytest.mark.parametrize(("choice", "covering"), [("on", "cutout"), ("keras", "erasing")])
def test_contrast_falls_as_it_rises_and_every_image_may_be_covered(choice: str, covering: str) -> None:
    layers = OmegaConf.load(CONF / f"{choice}.yaml").layers
    faces, targets = _faces(count=256)

    def changed(name: str) -> np.ndarray:
        augmentation = Augmentation(layers={name: instantiate(layers[name], _convert_="all")})
        return augmentation(faces, targets, tf.constant(0, tf.int64))[0].numpy().astype(float)

    spread = changed("contrast").std(axis=(1, 2, 3)) / faces[0].numpy().std()
    assert spread.min() < 0.85
    assert spread.max() > 1.1  # what gets brighter than white is cut off
    covered = (changed(covering) != faces.numpy()).any(axis=(1, 2, 3))
    assert covered.mean() > 0.9  # a cover may be smaller than a pixel


def _nested() -> keras.layers.Layer:
    import keras_cv

    turns = [keras_cv.layers.RandomRotation(0.1), keras_cv.layers.RandomTranslation(0.1, 0.1)]
    return keras_cv.layers.RandomAugmentationPipeline(turns, augmentations_per_image=2)


def test_layers_within_layers_are_seeded_too_and_treat_each_image_its_own_way() -> None:
    first, again = (_traced(Augmentation({"nested": _nested()})) for _ in range(2))
    first(3)
    images = first(7)[0]
    np.testing.assert_array_equal(images, again(7)[0])
    assert len({image.tobytes() for image in images}) > 2  # eight times the same face went in


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("layers", "keras.layers.AugMix"),
        ("layers", "keras_cv.layers.AugMix"),
        ("blends", "keras_cv.layers.MixUp"),
        ("blends", "keras_cv.layers.CutMix"),
        ("blends", "keras_cv.layers.FourierMix"),
    ],
)
def test_what_cannot_be_seeded_is_refused_by_name(kind: str, name: str) -> None:
    arguments = {"value_range": [0, 255]} if name.endswith("AugMix") else {}
    layer = instantiate({"_target_": name, **arguments}, _convert_="all")
    with pytest.raises(ConfigError, match=rf"{name.rpartition('.')[2]} draws random numbers that can't be seeded"):
        Augmentation(**{kind: {"odd": layer}})


@pytest.mark.parametrize("choice", CHOICES)
def test_images_stay_in_range_shape_and_upright(choice: str) -> None:
    images, targets = _traced(_augmentation(choice))(0)
    assert images.shape == (8, 36, 36, 3)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 255
    assert (images[:, 27:].mean((1, 2, 3)) > images[:, :9].mean((1, 2, 3))).all()
    np.testing.assert_allclose(targets.sum(-1), 1.0)


def test_off_changes_nothing() -> None:
    np.testing.assert_array_equal(_traced(_augmentation("off"))(0)[0], _faces()[0].numpy())


@pytest.mark.parametrize(
    ("blend", "grey_levels"),
    [
        (keras.layers.MixUp(alpha=0.4), 2.0),
        (keras.layers.CutMix(), 12.0),  # Keras's labels are off by up to 6 % of the area for a patch at the border
    ],
)
def test_blends_mix_targets_as_they_mix_images(blend: keras.layers.Layer, grey_levels: float) -> None:
    augmentation = Augmentation(blends={"blend": blend})
    colours = np.repeat(np.array([0.0, 100.0, 200.0], np.float32), 4)
    images = np.broadcast_to(colours[:, None, None, None], (12, 36, 36, 3)).astype(np.uint8)
    targets = tf.one_hot(np.repeat(np.arange(3), 4), 3)
    mixed, blended = tf.function(augmentation)(tf.constant(images), targets, tf.constant(2, tf.int64))
    expected = blended.numpy() @ np.array([0.0, 100.0, 200.0])
    np.testing.assert_allclose(mixed.numpy().mean((1, 2, 3)), expected, atol=grey_levels)
    assert not np.array_equal(blended.numpy(), targets.numpy())


def test_blending_follows_its_probability() -> None:
    augmentation = Augmentation(blends={"mixup": keras.layers.MixUp()}, blend_probability=0.3)
    function = tf.function(augmentation)
    faces, targets = _faces()
    blended = [
        not np.array_equal(function(faces, targets, tf.constant(step, tf.int64))[1].numpy(), targets.numpy())
        for step in range(200)
    ]
    assert 0.2 < np.mean(blended) < 0.4
