import keras
import numpy as np
import pytest

from emolab.evaluation.grad_cam import grad_cam
from emolab.models import backbones
from emolab.models.network import build_network

SPOT = slice(4, 14)


def _spotter() -> keras.Model:
    """Says class 1 for what is bright anywhere, whose last feature map is a single place."""
    images = keras.Input((48, 48, 3))
    bright = keras.layers.Conv2D(1, 3, padding="same", kernel_initializer="ones", use_bias=False)(images)
    small = keras.layers.GlobalMaxPooling2D()(keras.layers.AveragePooling2D(6)(bright))
    return keras.Model(images, keras.layers.Dense(2, kernel_initializer=lambda *_, **__: [[-1.0, 1.0]])(small))


def test_the_heat_lies_where_the_evidence_is() -> None:
    images = np.zeros((2, 48, 48, 3), np.uint8)
    images[0, SPOT, SPOT] = 255
    images[1, 34:44, 34:44] = 255
    heat = grad_cam(_spotter(), images, np.array([1, 1]))
    assert heat.shape == (2, 48, 48)
    assert heat[0, SPOT, SPOT].mean() > 5 * heat[0, 24:, 24:].mean()
    assert heat[1, 34:44, 34:44].mean() > 5 * heat[1, :24, :24].mean()


@pytest.mark.parametrize("name", ["vgg19", "mobilenetv2"])
def test_networks_whose_last_map_is_tiny_still_show_places(name: str) -> None:
    network = build_network(name, getattr(backbones, name), classes=3, image_size=48)
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3)).astype(np.uint8)
    heat = grad_cam(network, images, np.array([0, 2]))
    assert (heat >= 0).all()
    assert (heat.max(axis=(1, 2)) <= 1).all()
    assert (heat.std(axis=(1, 2)) > 0).any()
