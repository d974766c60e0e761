"""What of TF-TRT can be shown without TensorRT; its real pass: tests/tftrt."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from emolab.engines.backends.tftrt import NATIVE, TfTrt, check_built
from emolab.errors import RunError


def _converted(folder: Path, engines: list[str]) -> Path:
    """A SavedModel with these parts for TensorRT, in a function as TF-TRT saves them."""
    model = saved_model_pb2.SavedModel()
    graph = model.meta_graphs.add()
    graph.object_graph_def.nodes.add()
    function = graph.graph_def.library.function.add()
    for name in engines:
        function.node_def.add(name=f"inner/{name}", op="TRTEngineOp")
    (folder / "assets").mkdir()
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder


def test_an_engine_that_tensorrt_did_not_build_is_no_engine(tmp_path: Path) -> None:
    model = _converted(tmp_path, ["TRTEngineOp_000_000", "TRTEngineOp_000_001"])
    first, second = (model / "assets" / f"trt-serialized-engine.TRTEngineOp_000_00{number}" for number in range(2))
    first.write_bytes(b"a plan")
    with pytest.raises(RunError, match=r"^TensorRT built no engine for TRTEngineOp_000_001: .*TF_CPP_MIN_LOG_LEVEL=1"):
        check_built(model)
    second.touch()  # so it's left where building failed
    with pytest.raises(RunError, match="no engine for TRTEngineOp_000_001:"):
        check_built(model)
    second.write_bytes(b"a plan")
    check_built(model)


def test_a_network_of_which_tensorrt_takes_nothing_is_no_engine(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"^TensorRT built no engine for any part of the network: "):
        check_built(_converted(tmp_path, []))


def _converted_means(folder: Path) -> None:
    """A SavedModel of TensorFlow alone: uint8 faces -> their mean and how many they are."""
    model = tf.Module()

    def means(images: tf.Tensor) -> dict[str, tf.Tensor]:
        found = tf.reduce_mean(tf.cast(images, tf.float32), (1, 2, 3))
        return {"means": tf.stack([found, tf.fill(tf.shape(found), tf.cast(tf.size(found), tf.float32))], axis=1)}

    model.means = tf.function(means, input_signature=[tf.TensorSpec((None, 8, 8, 3), tf.uint8, name="images")])
    tf.saved_model.save(model, str(folder / "saved_model"), signatures=model.means)


def test_an_engine_that_is_served_never_runs_in_tensorflow_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NATIVE, "1")
    _converted_means(tmp_path)
    TfTrt().load(tmp_path, "fp32", threads=1)(np.zeros((1, 8, 8, 3), np.uint8))
    assert os.environ[NATIVE] == "0"


def test_more_faces_than_the_largest_engine_takes_go_through_it_in_parts(tmp_path: Path) -> None:
    _converted_means(tmp_path)
    classify = TfTrt(batches=(4, 1)).load(tmp_path, "fp32", threads=1)
    images = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    found = classify(images)
    np.testing.assert_array_equal(found[:, 0], range(10))
    np.testing.assert_array_equal(found[:, 1], [4] * 8 + [2] * 2)
