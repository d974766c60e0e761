import keras
import pytest

from emolab.models.cost import cost_of


def test_the_arithmetic_of_known_layers_is_counted():
    images = keras.Input((8, 8, 3))
    features = keras.layers.Conv2D(4, 3, padding="same", strides=2)(images)  # 16 positions, 3 * 3 * 3 * 4 weights
    features = keras.layers.DepthwiseConv2D(3, padding="same")(features)  # 16 positions, 3 * 3 * 4 weights
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(features))
    network = keras.Model(images, logits)
    assert cost_of(network)["flops"] == 2 * (16 * 108 + 16 * 36 + 8)
    assert cost_of(network)["parameters"] == 108 + 4 + 36 + 4 + 8 + 2


def test_vgg19_costs_what_is_published():
    """19.6 billion multiplications with additions at 224 pixels (Simonyan & Zisserman 2014), without the dense head."""
    network = keras.applications.VGG19(include_top=False, weights=None, input_shape=(224, 224, 3))
    assert cost_of(network)["flops"] == pytest.approx(39.0e9, rel=0.005)
