"""SavedModels made by hand, as somebody who shares a run might."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from emolab.engines.backends.saved_graph import check_graph
from emolab.engines.backends.tensorflow import SAVED_MODEL, load, save
from emolab.engines.build import Builder
from emolab.engines.deployable import deployed
from emolab.engines.registry import backend
from emolab.errors import RunError
from emolab.models import backbones
from emolab.models.network import build_network

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


def edited(model: Path, edit: Callable[[Any], None]) -> Path:
    """The SavedModel after its graph was changed in place."""
    path = model / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    edit(saved_model.meta_graphs[0])
    path.write_bytes(saved_model.SerializeToString())
    return model


def test_a_function_that_only_a_node_names_is_looked_into_and_never_runs(tmp_path: Path) -> None:
    """TensorFlow would run it while the model is loaded, as the initializer of an object of a registered class."""
    prey = tmp_path / "written.txt"
    module, module.inner = tf.Module(), tf.Module()

    @tf.function(input_signature=[], autograph=False)
    def writes() -> None:
        tf.io.write_file(str(prey), "x")

    module.inner.writes = writes
    module.serve = tf.function(lambda images: {"out": means(images)}, input_signature=[IMAGES])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"serving_default": module.serve})

    def hide(graph: Any) -> None:
        objects = graph.object_graph_def
        child = next(child for one in objects.nodes for child in one.children if child.local_name == "writes")
        function = objects.nodes[child.node_id]
        (name,) = function.function.concrete_functions
        function.Clear()
        function.bare_concrete_function.concrete_function_name = name
        del objects.concrete_functions[name]
        child.local_name = "_initialize"

    with pytest.raises(RunError, match="the operation WriteFile"):
        load(edited(tmp_path / "model", hide), threads=1)
    assert not prey.exists()


def of_a_registered_class(graph: Any) -> None:
    graph.object_graph_def.nodes[0].registered_name = "tf.StaticHashTable"


def saving_instead_of_restoring(graph: Any) -> None:
    graph.saver_def.restore_op_name = graph.saver_def.save_tensor_name.partition(":")[0]


def saving_at_the_start(graph: Any) -> None:
    graph.collection_def["saved_model_main_op"].node_list.value[:] = [graph.saver_def.save_tensor_name]


def saving_before_a_signature(graph: Any) -> None:
    saving = graph.saver_def.save_tensor_name.partition(":")[0]
    next(node for node in graph.graph_def.node if node.name != saving).input.append(f"^{saving}")


def saving_as_a_method(graph: Any) -> None:
    name = next(one.signature.name for one in graph.graph_def.library.function if "_save_" in one.signature.name)
    graph.object_graph_def.nodes.add().bare_concrete_function.concrete_function_name = name


def saving_in_anothers_place(graph: Any) -> None:
    function = next(one for one in graph.graph_def.library.function if "_save_" in one.signature.name)
    function.attr["api_implements"].s = b"means"


def saving_named_as_an_operation(graph: Any) -> None:
    function = next(one for one in graph.graph_def.library.function if "_save_" in one.signature.name)
    for node in graph.graph_def.node:
        if node.attr["f"].func.name == function.signature.name:
            node.attr["f"].func.name = "Concat"
    function.signature.name = "Concat"  # TensorFlow would call it by every node of that operation


@pytest.mark.parametrize(
    ("edit", "refused"),
    [
        (of_a_registered_class, "a tf.StaticHashTable that does work of its own"),
        (saving_instead_of_restoring, "the operation (SaveV2|RestoreV2|MergeV2Checkpoints)"),
        (saving_at_the_start, "the operation (SaveV2|MergeV2Checkpoints)"),
        (saving_before_a_signature, "the operation (SaveV2|MergeV2Checkpoints)"),
        (saving_as_a_method, "the operation (SaveV2|MergeV2Checkpoints)"),
        (saving_in_anothers_place, "a function that may be called in another's place"),
        (saving_named_as_an_operation, "a function that may be called in another's place"),
    ],
)
def test_what_tensorflow_would_run_by_another_way_than_a_call_is_refused(
    tmp_path: Path, edit: Callable[[Any], None], refused: str
) -> None:
    model = saved(tmp_path, means)
    check_graph(model)
    with pytest.raises(RunError, match=refused):
        check_graph(edited(model, edit))


def test_a_model_that_was_loaded_and_saved_again_is_let_through(tmp_path: Path) -> None:
    """So TF-TRT makes its own."""
    again = tf.saved_model.load(str(saved(tmp_path, means)))
    tf.saved_model.save(again, str(tmp_path / "again"), signatures=again.signatures)
    check_graph(tmp_path / "again")


def test_what_a_backend_names_is_let_through_and_without_it_refused(tmp_path: Path) -> None:
    """A table from a file stands for TensorRT's engines, which are such resources and files, too."""

    class Table(tf.saved_model.experimental.TrackableResource):
        def __init__(self, file: Path) -> None:
            super().__init__()
            self.file = tf.saved_model.Asset(str(file))

        def _create_resource(self) -> Any:
            return tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

        def _initialize(self) -> None:
            tf.raw_ops.InitializeTableFromTextFileV2(
                table_handle=self.resource_handle, filename=self.file.asset_path, key_index=-2, value_index=-1
            )

        def _destroy_resource(self) -> None:
            tf.raw_ops.DestroyResourceOp(resource=self.resource_handle)

    (tmp_path / "table.txt").write_text("x")
    module = tf.Module()
    module.table = Table(tmp_path / "table.txt")
    module.serve = tf.function(lambda images: {"out": means(images)}, input_signature=[IMAGES])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"serving_default": module.serve})
    operations, objects = ("HashTableV2", "InitializeTableFromTextFileV2", "DestroyResourceOp"), ("resource", "asset")
    load(tmp_path / "model", 1, operations, objects)
    with pytest.raises(RunError, match=r"a (resource|asset) that does work of its own"):
        check_graph(tmp_path / "model", operations)
    with pytest.raises(RunError, match=r"the operation (HashTableV2|InitializeTableFromTextFileV2|DestroyResourceOp)"):
        check_graph(tmp_path / "model", objects=objects)


@pytest.mark.parametrize(
    ("name", "last"), [("vgg19", "block1_pool"), ("resnet50", "conv2_block2_out"), ("mobilenetv2", "block_2_add")]
)
def test_the_layers_of_the_networks_that_emolab_builds_are_let_through(tmp_path: Path, name: str, last: str) -> None:
    """Of each the first blocks, which hold every kind of layer that the whole has."""
    whole = build_network(name, getattr(backbones, name), classes=3, image_size=32, dropout=0.1, grey=True)
    features = whole.get_layer("pooling")(whole.get_layer(last).output)
    logits = keras.layers.Dense(3, name="head")(whole.get_layer("dropout")(features))
    network = keras.Model(whole.input, logits)
    assert {type(layer) for layer in network.layers} == {type(layer) for layer in whole.layers}
    save(deployed(network, {"anger": 1.5, "happy": 0.7, "sad": 1.0}), tmp_path / "model")
    check_graph(tmp_path / "model")


def test_an_engine_of_a_run_is_let_through(builder: Builder) -> None:
    check_graph(builder.build(backend("tensorflow"), "fp32") / SAVED_MODEL)
