"""TF-TRT's real pass on a CPU, in an environment of its own: `.ci/tftrt` makes it and runs this.

What only a GPU can show (building and running TensorRT's engines, FP16, INT8) isn't shown here.
"""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emolab.engines.backends.base import Source
from emolab.engines.backends.saved_graph import check_graph
from emolab.engines.backends.tensorflow import SAVED_MODEL, save
from emolab.engines.backends.tftrt import OBJECTS, OPERATIONS, TfTrt, without_tensorrt
from emolab.errors import RunError
from emolab.models.backbones import mobilenetv2, resnet50, vgg19
from emolab.models.custom_cnn import custom_cnn

if not version("tensorflow").startswith("2.17."):
    pytest.skip(
        f"TensorFlow {version('tensorflow')} has no TF-TRT: .ci/tftrt runs this with 2.17.1", allow_module_level=True
    )
if reason := without_tensorrt():
    pytest.skip(f"{reason}: .ci/tftrt compiles a test double of the library", allow_module_level=True)

import tensorflow as tf
from tensorflow.python.compiler.tensorrt import trt_convert

from emolab.engines.deployable import deployed
from emolab.models.network import build_network

MODELS = {"vgg19": vgg19, "resnet50": resnet50, "mobilenetv2": mobilenetv2, "custom_cnn": custom_cnn}
PASSIVE = {"Const", "Placeholder", "Identity", "NoOp", "_Arg", "_Retval"}  # no operation that a GPU would run


class OnGpu:
    """TensorFlow's array operations, which say of a new tensor that it lies on a GPU: `convert` asks only that."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def zeros(self, shape: list[int]) -> Any:
        return type("Tensor", (), {"device": "/job:localhost/replica:0/task:0/device:GPU:0"})


@pytest.mark.parametrize("name", MODELS)
def test_nearly_all_of_each_model_becomes_one_engine_that_says_what_keras_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _source(name, tmp_path)
    monkeypatch.setattr(trt_convert, "array_ops", OnGpu(trt_convert.array_ops))
    converter = TfTrt().converted(source, "fp32")
    graph = converter._converted_graph_def
    engines = [node for node in graph.node if node.op == "TRTEngineOp"]
    assert len(engines) == 1
    inside, outside = _segment(graph, engines[0]), [node for node in graph.node if node.op != "TRTEngineOp"]
    share = _active(inside) / (_active(inside) + _active(outside))
    print(f"{name}: {_active(inside)} operations in one engine, {share:.1%}")
    assert share >= 0.95
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3)).astype(np.uint8)
    np.testing.assert_allclose(_native(graph, images), source.network(images).numpy(), atol=1e-5)


def test_what_tensorrt_built_is_saved_where_it_is_checked_and_what_it_did_not_build_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`save` runs as it is; building isn't done, and a file of one word stands for an engine that was built."""
    source = _source("custom_cnn", tmp_path)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(trt_convert, "array_ops", OnGpu(trt_convert.array_ops))
    monkeypatch.setattr(trt_convert.TrtGraphConverterV2, "build", lambda *_: None)
    with pytest.raises(RunError, match=r"TensorRT built no engine for TRTEngineOp_\d+_000"):
        TfTrt().build(source, "fp32", tmp_path / "failed")

    def serialize(resource_name: str, filename: str, **_: bool) -> None:
        Path(filename).write_text("engine")

    monkeypatch.setattr(trt_convert.gen_trt_ops, "serialize_trt_resource", serialize)
    TfTrt().build(source, "fp32", tmp_path / "built")
    (engine,) = (tmp_path / "built" / SAVED_MODEL / "assets").iterdir()
    assert engine.read_text() == "engine"
    check_graph(tmp_path / "built" / SAVED_MODEL, OPERATIONS, OBJECTS)
    assert not list((tmp_path / "temporary").iterdir())
    assert tempfile.gettempdir() == str(tmp_path / "temporary")


def test_without_a_gpu_it_says_so_in_one_line() -> None:
    reason = TfTrt().available("fp16")
    assert reason is not None
    assert "GPU" in reason
    assert "\n" not in reason


def _source(name: str, folder: Path) -> Source:
    temperatures = {f"class {number}": 0.7 + number / 5 for number in range(7)}
    network = deployed(build_network(name, MODELS[name], classes=7, image_size=48), temperatures)
    save(network, folder / SAVED_MODEL)
    return Source(network, folder / SAVED_MODEL, 48, lambda: np.zeros((1, 48, 48, 3), np.uint8))


def _segment(graph: Any, engine: Any) -> list[Any]:
    (function,) = (one for one in graph.library.function if one.signature.name == engine.attr["segment_func"].func.name)
    return list(function.node_def)


def _active(nodes: list[Any]) -> int:
    return sum(node.op not in PASSIVE for node in nodes)


def _native(graph: Any, images: np.ndarray) -> np.ndarray:
    """Run the graph with the engine's own TensorFlow operations in the place of TensorRT."""
    native = type(graph)()
    native.CopyFrom(graph)
    for node in (node for node in native.node if node.op == "TRTEngineOp"):
        call = {"f": node.attr["segment_func"], "Tin": node.attr["InT"], "Tout": node.attr["OutT"]}
        attributes = {key: type(value).FromString(value.SerializeToString()) for key, value in call.items()}
        node.op = "StatefulPartitionedCall"
        node.ClearField("attr")
        for key, value in attributes.items():
            node.attr[key].CopyFrom(value)
    names = {node.op: node.name for node in native.node}
    output = next(node.name for node in native.node if node.op == "Identity")
    with tf.Graph().as_default() as place:
        tf.import_graph_def(native, name="")
        with tf.compat.v1.Session(graph=place) as session:
            return session.run(f"{output}:0", {f"{names['Placeholder']}:0": images})
