import keras
import numpy as np

from emolab.models import backbones
from emolab.models.batch_statistics import unfold
from emolab.models.custom_cnn import custom_cnn
from emolab.models.network import build_network

IMAGES = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3)).astype(np.uint8)


def _small() -> keras.Model:
    return build_network("small", lambda images: custom_cnn(images, stem=8, widths=(8, 16), depths=(1, 1)), 3, 32)


def _normalizations(network: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]


def _folded() -> keras.Model:
    network = _small()
    random = np.random.default_rng(1)
    for layer in _normalizations(network):
        gamma, beta, mean, variance = layer.get_weights()
        layer.set_weights([gamma, random.normal(0.0, 1.0, beta.shape), mean, variance - layer.epsilon])
    return network


def _features(network: keras.Model, training: bool) -> np.ndarray:
    features = keras.Model(network.input, network.get_layer("pooling").output)
    return np.asarray(features(IMAGES.astype(np.float32), training=training))


def test_a_folded_network_says_the_same_in_inference_and_begins_training_from_it() -> None:
    network = _folded()
    before = _features(network, training=False)
    unfold(network, IMAGES)
    np.testing.assert_allclose(_features(network, training=False), before, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(_features(network, training=True), before, rtol=1e-3, atol=1e-3)
    assert np.abs(_features(_folded(), training=True) - before).max() > 0.1


def test_fresh_and_learned_layers_stay_as_they_are() -> None:
    network = _small()
    network(IMAGES.astype(np.float32), training=True)  # the averages begin to move
    before = network.get_weights()
    unfold(network, IMAGES)
    unfold(_small(), IMAGES)
    assert all(np.array_equal(one, other) for one, other in zip(before, network.get_weights(), strict=True))


def test_mobilenetv2_taken_back_from_an_8_bit_model_can_be_trained(shared) -> None:
    path = shared / "weights" / "mobilenetv2_imagenet_notop.weights.h5"
    network = build_network("mobilenetv2", backbones.mobilenetv2, classes=7, image_size=48, weights=path)
    features = keras.Model(network.input, network.get_layer("pooling").output)
    images = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 3)).astype(np.uint8)
    before = np.asarray(features(images.astype(np.float32), training=False))
    unfold(network, images)
    np.testing.assert_allclose(features(images.astype(np.float32), training=True), before, atol=0.05)
    assert before.std() > 0.1
