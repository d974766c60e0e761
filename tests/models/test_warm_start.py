from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from emolab.errors import RunError
from emolab.models.custom_cnn import custom_cnn
from emolab.models.network import build_network
from emolab.models.warm_start import begin_from, is_whole_network


def _network(classes: int = 3, seed: int = 0, width: int = 6, image_size: int = 16) -> keras.Model:
    def backbone(images: keras.KerasTensor) -> keras.KerasTensor:
        return custom_cnn(images, stem=4, widths=(4, width), depths=(1, 1))

    return build_network("tiny", backbone, classes, image_size, dropout=0.3, seed=seed)


@pytest.fixture
def taught(tmp_path: Path) -> tuple[keras.Model, Path]:
    network = _network(seed=1)
    path = tmp_path / "best-3.weights.h5"
    network.save_weights(path)
    return network, path


def _same(one: keras.Model, other: keras.Model, layer: str) -> bool:
    pairs = zip(one.get_layer(layer).get_weights(), other.get_layer(layer).get_weights(), strict=True)
    return all(np.array_equal(first, second) for first, second in pairs)


def test_the_same_classes_take_every_weight_at_any_image_size(taught: tuple[keras.Model, Path]) -> None:
    network = _network(seed=2, image_size=32)
    begin_from(network, taught[1], with_head=True)
    assert all(_same(network, taught[0], layer.name) for layer in network.layers if layer.weights)


def test_other_classes_take_all_but_the_head(taught: tuple[keras.Model, Path]) -> None:
    network = _network(classes=5, seed=2)
    head = network.get_layer("logits").get_weights()
    begin_from(network, taught[1], with_head=False)
    assert all(_same(network, taught[0], layer.name) for layer in network.layers[:-1] if layer.weights)
    for before, after in zip(head, network.get_layer("logits").get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert network.output_shape == (None, 5)


def test_the_head_is_the_last_of_several_dense_layers(tmp_path: Path) -> None:
    def network(classes: int, seed: int) -> keras.Model:
        def mixed(images: keras.KerasTensor) -> keras.KerasTensor:
            return keras.layers.Dense(9, name="mixing")(custom_cnn(images, stem=4, widths=(4, 6), depths=(1, 1)))

        return build_network("mixed", mixed, classes, 16, seed=seed)

    taught, path = network(3, seed=1), tmp_path / "best-3.weights.h5"
    taught.save_weights(path)
    begin_from(other := network(5, seed=2), path, with_head=False)
    assert _same(other, taught, "mixing")
    assert other.output_shape == (None, 5)


def test_another_backbone_is_refused(taught: tuple[keras.Model, Path]) -> None:
    with pytest.raises(RunError, match=r"best-3.weights.h5 don't fit tiny.*model.backbone"):
        begin_from(_network(width=8), taught[1], with_head=False)


def test_a_backbone_without_head_is_no_whole_network(taught: tuple[keras.Model, Path], tmp_path: Path) -> None:
    network, path = taught
    assert is_whole_network(path)
    bare = tmp_path / "bare.weights.h5"
    keras.Model(network.input, network.get_layer("pooling").output).save_weights(bare)
    assert not is_whole_network(bare)
    bare.write_bytes(b"no HDF5")
    assert not is_whole_network(bare)


@pytest.mark.parametrize(
    ("place", "instead"),
    [
        ("layers", np.zeros(2)),
        ("layers/dense", np.zeros(2)),
        ("layers/dense", h5py.SoftLink("/layers/dense")),
        ("layers/dense/vars", None),
        ("layers/dense/vars/0", None),
        ("layers/dense/vars/0", 3.0),
        ("layers/dense/vars/0", np.zeros((6, 0))),
        ("layers/dense/vars/0", h5py.Empty("f")),
    ],
)
def test_a_head_that_isnt_as_keras_writes_it_is_none(tmp_path: Path, place: str, instead: object) -> None:
    with h5py.File(tmp_path / "odd.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.zeros((6, 3))
        del file[place]
        if instead is not None:
            file[place] = instead
    assert not is_whole_network(tmp_path / "odd.weights.h5")  # so it's loaded as a backbone, and refused as such
