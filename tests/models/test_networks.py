import re
from functools import cache, partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from emolab.config.command import composed
from emolab.errors import ConfigError, RunError
from emolab.models import backbones
from emolab.models.custom_cnn import custom_cnn
from emolab.models.finetune import train_everything, train_from
from emolab.models.network import build_network
from emolab.training.losses import cross_entropy
from emolab.training.module import EmotionModule
from emolab.training.optimizers import compile_for

PREPROCESSING = {
    "vgg19": (backbones.vgg19, keras.applications.vgg19.preprocess_input),
    "resnet50": (backbones.resnet50, keras.applications.resnet50.preprocess_input),
    "mobilenetv2": (backbones.mobilenetv2, keras.applications.mobilenet_v2.preprocess_input),
}
PARTIAL_FROM = {
    name: composed("train", [f"model={name}"]).model.partial_from for name in (*PREPROCESSING, "custom_cnn")
}
LAST_BLOCK = {"vgg19": "block5_", "resnet50": "conv5_", "mobilenetv2": "block_1[3456]_|Conv_1", "custom_cnn": "stage4_"}
BACKBONES = {**{name: pair[0] for name, pair in PREPROCESSING.items()}, "custom_cnn": custom_cnn}


def _network(name: str, **options: object) -> keras.Model:
    return build_network(name, BACKBONES[name], classes=7, image_size=48, **options)


@cache
def _only_read(name: str) -> keras.Model:
    """A network from random weights for tests that leave it as it is: building one takes seconds."""
    return _network(name)


@pytest.mark.parametrize("name", PREPROCESSING)
def test_normalisation_inside_the_network_equals_preprocess_input(name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 48, 48, 3)).astype(np.float32)
    network = _only_read(name)
    inside = keras.Model(network.input, network.get_layer("normalization").output)
    expected = PREPROCESSING[name][1](images.copy())
    np.testing.assert_allclose(inside(images).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("name", BACKBONES)
def test_a_network_gives_finite_logits_in_float32(name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3)).astype(np.float32)
    logits = _only_read(name)(images)
    assert logits.shape == (2, 7)
    assert logits.dtype == "float32"
    assert np.isfinite(logits).all()


def test_the_seed_decides_the_weights() -> None:
    one, same, other = (_network("custom_cnn", seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_random_kernels_follow_he() -> None:
    kernel = _network("vgg19").get_layer("block3_conv2").kernel.numpy()
    expected = np.sqrt(2.0 / (3 * 3 * 256))
    assert kernel.std() == pytest.approx(expected, rel=0.05)


def test_a_dense_layer_of_the_backbone_follows_he_and_the_head_alone_is_small() -> None:
    network = build_network("own", lambda images: layers.Dense(64, name="mixing")(custom_cnn(images)), 7, 48)
    kernel, head = (network.get_layer(name).kernel.numpy() for name in ("mixing", "logits"))
    assert kernel.std() == pytest.approx((2 / kernel.shape[0]) ** 0.5, rel=0.1)
    assert head.std() == pytest.approx(0.01, rel=0.1)


def test_a_backbone_that_hides_its_layers_in_a_model_is_refused() -> None:
    inner = keras.Sequential([layers.Input((48, 48, 3)), layers.Conv2D(4, 3)], name="inner")
    with pytest.raises(ConfigError, match=r"applies a whole model, inner, .*input_tensor=images"):
        build_network("own", inner, 7, 48)


@pytest.mark.parametrize("settings", [{"widths": 5}, {"stem": "abc"}, {"stem": -3}])
def test_settings_that_a_backbone_refuses_are_a_fault_of_the_configuration(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"^model\.backbone refuses its settings, or faces of 48 pixels: "):
        build_network("own", partial(custom_cnn, **settings), 7, 48)


@pytest.mark.parametrize("name", BACKBONES)
def test_a_training_from_random_weights_begins_without_an_opinion(name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 3)).astype(np.float32)
    probabilities = keras.ops.softmax(_network(name)(images, training=True))
    np.testing.assert_allclose(probabilities, 1 / 7, atol=0.3)  # pixels handed on at their own scale give 0 and 1


@pytest.mark.parametrize("name", PARTIAL_FROM)
def test_partial_trains_the_head_and_the_whole_last_block(name: str) -> None:
    network = _network(name)
    train_from(network, PARTIAL_FROM[name])
    with_weights = [layer for layer in network.layers if layer.weights]
    last = [layer for layer in with_weights if re.match(LAST_BLOCK[name], layer.name)]
    assert len(last) > 3
    assert {layer.name for layer in with_weights if layer.trainable} == {
        layer.name for layer in [*last, with_weights[-1]]
    }
    partly = len(network.trainable_weights)
    train_everything(network)
    assert 0 < partly < len(network.trainable_weights)


@pytest.mark.parametrize("first", ["shortcut_conv", "first_conv"])
def test_either_branch_of_a_block_names_the_whole_of_it(first: str) -> None:
    network = _network("custom_cnn")
    train_from(network, f"stage3_block1_{first}")
    trained = {layer.name.split("_")[0] for layer in network.layers if layer.weights and layer.trainable}
    frozen = {layer.name.split("_")[0] for layer in network.layers if layer.weights and not layer.trainable}
    assert trained == {"stage3", "stage4", "logits"}
    assert frozen == {"stem", "stage1", "stage2"}


def _module(network: keras.Model) -> EmotionModule:
    optimizer = keras.optimizers.SGD(0.5)
    module = EmotionModule(network, cross_entropy, lambda steps, weights: optimizer, np.full(7, 1 / 7))
    compile_for(module, optimizer)
    return module


@pytest.mark.parametrize("name", BACKBONES)
def test_a_partial_step_changes_exactly_the_weights_it_should(name: str) -> None:
    network = build_network(name, BACKBONES[name], classes=7, image_size=32)
    train_from(network, PARTIAL_FROM[name])
    learning = {id(weight) for weight in network.trainable_weights}
    statistics = {
        id(weight)
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        for weight in layer.non_trainable_weights
    }
    before = [weight.numpy() for weight in network.weights]
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)
    _module(network).train_step((tf.constant(images), tf.one_hot(np.arange(8) % 7, 7)))
    changed = {
        id(weight)
        for weight, old in zip(network.weights, before, strict=True)
        if not np.array_equal(weight.numpy(), old)
    }
    seeds = {id(weight) for weight in network.weights if "seed" in weight.path}
    assert changed - seeds <= learning | statistics
    assert len(changed & learning) > 0.8 * len(learning)  # a bias before normalisation may have no gradient


def test_an_unknown_layer_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="stage1_block1_first_conv"):
        train_from(_network("custom_cnn"), "block9")


def test_weights_of_another_network_are_refused(tmp_path) -> None:
    path = tmp_path / "other.weights.h5"
    keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)]).save_weights(path)
    with pytest.raises(RunError, match="don't fit"):
        _network("mobilenetv2", weights=path)


def test_real_imagenet_weights_are_loaded(shared) -> None:
    path = shared / "weights" / "mobilenetv2_imagenet_notop.weights.h5"
    reference = keras.applications.MobileNetV2(include_top=False, weights=str(path), input_shape=(96, 96, 3))
    network = build_network("mobilenetv2", backbones.mobilenetv2, classes=7, image_size=48, weights=path)
    for name in ("Conv1", "block_7_depthwise", "Conv_1"):
        expected, got = (model.get_layer(name).get_weights()[0] for model in (reference, network))
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_averages_of_batch_normalisation_follow_within_a_few_hundred_steps(name: str) -> None:
    normalizations = [layer for layer in _only_read(name).layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert all(layer.momentum <= 0.99 for layer in normalizations)
    assert bool(normalizations) == (name != "vgg19")


@pytest.mark.parametrize("name", BACKBONES)
def test_a_network_of_grey_faces_sees_every_face_grey(name: str) -> None:
    network = _network(name, grey=True)
    colours = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3)).astype(np.float32)
    greys = np.repeat(colours @ np.array([[0.299], [0.587], [0.114]], np.float32), 3, axis=-1)
    difference, usual = (np.abs(each(colours) - each(greys)).max() for each in (network, _only_read(name)))
    assert difference < 0.01 * usual
