"""SavedModels made by hand, as somebody who shares a run might."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from emolab.engines.backends.saved_graph import check_graph
from emolab.engines.backends.tensorflow import SAVED_MODEL, load, save
from emolab.engines.build import Builder
from emolab.engines.deployable import deployed
from emolab.engines.registry import backend
from emolab.errors import RunError

IMAGES = tf.TensorSpec((None, 8, 8, 3), tf.uint8, name="images")


def saved(folder: Path, inner: Callable[[Any], Any]) -> Path:
    """A SavedModel whose signature calls this function in a function of its own."""
    module = tf.Module()
    called = tf.function(inner)
    module.serve = tf.function(lambda images: {"out": called(images)}, input_signature=[IMAGES])
    tf.saved_model.save(module, str(folder / "model"), signatures={"serving_default": module.serve})
    return folder / "model"


def means(images: Any) -> Any:
    return tf.reduce_mean(tf.cast(images, tf.float32), axis=(1, 2))


def test_a_graph_that_writes_or_reads_a_file_is_refused_and_does_neither(tmp_path: Path) -> None:
    prey = tmp_path / "written.txt"

    def writes(images: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(str(prey), "x")]):
            return means(images)

    def reads(images: Any) -> Any:
        return means(images) + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)

    for name, function in (("WriteFile", writes), ("ReadFile", reads)):
        with pytest.raises(RunError, match=f"the operation {name}"):
            load(saved(tmp_path / name, function), threads=1)
    assert not prey.exists()


def test_a_graph_that_calls_what_saves_variables_is_refused(tmp_path: Path) -> None:
    def saves(images: Any) -> Any:
        with tf.control_dependencies([tf.raw_ops.SaveV2(
            prefix=str(tmp_path / "x"), tensor_names=["x"], shape_and_slices=[""], tensors=[tf.zeros(1)]
        )]):  # fmt: skip
            return means(images)

    with pytest.raises(RunError, match="the operation SaveV2"):
        check_graph(saved(tmp_path, saves))


def test_a_branch_that_is_hidden_in_a_condition_is_looked_into(tmp_path: Path) -> None:
    def hides(images: Any) -> Any:
        return tf.cond(tf.shape(images)[0] > 99, lambda: tf.strings.to_number(tf.io.read_file("x")), lambda: 0.0)

    with pytest.raises(RunError, match=r"the operation (ReadFile|StringToNumber)"):
        check_graph(saved(tmp_path, hides))


def test_an_object_that_runs_a_function_while_it_is_loaded_is_refused(tmp_path: Path) -> None:
    module = tf.Module()
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [2]), 0)
    module.table = table
    module.serve = tf.function(lambda images: {"out": means(images)}, input_signature=[IMAGES])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"serving_default": module.serve})
    with pytest.raises(RunError, match="a resource that does work of its own"):
        check_graph(tmp_path / "model")


@pytest.mark.parametrize("name", ["VGG19", "ResNet50", "MobileNetV2"])
def test_the_networks_that_emolab_builds_are_let_through(tmp_path: Path, name: str) -> None:
    images = keras.Input((32, 32, 3))
    network = getattr(keras.applications, name)(weights=None, include_top=False, pooling="avg", input_shape=(32, 32, 3))
    save(deployed(keras.Model(images, keras.layers.Dense(3)(network(images))), 1.5), tmp_path / "model")
    check_graph(tmp_path / "model")


def test_an_engine_of_a_run_is_let_through(builder: Builder) -> None:
    check_graph(builder.build(backend("tensorflow"), "fp32") / SAVED_MODEL)
