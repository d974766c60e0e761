import errno
import json
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from commands import environment

from emolab.data.prepared import PreparedData
from emolab.engines import load_engine, manifest, selected_engine
from emolab.engines.backends.base import Source, in_parts
from emolab.engines.backends.onnxruntime import OnnxRuntime
from emolab.engines.build import Builder
from emolab.engines.deployable import CALIBRATION
from emolab.engines.registry import BACKENDS, backend
from emolab.engines.schema import Hardware
from emolab.engines.selection import engine_folder, engines_of, exporting, select, select_fastest
from emolab.errors import ConfigError, RunError
from emolab.evaluation.calibration import calibrated
from emolab.evaluation.predictions import Predictions
from emolab.judging.judge import classifier
from emolab.models.normalization import caffe
from emolab.runs import RunRecord
from emolab.runs.network import load_network
from realtime.recogniser import Wanted, recogniser

# How far a probability may be off: rounding alone in fp32; a few steps of the number format else.
LIMITS = {"fp32": 1e-5, "fp16": 5e-3, "bf16": 2e-2, "int8": 0.15}
PROVED = {
    "parity": {
        "n": 24, "accuracy_engine": 0.5, "accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}, "agreement": 1.0,
        "drop": {"value": 0.0, "low": 0.0, "high": 0.0},
    },
    "latency_ms": {"p50": 9.0, "p95": 10.0, "p99": 11.0}, "gates": {"latency": True}, "budget_ms": 33,
}  # fmt: skip
HOT = {"anger": 9.5, "happy": 9.5, "sad": 9.5}
ALL = [(name, precision) for name in BACKENDS for precision in backend(name).known]


def _built(builder: Builder, name: str, precision: str) -> Path:
    reason = backend(name).available(precision)
    if reason is not None:
        pytest.skip(reason)
    return builder.build(backend(name), precision)


def _calibrated(run: RunRecord, images: np.ndarray) -> np.ndarray:
    count = len(images)
    logits = classifier(load_network(run))(images)
    numbers = np.arange(count)
    said = Predictions(logits, np.zeros(count, int), numbers, run.classes, numbers.astype(np.uint64))
    assert len(set(run.temperatures.values())) == len(run.classes)  # or an order that is wrong wouldn't be seen
    return calibrated(said, run.temperatures).probabilities()


@pytest.mark.parametrize(("name", "precision"), ALL)
def test_an_engine_says_what_the_run_says_for_batches_of_any_size(
    builder: Builder, tiny_run: RunRecord, tiny_data: PreparedData, name: str, precision: str
) -> None:
    engine = load_engine(_built(builder, name, precision), threads=1, run=tiny_run)
    images = tiny_data.images[tiny_data.rows("validation")]
    expected = _calibrated(tiny_run, images)
    for batch in (images, images[:1], images[:5]):
        found = engine(batch)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[: len(batch)], atol=LIMITS[precision])
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert engine(images[:0]).shape == (0, 3)
    with pytest.raises(ValueError, match="uint8"):
        engine(images.astype(np.float32))


def test_openvino_quantizes_nothing_behind_the_logits(builder: Builder) -> None:
    folder = _built(builder, "openvino", "int8")
    operations = sys.modules["openvino"].Core().read_model(folder / "model.xml").get_ops()
    quantized = [one.get_friendly_name() for one in operations if one.get_type_name() == "FakeQuantize"]
    assert quantized
    assert not [name for name in quantized if CALIBRATION in name]


def test_weights_in_int8_are_so_small_that_no_processor_overflows(builder: Builder) -> None:
    graph = _built(builder, "onnxruntime", "int8") / "model.onnx"
    initializers = sys.modules["onnx"].load(graph).graph.initializer
    of_onnx = [sys.modules["onnx"].numpy_helper.to_array(one) for one in initializers]
    graph = _built(builder, "openvino", "int8") / "model.xml"
    operations = sys.modules["openvino"].Core().read_model(graph).get_ops()
    of_openvino = [one.data for one in operations if one.get_type_name() == "Constant"]
    for arrays in (of_onnx, of_openvino):
        weights = [np.abs(one.astype(int)).max() for one in arrays if one.dtype == np.int8 and one.ndim > 1]
        assert weights
        assert max(weights) <= 64


def test_int8_for_tensorrt_is_signed_and_symmetric_and_its_number_formats_and_batches_are_asked_for(
    tmp_path: Path,
) -> None:
    """TensorRT itself has never run here: what is shown is what it's given."""
    tensorrt = OnnxRuntime(providers=("TensorrtExecutionProvider", "CUDAExecutionProvider"))
    if reason := tensorrt.why_not_built("int8"):
        pytest.skip(reason)
    faces = keras.Input((16, 16, 3), dtype="uint8", name="images")
    maps = keras.layers.Conv2D(8, 3, activation="relu", bias_initializer="ones")(keras.ops.cast(faces, "float32"))
    network = keras.Model(faces, keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(maps / 99)))
    images = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), np.uint8)
    tensorrt.build(Source(network, tmp_path, 16, lambda: images), "int8", tmp_path)
    graph = sys.modules["onnx"].load(tmp_path / "model.onnx").graph
    arrays = {one.name: sys.modules["onnx"].numpy_helper.to_array(one) for one in graph.initializer}
    points = [arrays[node.input[2]] for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert {str(point.dtype) for point in points} == {"int8"}
    assert not any(point.any() for point in points)
    said = OnnxRuntime().load(tmp_path, "int8", 1)(images)
    np.testing.assert_allclose(said, network.predict_on_batch(images), atol=LIMITS["int8"])
    shapes = {
        f"trt_profile_{name}_shapes": f"images:{count}x16x16x3"
        for name, count in (("min", 1), ("opt", 1), ("max", 128))
    }
    for precision, fp16, int8 in (("fp32", False, False), ("fp16", True, False), ("int8", False, True)):
        formats = {"trt_fp16_enable": fp16, "trt_int8_enable": int8}
        for one, expected in ((tensorrt, {**formats, **shapes}), (replace(tensorrt, largest_batch=None), formats)):
            asked = one.asked(precision, tmp_path / "model.onnx")
            assert asked == [("TensorrtExecutionProvider", expected), "CUDAExecutionProvider"]


def test_a_batch_larger_than_an_engine_was_built_for_runs_in_parts() -> None:
    sizes: list[int] = []

    def classify(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        return images[:, :1]

    images = np.arange(14).reshape(7, 2)
    np.testing.assert_array_equal(in_parts(classify, 3)(images), images[:, :1])
    assert sizes == [3, 3, 1]


def test_the_runs_network_says_calibrated_probabilities_as_its_engines_do(
    tiny_run: RunRecord, tiny_data: PreparedData
) -> None:
    images = tiny_data.images[tiny_data.rows("validation")]
    network = recogniser(tiny_run, Wanted("network"), live=False)
    expected = _calibrated(tiny_run, images)
    for batch in (images, images[:1]):
        np.testing.assert_allclose(network(batch), expected[: len(batch)], atol=LIMITS["fp32"])
    assert network.classes == tiny_run.classes


@pytest.mark.parametrize(("name", "precision"), [("onnxruntime", "fp32"), ("openvino", "int8"), ("litert", "int8")])
def test_an_engine_loads_and_runs_without_tensorflow(builder: Builder, name: str, precision: str) -> None:
    folder = _built(builder, name, precision)
    script = (
        "import sys, numpy as np; from pathlib import Path; from emolab.engines import load_engine;"
        f"print(load_engine(Path({str(folder)!r}))(np.zeros((2, 32, 32, 3), np.uint8)).shape);"
        "print([name for name in ('tensorflow', 'keras', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=300
    )
    assert done.stdout.splitlines()[-2:] == ["(2, 3)", "[]"], done.stderr


@pytest.fixture
def copied(builder: Builder, tmp_path: Path) -> Path:
    """A copy of an engine, to be damaged."""
    return Path(shutil.copytree(_built(builder, "tensorflow", "fp32"), tmp_path / "tensorflow-fp32"))


def test_a_changed_a_missing_and_an_added_file_are_refused(copied: Path) -> None:
    graph = copied / "saved_model" / "saved_model.pb"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1] + b"x")
    with pytest.raises(RunError, match="SHA-256"):
        load_engine(copied)
    graph.unlink()
    with pytest.raises(RunError, match=r"saved_model\.pb"):
        load_engine(copied)
    graph.write_bytes(whole)
    (copied / "more.bin").write_bytes(b"x")
    with pytest.raises(RunError, match=r"more\.bin"):
        load_engine(copied)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("onnxruntime", "model.onnx"),
        ("litert", "model.tflite"),
        ("openvino", "model.xml"),
        ("openvino", "model.bin"),
        ("tensorflow", "saved_model/variables/variables.index"),
        ("tensorflow", "saved_model/variables/variables.data-00000-of-00001"),
    ],
)
def test_an_engine_that_its_runtime_cant_read_though_its_digests_are_right_is_refused(
    builder: Builder, tmp_path: Path, name: str, file: str
) -> None:
    folder = Path(shutil.copytree(_built(builder, name, "fp32"), tmp_path / "engine"))
    whole = (folder / file).read_bytes()
    for content in (b"garbage", whole[: len(whole) // 2], b""):
        (folder / file).write_bytes(content)
        manifest.write(folder, manifest.read(folder).model_dump())
        with pytest.raises(RunError, match=rf"can't be used by {name}: .*\w.*\. Delete the engine's folder and export"):
            load_engine(folder)


@pytest.mark.parametrize("name", ["onnxruntime", "litert", "openvino"])
def test_an_engine_of_another_network_than_its_facts_say_is_refused(
    builder: Builder, tmp_path: Path, name: str
) -> None:
    folder = Path(shutil.copytree(_built(builder, name, "fp32"), tmp_path / "engine"))
    manifest.amend(folder, image_size=48)
    with pytest.raises(RunError, match=f"can't be used by {name}: .*48"):
        load_engine(folder)
    manifest.amend(folder, image_size=32, classes=["sad", "happy"])
    with pytest.raises(RunError, match=r"gives \(1, 3\) for a face; expected \(1, 2\)"):
        load_engine(folder)


def _another(run: RunRecord, folder: Path, **fields: object) -> RunRecord:
    """A run that has other facts than this one; None: it lacks that one."""
    folder.mkdir(exist_ok=True)
    lacking = {name for name, value in fields.items() if value is None}
    facts = {name: value for name, value in {**run.fields(), **fields}.items() if name not in lacking}
    (folder / "run.json").write_text(json.dumps(facts))
    return RunRecord.open(folder)


def test_other_classes_are_refused_with_both_lists(copied: Path, tiny_run: RunRecord, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"anger, happy, sad(.|\n)*angry, happy, sad"):
        load_engine(
            copied, run=_another(tiny_run, tmp_path / "other", classes=["angry", "happy", "sad"], temperatures=None)
        )


def test_an_engine_of_older_weights_or_with_other_temperatures_is_refused(
    copied: Path, tiny_run: RunRecord, tmp_path: Path
) -> None:
    load_engine(copied, run=tiny_run)
    best = tiny_run.facts.checkpoints["best"]
    newer = _another(tiny_run, tmp_path / "other", sha256={**tiny_run.facts.sha256, best: "0" * 64})
    with pytest.raises(RunError, match=r"of other weights.*Export it again"):
        load_engine(copied, run=newer)
    happier = {**tiny_run.temperatures, "happy": 9.5}
    with pytest.raises(RunError, match=r"temperature .* of happy, and the run's is 9\.5 now\. Export it again"):
        load_engine(copied, run=_another(tiny_run, tmp_path / "other", temperatures=happier))
    load_engine(copied, run=_another(tiny_run, tmp_path / "other", temperatures=None))


def test_an_engine_of_another_machine_says_so(copied: Path, caplog: pytest.LogCaptureFixture) -> None:
    manifest.amend(copied, hardware={**manifest.this_hardware().model_dump(), "processor": "Abacus"})
    load_engine(copied)
    assert "Abacus there" in caplog.text


def test_an_engine_bound_to_a_gpu_is_refused_on_another() -> None:
    hardware = Hardware(gpus=["Tesla T4"])
    assert "Tesla T4" in str(manifest.problem_with_hardware(hardware, bound=True))
    assert manifest.problem_with_hardware(hardware, bound=False) is None


def test_an_engine_is_built_again_only_when_something_changed(
    builder: Builder, tiny_run: RunRecord, tiny_data: PreparedData
) -> None:
    folder = _built(builder, "tensorflow", "fp32")
    before = (folder / manifest.FACTS).stat().st_mtime_ns
    assert _built(builder, "tensorflow", "fp32") == folder
    assert (folder / manifest.FACTS).stat().st_mtime_ns == before
    said: list[str] = []
    hotter = Builder(tiny_run, tiny_data, load_network(tiny_run), HOT, say=said.append)
    hotter.build(backend("tensorflow"), "fp32")
    assert said == ["tensorflow-fp32: building"]
    builder.build(backend("tensorflow"), "fp32")


def test_a_build_that_fails_leaves_nothing_behind(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _built(builder, "tensorflow", "fp32")
    (folder / manifest.FACTS).write_text("{}")  # so that it must be built again
    kind = type(backend("tensorflow"))

    def write_half(self: object, source: object, precision: str, place: Path) -> dict[str, object]:
        (place / "half.bin").write_bytes(b"x")
        raise OSError(errno.ENOSPC, "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(kind, "build", write_half)
        with pytest.raises(RunError, match=r"the run folder .* can't be written: the disk is full"):
            builder.build(backend("tensorflow"), "fp32")
    assert not list(folder.parent.rglob("half.bin"))
    builder.build(backend("tensorflow"), "fp32")
    load_engine(folder)


def test_the_selected_engine_is_found_and_none_where_it_is_gone_outdated_unusable_or_not_judged(
    builder: Builder, tiny_run: RunRecord, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    engine = folder / "engines" / "tensorflow-fp32"
    shutil.copytree(_built(builder, "tensorflow", "fp32"), engine)
    run = _another(tiny_run, folder)
    assert selected_engine(run) is None
    select(run, engine, "the fastest")
    assert selected_engine(run) is None  # an export that is interrupted before it judges leaves it so
    manifest.amend(engine, **PROVED)
    assert selected_engine(run) == engine
    assert selected_engine(_another(tiny_run, folder, temperatures=HOT)) is None
    assert selected_engine(_another(tiny_run, folder, temperatures=None)) == engine
    manifest.amend(engine, gates={"usable": False})
    assert selected_engine(run) is None
    manifest.amend(engine, gates=PROVED["gates"], weights="of an earlier epoch")
    assert selected_engine(run) is None
    shutil.rmtree(engine)
    assert selected_engine(run) is None


@pytest.mark.parametrize("name", ["../../elsewhere", "..", 5])
def test_a_selection_that_leads_out_of_the_runs_engines_is_refused(
    tiny_run: RunRecord, tmp_path: Path, name: object
) -> None:
    run = _another(tiny_run, tmp_path / "run")
    (run.folder / "engines").mkdir()
    (run.folder / "engines" / "selected.json").write_text(json.dumps({"engine": name}))
    with pytest.raises(RunError, match="refused"):
        selected_engine(run)


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_a_folder_that_is_no_engine_is_no_choice_of_the_viewer(tiny_run: RunRecord, name: str) -> None:
    with pytest.raises(ConfigError, match="no such engine"):
        recogniser(tiny_run, Wanted(name, failed_gates=True), live=False)


def test_a_run_has_the_engines_that_were_built_whole_under_their_names(
    copied: Path, tiny_run: RunRecord, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = _another(tiny_run, tmp_path / "run")
    shutil.copytree(copied, run.folder / "engines" / ".tmp-abc" / "litert-fp32")
    shutil.copytree(copied, run.folder / "engines" / "tensorflow-fp32")
    assert [facts.engine for facts in engines_of(run)] == ["tensorflow"]
    with pytest.raises(ConfigError, match=r"Choose from: auto, selected, network, tensorflow-fp32$"):
        recogniser(run, Wanted(".tmp-abc", failed_gates=True), live=False)
    shutil.copytree(copied, run.folder / "engines" / "tensorflow-fp32.kept")
    assert [facts.engine for facts in engines_of(run)] == ["tensorflow"]
    assert "tensorflow-fp32.kept: somebody has renamed it, or it's a copy" in caplog.text


def test_a_link_by_an_engines_name_is_refused_in_the_viewer(copied: Path, tiny_run: RunRecord, tmp_path: Path) -> None:
    run = _another(tiny_run, tmp_path / "run")
    (run.folder / "engines").mkdir()
    (run.folder / "engines" / "mine").symlink_to(copied)
    assert engines_of(run) == []
    with pytest.raises(RunError, match="outside the run folder"):
        recogniser(run, Wanted("mine", failed_gates=True), live=False)


@pytest.mark.parametrize(
    ("facts", "budget_ms", "stays"),
    [
        (PROVED, 10.0, True),
        (PROVED, 9.9, False),  # an earlier export had a wider budget
        ({**PROVED, "gates": {"usable": False}}, 10.0, False),
        ({"gates": {"latency": True}}, 10.0, False),
        ({}, 10.0, False),
    ],
)
def test_where_no_engine_passes_the_one_before_stays_if_its_own_proof_passes_the_budget_of_now(
    copied: Path, tiny_run: RunRecord, tmp_path: Path, facts: dict[str, object], budget_ms: float, stays: bool
) -> None:
    run = _another(tiny_run, tmp_path / "run")
    engine = shutil.copytree(copied, run.folder / "engines" / "tensorflow-fp32")
    manifest.amend(engine, **facts)
    select(run, engine, "the fastest")
    told = select_fastest(run, [], budget_ms)
    assert told == f"selected: no engine passes every gate; {'tensorflow-fp32 stays' if stays else 'none is selected'}"
    assert selected_engine(run) == (engine if stays else None)
    assert (run.folder / "engines" / "selected.json").exists() is stays


def test_a_selection_that_cant_be_read_is_dropped_where_no_engine_passes(
    copied: Path, tiny_run: RunRecord, tmp_path: Path
) -> None:
    run = _another(tiny_run, tmp_path / "run")
    engine = shutil.copytree(copied, run.folder / "engines" / "tensorflow-fp32")
    manifest.amend(engine, **PROVED)
    for damage in ("selected.json", "tensorflow-fp32/engine.json"):
        select(run, engine, "the fastest")
        assert select_fastest(run, [], 33) == "selected: no engine passes every gate; tensorflow-fp32 stays"
        (run.folder / "engines" / damage).write_text("{")
        assert select_fastest(run, [], 33) == "selected: no engine passes every gate; none is selected"
        assert not (run.folder / "engines" / "selected.json").exists()


def test_a_link_in_place_of_an_engine_is_not_followed(tiny_run: RunRecord, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "engines").mkdir(parents=True)
    shutil.copy(tiny_run.folder / "run.json", folder)
    (folder / "engines" / "tensorflow-fp32").symlink_to(tiny_run.folder)
    with pytest.raises(RunError, match="outside the run folder"):
        engine_folder(RunRecord.open(folder), "tensorflow", "fp32")


def test_a_backend_or_an_option_that_is_unknown_is_refused() -> None:
    with pytest.raises(RunError, match="choose from tensorflow"):
        backend("tensorrt")
    with pytest.raises(RunError, match="provider"):
        backend("onnxruntime", {"provider": "CPU"})


def test_int8_with_accuracy_control_names_the_calibration_faces_as_before(
    builder: Builder, tiny_run: RunRecord, tiny_data: PreparedData
) -> None:
    controlled = backend("openvino", {"max_disagreement": 0.0})
    if reason := controlled.available("int8"):
        pytest.skip(reason)
    before = load_engine(_built(builder, "tensorflow", "fp32"))
    faces = builder._calibration()
    after = load_engine(builder.build(controlled, "int8"))
    assert after.facts.options["max_disagreement"] == 0.0
    np.testing.assert_array_equal(after(faces).argmax(axis=1), before(faces).argmax(axis=1))


def test_litert_in_int8_sees_the_colours_that_vgg19_and_resnet50_expect(tmp_path: Path) -> None:
    """Once its form of flipped channels gave other values, and VGG19 named every sixth face otherwise."""
    litert = backend("litert")
    if reason := litert.available("int8"):
        pytest.skip(reason)
    images = keras.Input((16, 16, 3), dtype="uint8", name="images")
    means = keras.layers.GlobalAveragePooling2D()(caffe(keras.ops.cast(images, "float32")))
    network = keras.Model(images, keras.ops.softmax(means / 50))
    network.export(tmp_path / "saved_model", verbose=False)
    colours = np.random.default_rng(0).integers(0, 256, (60, 1, 1, 3), np.uint8)
    faces = np.broadcast_to(colours, (60, 16, 16, 3)).copy()
    source = Source(network, tmp_path / "saved_model", 16, lambda: faces)
    litert.build(source, "int8", tmp_path)
    found = litert.load(tmp_path, "int8", 1)(faces)
    np.testing.assert_allclose(found, network.predict_on_batch(faces), atol=0.02)


def test_what_a_killed_export_had_half_built_is_gone_with_the_next(tiny_run: RunRecord) -> None:
    left = tiny_run.folder / "engines" / ".tmp-abc" / "tensorflow-fp32"
    left.mkdir(parents=True)
    (left / "half.bin").write_bytes(b"x")
    with exporting(tiny_run):
        assert not left.parent.exists()


def test_two_exports_of_a_run_at_once_are_refused(tiny_run: RunRecord) -> None:
    with exporting(tiny_run), pytest.raises(RunError, match="another export"), exporting(tiny_run):
        pass
    with exporting(tiny_run):  # free again
        pass


@pytest.mark.parametrize("name", ["engines", "engines/.lock"])
def test_a_run_folder_that_cant_be_written_is_named(tiny_run: RunRecord, tmp_path: Path, name: str) -> None:
    shutil.copytree(tiny_run.folder, tmp_path / "run", ignore=shutil.ignore_patterns("engines"))
    blocked = tmp_path / "run" / name
    blocked.mkdir(parents=True) if name.endswith(".lock") else blocked.write_text("")
    with (
        pytest.raises(RunError, match=r"the run folder .*/run can't be written: "),
        exporting(RunRecord.open(tmp_path / "run")),
    ):
        pass


def test_a_full_disk_is_told_and_what_was_proved_before_stays(builder: Builder, tiny_run: RunRecord) -> None:
    folder = _built(builder, "tensorflow", "fp32")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    facts = manifest.read(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        for write in (lambda: manifest.amend(folder, gates={}), lambda: select(tiny_run, folder, "the fastest")):
            with pytest.raises(RunError, match=r"the run folder .* can't be written"):
                write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert manifest.read(folder) == facts
