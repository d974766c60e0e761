import copy
import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from commands import environment

import emolab
from emolab.config.command import check_command, composed
from emolab.data.crop import crop_and_resize
from emolab.data.image import read_image
from emolab.data.prepared import PreparedData
from emolab.engines import Engine, load_engine, manifest, selected_engine, table
from emolab.engines.benchmark import Benchmark, why_not_here
from emolab.engines.build import Builder
from emolab.engines.earlier import earlier_engines
from emolab.engines.gates import was_judged
from emolab.engines.latency import TimingPlan
from emolab.engines.network import NetworkClassifier
from emolab.engines.readiness import check_judges, temperatures_of
from emolab.engines.registry import BACKENDS, backend
from emolab.engines.selection import deselect, select
from emolab.errors import ConfigError, DataError, RunError
from emolab.export import _main, export, wanted_engines
from emolab.runs import RunRecord, resolve
from emolab.runs.network import load_network
from realtime.recogniser import Wanted, recogniser

# In this process, for no command may ask for fewer than 200 calls, which take Keras's own predict half a minute.
QUICK = ("latency.calls=20", "latency.batches=[1,4]", "latency.rounds=1", "resamples=100", "calibration_images=20")


class Exported(NamedTuple):
    """What `engine=auto` printed, and the project and its run as it left them; who exports again does so in a copy."""

    printed: str
    project: Path
    run: RunRecord

    def copied(self, folder: Path) -> tuple[Path, RunRecord]:
        """Copy the project into `folder`; return it and its run."""
        project = shutil.copytree(self.project, folder / "project")
        return project, resolve("last", project / "runs")[0]


@pytest.fixture(scope="module")
def exported(tiny_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """An export to all that is quickly built, in a copy: other tests build in the run itself."""
    project = shutil.copytree(tiny_project, tmp_path_factory.mktemp("exported") / "project")
    few = ("engine.backends.openvino.precisions=[int8]", "engine.backends.onnxruntime.precisions=[fp16]")
    with chdir(project), redirect_stdout(io.StringIO()) as printed:
        shown = ("logger=wandb", "logger.wait_seconds=300")
        export(composed("export", ["ckpt.run=last", "engine=auto", *few, "budget_ms=5000", *QUICK, *shown]))
    return Exported(printed.getvalue(), project, resolve("last", project / "runs")[0])


def _exported_in(project: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, str]:
    """Do what a command does that is given in this folder; return the status of each engine that it's about."""
    monkeypatch.chdir(project)
    rows = export(composed("export", ["ckpt.run=last", *arguments, *QUICK, "logger=jsonl"]))
    return {row.engine: row.status for row in rows}


def _benchmarked(
    builder: Builder,
    data: PreparedData,
    names: Sequence[str] = ("litert", "tensorflow"),
    batches: Sequence[int] = (1,),
    precisions: Sequence[str] = ("fp32",),
) -> list[table.Row]:
    """The rows of these engines, after as few calls as can be."""
    plan = TimingPlan(calls=2, warm_up=1, block=1, batches=batches, rounds=1)
    wanted = [(backend(name), precision) for name in names for precision in precisions]
    benchmark = Benchmark(builder.record, data, builder, None, plan, 5000, resamples=50)
    return benchmark.run(wanted, why_not_here(wanted))


@pytest.mark.parametrize("choice", ["all", "auto"])
def test_all_and_auto_ask_for_every_engine_there_is(choice: str) -> None:
    engine = composed("export", [f"engine={choice}"]).engine
    assert (engine.name, list(engine.backends)) == (choice, list(BACKENDS))


MINE = "+engine.backends.mine={precisions:[fp32],options:{}}"


def test_an_engine_more_is_a_line_of_the_registry_and_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "mine", BACKENDS["litert"])
    check_command("export", ["engine=litert", MINE])
    assert len(wanted_engines(composed("export", ["engine=litert", MINE]))) == 3


def test_a_gate_of_fewer_calls_than_a_percentile_needs_is_refused() -> None:
    check_command("export", ["latency.calls=200"])
    with pytest.raises(ConfigError, match=r"latency\.calls=199: expected .*200"):
        check_command("export", ["latency.calls=199"])


def test_an_engine_that_there_isnt_is_refused_before_the_run_is_sought(tmp_path: Path) -> None:
    settings = composed("export", ["engine=litert", MINE, f"paths.runs={tmp_path / 'absent'}"])
    with pytest.raises(RunError, match=r"there is no engine 'mine'; choose from tensorflow, .*litert"):
        export(settings)


def test_auto_selects_the_fastest_that_passes_and_says_why(exported: Exported) -> None:
    folder = selected_engine(exported.run)
    assert folder is not None
    assert f"selected: {folder.name}, the fastest of" in exported.printed
    facts = [manifest.read(path.parent) for path in exported.run.folder.glob("engines/*/engine.json")]
    passing = [one.latency_ms.p50 for one in facts if was_judged(one) and all(one.gates.values())]
    assert manifest.read(folder).latency_ms.p50 == min(passing)
    assert load_engine(folder).classes == exported.run.classes


def test_engine_json_says_what_was_proved(exported: Exported) -> None:
    engines = exported.run.folder / "engines"
    facts = manifest.read(engines / "litert-int8")
    assert {"n", "accuracy_run", "accuracy_engine", "agreement", "max_difference"} <= facts.parity.model_fields_set
    assert facts.parity.n == 24
    assert facts.latency_ms.calls == 20
    assert facts.latency_ms.threads >= 1
    assert facts.latency_ms.load_per_core >= 0
    assert set(facts.throughput) == {"1", "4"}
    assert facts.ratio.keras_predict > 1
    assert facts.gates.keys() == {"accuracy", "latency"}
    assert facts.temperatures == exported.run.facts.temperatures
    assert facts.versions.keys() == {"tensorflow", "ai-edge-litert"}
    assert facts.start.seconds < manifest.read(engines / "tensorflow-fp32").start.seconds


def test_the_table_has_a_row_an_engine_with_reasons(exported: Exported) -> None:
    folder = exported.run.folder / "engines"
    rows = list(csv.DictReader((folder / "table.csv").open()))
    names = {(row["engine"], row["precision"]): row for row in rows}
    assert names["keras", "predict"]["status"] == "baseline"
    assert names["tensorflow", "fp32"]["x SavedModel"] == "1.0"
    assert names["onnxruntime", "fp16"]["status"].startswith("not here: on a processor")
    assert (folder / "table.md").read_text().count("\n") == len(rows) + 2
    assert (folder / "table.png").read_bytes()[:4] == b"\x89PNG"
    assert list(exported.run.folder.glob("wandb/offline-run-*/*.wandb"))


def test_a_gate_that_fails_is_exit_code_one_and_the_engine_is_kept_but_marked(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project, record = exported.copied(tmp_path)
    assert selected_engine(record) is not None
    monkeypatch.chdir(project)
    arguments = ("engine=litert", "precision=int8", "budget_ms=0.0001", "logger=jsonl")
    assert _main(composed("export", ["ckpt.run=last", *arguments, *QUICK])) == 1
    assert "no engine passes every gate; none is selected" in capsys.readouterr().out  # no earlier one, either
    kept = record.folder / "engines" / "litert-int8"
    assert json.loads((kept / "engine.json").read_text())["gates"] == {"accuracy": True, "latency": False}
    assert load_engine(kept).precision == "int8"
    assert selected_engine(record) is None
    assert RunRecord.open(record.folder).facts == record.facts  # the run's own record is about its training


@pytest.mark.parametrize(
    ("asked", "passed", "code"),
    [
        ("auto", [True, False, None], 0),  # the fastest that passes is what was asked for
        ("auto", [False, None], 1),
        ("all", [True, None], 0),  # None: it can't run here
        ("all", [True, False], 1),
        ("onnxruntime", [False], 1),
    ],
)
def test_of_engines_asked_for_by_name_all_have_to_pass_of_auto_one(
    monkeypatch: pytest.MonkeyPatch, asked: str, passed: list[bool | None], code: int
) -> None:
    rows = [SimpleNamespace(tried=one is not None, passed=bool(one)) for one in passed]
    monkeypatch.setattr("emolab.export.export", lambda cfg: rows)
    assert _main(composed("export", [f"engine={asked}"])) == code


@pytest.mark.parametrize("milliseconds", [1e-6, 1e6])
def test_a_later_export_times_what_an_earlier_one_judged_again_and_selects_among_all(
    exported: Exported,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    milliseconds: float,
) -> None:
    """Whatever its times were with other threads and another budget; TensorFlow is slower than LiteRT."""
    project, record = exported.copied(tmp_path)
    folder = record.folder / "engines"
    for facts in folder.glob("*/engine.json"):
        if facts.parent.name not in ("tensorflow-fp32", "litert-fp32", "litert-int8"):
            shutil.rmtree(facts.parent)
    quickest = folder / "litert-int8"
    before, start = manifest.read(quickest), manifest.read(folder / "tensorflow-fp32").start
    times = {**before.latency_ms.model_dump(), **dict.fromkeys(("p50", "p95", "p99"), milliseconds), "threads": 99}
    manifest.amend(quickest, latency_ms=times, gates={**before.gates, "latency": milliseconds < 1}, budget_ms=1)
    statuses = _exported_in(project, monkeypatch, "engine=tensorflow", "budget_ms=5000", "threads=1")
    assert statuses == {"keras": "baseline", "tensorflow": "passed"}
    printed = capsys.readouterr().out
    assert "times of another day can't be compared: litert-fp32, litert-int8\n" in printed
    assert printed.count("judging the validation images") == 2  # the run's own and TensorFlow's
    chosen = selected_engine(record)
    assert chosen in (folder / "litert-fp32", quickest)
    assert "litert,int8,passed (earlier)," in (folder / "table.csv").read_text()
    after = manifest.read(quickest)
    assert 1e-3 < after.latency_ms.p50 < 1e3
    assert (after.latency_ms.threads, after.gates, after.budget_ms) == (1, before.gates, 5000)
    assert (after.parity, after.start) == (before.parity, before.start)
    assert manifest.read(folder / "tensorflow-fp32").start == start
    assert isinstance(recogniser(record, Wanted("selected", threads=1), live=False), Engine)


def test_how_an_engine_of_another_machine_starts_is_measured_here(builder: Builder, tiny_data: PreparedData) -> None:
    folder = builder.build(backend("litert"), "fp32")
    start = {"seconds": 1e6, "memory_mib": None}
    for hardware, same in ((manifest.this_hardware().model_dump(), True), ({"processor": "Abacus"}, False)):
        manifest.amend(folder, start=start, hardware=hardware)
        _benchmarked(builder, tiny_data, ["litert"])
        assert (manifest.read(folder).start.seconds == 1e6) == same


def test_an_earlier_engine_that_cant_be_loaded_any_more_is_told_of_and_costs_the_others_nothing(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SavedModel, which others are compared with, is one of them only where it was selected."""
    project, record = exported.copied(tmp_path)
    select(record, record.folder / "engines" / "tensorflow-fp32", "the fastest on that day")
    broken = record.folder / "engines" / "litert-int8"
    (broken / "model.tflite").write_bytes(b"garbage")
    manifest.write(broken, manifest.read(broken).model_dump())
    statuses = _exported_in(project, monkeypatch, "engine=litert", "precision=fp32", "budget_ms=5000")
    assert statuses == {"keras": "baseline", "litert": "passed"}
    table_text = (record.folder / "engines" / "table.csv").read_text()
    assert "\nlitert,int8,\"failed: couldn't be loaded, ValueError: The model is not a valid Flatbuffer" in table_text
    assert "\ntensorflow,fp32,passed (earlier)," in table_text
    assert manifest.read(broken).gates == {"usable": False}


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({}, True),
        ({"gates": {"accuracy": True, "latency": False}}, True),
        ({"gates": {"usable": False}}, False),
        ({"gates": None}, False),
        ({"parity": None}, False),
        ({"fingerprint": "of other weights"}, False),
        ({"hardware": {"processor": "Abacus"}}, False),
    ],
)
def test_an_earlier_engine_counts_as_long_as_it_is_what_was_judged_on_this_machine(
    builder: Builder, tiny_run: RunRecord, tmp_path: Path, fields: dict[str, object], holds: bool
) -> None:
    built = builder.build(backend("tensorflow"), "fp32")
    run_folder = tmp_path / "run"
    shutil.copytree(tiny_run.folder, run_folder, ignore=shutil.ignore_patterns("engines"))
    folder = shutil.copytree(built, run_folder / "engines" / built.name)
    again = copy.copy(builder)
    again.record = RunRecord.open(run_folder)
    none = {"value": 0.0, "low": 0.0, "high": 0.0}
    parity = {"n": 24, "accuracy_engine": 0.0, "accuracy": none, "drop": none, "agreement": 1.0}
    proved = {"parity": parity, "latency_ms": {"p50": 9.0, "p95": 10.0, "p99": 11.0}, "gates": {"latency": True}}
    manifest.amend(folder, **{**proved, "hardware": manifest.this_hardware().model_dump(), **fields})
    assert list(earlier_engines(again, [])) == ([("tensorflow", "fp32")] if holds else [])
    assert earlier_engines(again, [("tensorflow", "fp32")]) == {}


def test_what_cant_run_here_is_refused_with_its_reason_before_the_data_are_sought(
    tiny_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="none of the engines can run here: onnxruntime-fp16: on a processor"):
        _exported_in(tiny_project, monkeypatch, "engine=onnxruntime", "precision=fp16", "paths.cache=absent")


def test_an_engine_that_was_never_judged_isnt_used(exported: Exported, tmp_path: Path) -> None:
    _, record = exported.copied(tmp_path)
    path = record.folder / "engines" / "litert-int8" / "engine.json"
    path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "gates"}))
    with pytest.raises(ConfigError, match="never judged"):
        recogniser(record, Wanted("litert-int8"), live=False)
    assert recogniser(record, Wanted("litert-int8", failed_gates=True), live=False).image_size == 32


def test_an_engine_of_older_weights_is_neither_taken_as_selected_nor_by_its_name(
    exported: Exported, tmp_path: Path
) -> None:
    _, record = exported.copied(tmp_path)
    folder = selected_engine(record)
    assert folder is not None
    assert not isinstance(recogniser(record, Wanted("selected"), live=False), NetworkClassifier)
    manifest.amend(folder, weights="of an earlier epoch")
    assert isinstance(recogniser(record, Wanted("selected"), live=False), NetworkClassifier)
    with pytest.raises(RunError, match="of other weights"):
        recogniser(record, Wanted(folder.name, failed_gates=True), live=False)


def test_auto_takes_the_next_engine_where_the_selected_one_cant_run_here(exported: Exported, tmp_path: Path) -> None:
    _, record = exported.copied(tmp_path)
    folder = selected_engine(record)
    assert folder is not None
    manifest.amend(folder, hardware={"gpus": ["another"]}, engine="tftrt", options={})
    other = folder.with_name(f"tftrt-{folder.name.rpartition('-')[2]}")
    folder.rename(other)
    select(record, other, "the fastest")
    taken = recogniser(record, Wanted("auto", threads=1), live=True)
    assert isinstance(taken, Engine)
    assert taken.name != "tftrt"


def test_a_runtime_that_cant_load_stops_no_other_engine(
    builder: Builder, tiny_data: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object, folder: Path, precision: str, threads: int) -> None:
        raise ValueError("a model of another world")

    monkeypatch.setattr(type(backend("litert")), "load", broken)
    found = {row.engine: row for row in _benchmarked(builder, tiny_data)}
    assert found["tensorflow"].passed
    assert found["litert"].status.startswith("failed: couldn't be loaded, ValueError: a model of another world")


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("judged", "failed: couldn't be judged, DataError: the network gave NaN"),
        ("timed", "failed: couldn't be timed, RuntimeError: out of memory"),
    ],
)
def test_an_engine_that_fails_at_work_stops_no_other_and_is_not_fit_for_use(
    builder: Builder,
    tiny_run: RunRecord,
    tiny_data: PreparedData,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    told: str,
) -> None:
    """As fp16 overflows, or a batch of 30 faces is more than the runtime bears; 24 at a time are judged."""

    def failing(self: object, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        def classify(images: np.ndarray) -> np.ndarray:
            if len(images) == 30:
                raise RuntimeError("out of memory")
            return np.full((len(images), 3), np.nan if when == "judged" else 1 / 3, np.float32)

        return classify

    monkeypatch.setattr(type(backend("litert")), "load", failing)
    found = {row.engine: row for row in _benchmarked(builder, tiny_data, batches=(1, 30))}
    assert found["tensorflow"].passed
    assert found["litert"].status.startswith(told)
    assert (tiny_run.folder / "engines" / "litert-fp32.log").is_file()
    assert manifest.read(tiny_run.folder / "engines" / "litert-fp32").gates == {"usable": False}


def test_an_engine_that_names_otherwise_than_its_run_fails_its_gates_and_no_other_does(
    builder: Builder, tiny_run: RunRecord, tiny_data: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stubborn(self: object, folder: Path, precision: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        return lambda images: np.tile(np.float32([1.0, 0.0, 0.0]), (len(images), 1))

    monkeypatch.setattr(type(backend("litert")), "load", stubborn)
    found = {row.engine: row for row in _benchmarked(builder, tiny_data)}
    assert found["tensorflow"].passed
    assert not found["litert"].passed
    gates = manifest.read(tiny_run.folder / "engines" / "litert-fp32").gates
    assert gates == {"accuracy": False, "agreement": False, "latency": True}


def test_data_without_validation_images_are_refused_with_what_to_set(
    tiny_run: RunRecord, tiny_data: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = copy.copy(tiny_data)
    check_judges(tiny_run, data)
    monkeypatch.setattr(data, "rows", lambda split: np.array([], int))
    with pytest.raises(DataError, match=r"no validation images.*data\.split\.validation"):
        check_judges(tiny_run, data)


def test_data_without_training_images_cost_the_engines_in_int8_alone(
    tiny_run: RunRecord, tiny_data: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = copy.copy(tiny_data)
    monkeypatch.setattr(data, "rows", lambda split: tiny_data.rows(split)[: 0 if split == "train" else None])
    builder = Builder(tiny_run, data, load_network(tiny_run), tiny_run.temperatures, 7)  # no int8 built before
    told = "litert-int8: int8 needs training images, and .* has none; precision=fp32"
    with pytest.raises(RunError, match=f"none of the engines can run here: {told}"):
        _benchmarked(builder, data, ["litert"], precisions=["int8"])
    found = {
        (row.engine, row.precision): row for row in _benchmarked(builder, data, ["litert"], precisions=["fp32", "int8"])
    }
    assert found["litert", "fp32"].passed
    assert found["litert", "int8"].status.startswith("not here: int8 needs training images")


def test_an_export_fits_what_an_evaluation_does_and_keeps_it_if_the_data_are_the_runs_own(
    tiny_run: RunRecord, tiny_data: PreparedData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_run.folder, tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    evaluated = (facts.pop("temperatures"), facts.pop("uncertain_below"))
    own, network = facts["data"]["content"], load_network(tiny_run)
    for content in ("another", own):
        facts["data"]["content"] = content
        (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
        record = RunRecord.open(tmp_path / "run")
        check_judges(record, tiny_data)
        fitted = temperatures_of(record, tiny_data, network)
        assert fitted == pytest.approx(evaluated[0], rel=1e-3)
        kept = RunRecord.open(tmp_path / "run").facts
        expected = [pytest.approx(one, rel=1e-3) if content == own else None for one in evaluated]
        assert [kept.temperatures, kept.uncertain_below] == expected
        assert ("not on the data that the run was trained on" in capsys.readouterr().out) == (content != own)


def test_a_library_that_is_missing_is_a_reason_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def unimportable(self: object, precision: str) -> None:
        raise ImportError("libtbb.so.12: cannot open shared object file")

    monkeypatch.setattr(type(backend("openvino")), "machine_lacks", unimportable)
    assert "libtbb.so.12" in (backend("openvino").available("fp32") or "")
    assert "libtbb.so.12" in (backend("openvino").why_not_run("fp32") or "")
    assert "name at least one" in (backend("onnxruntime", {"providers": []}).available("fp32") or "")


def test_a_converter_that_gives_up_stops_no_other_engine(
    builder: Builder,
    tiny_run: RunRecord,
    tiny_data: PreparedData,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def give_up(self: object, source: object, precision: str, folder: Path) -> None:
        raise RuntimeError("operation FancyPool | unknown\nsecond line")

    monkeypatch.setattr(type(backend("litert")), "build", give_up)
    (tiny_run.folder / "engines" / "litert-fp32" / "engine.json").unlink(missing_ok=True)  # so that it's built anew
    rows = _benchmarked(builder, tiny_data)
    found = {row.engine: row for row in rows}
    assert found["tensorflow"].passed
    broken = found["litert"]
    assert broken.tried
    assert not broken.passed
    assert broken.status.startswith("failed: couldn't be built, RuntimeError: operation FancyPool | unknown (")
    assert "second line" in (tiny_run.folder / "engines" / "litert-fp32.log").read_text()
    assert "FancyPool" in capsys.readouterr().out
    table.write(tmp_path, rows, 33)
    assert r"FancyPool \| unknown" in (tmp_path / "table.md").read_text()
    assert (tmp_path / "table.png").read_bytes()[:4] == b"\x89PNG"


def test_a_converter_that_misses_a_program_passes_for_no_folder_that_cant_be_written(
    builder: Builder, tiny_run: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: object, source: object, precision: str, folder: Path) -> None:
        subprocess.run(["/no/such/compiler"], check=True)

    monkeypatch.setattr(type(backend("litert")), "build", start)
    (tiny_run.folder / "engines" / "litert-fp32" / "engine.json").unlink(missing_ok=True)
    with pytest.raises(RuntimeError, match=r"the converter failed: .*/no/such/compiler"):
        builder.build(backend("litert"), "fp32")


def test_from_python_a_run_names_a_photograph_by_its_engine_without_tensorflow(
    exported: Exported, striped_faces: Path
) -> None:
    photograph = next(striped_faces.glob("**/*.png"))
    script = (
        f"import emolab, sys; found = emolab.load('best').predict({str(photograph)!r});"
        "print(*found, sum(found.values()));"
        "print([name for name in ('tensorflow', 'keras', 'pandas') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=exported.project, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )
    chosen, recognised_by, found, imported = done.stdout.splitlines()
    assert chosen.startswith(f"run runs/{exported.run.name}/{exported.run.id}: "), done.stderr
    assert recognised_by.startswith("recogniser: ")
    *classes, total = found.split()
    assert (tuple(classes), imported) == (exported.run.classes, "[]")
    assert float(total) == pytest.approx(1, abs=1e-5)


def test_from_python_files_arrays_boxes_and_batches_say_the_same_and_the_network_stands_in_for_an_engine(
    exported: Exported, striped_faces: Path, tmp_path: Path
) -> None:
    _, record = exported.copied(tmp_path)
    photograph = next(striped_faces.glob("**/*.png"))
    pixels = read_image(photograph)
    wider = np.pad(pixels, ((3, 4), (5, 6), (0, 0)))
    by_engine = emolab.load(record.folder, threads=1)
    assert isinstance(by_engine.engine, Engine)
    expected = by_engine.predict(photograph)
    assert by_engine.predict(pixels) == expected
    assert by_engine.predict(wider, (5, 3, len(pixels))) == expected
    face = crop_and_resize(pixels, None, by_engine.image_size)
    assert dict(zip(by_engine.classes, by_engine(np.stack([face, face]))[1], strict=True)) == pytest.approx(expected)
    folder = selected_engine(record)
    manifest.amend(folder, gates={**by_engine.engine.facts.gates, "accuracy": False})
    with pytest.raises(RunError, match=r"failed a gate \(accuracy\)\. Export again"):
        emolab.load(record.folder)
    deselect(record)
    by_network = emolab.load("last", record.folder.parents[1], where={"model": record.facts.model.name})
    assert isinstance(by_network.engine, NetworkClassifier)
    assert by_network.predict(photograph) == pytest.approx(expected, abs=0.1)  # an engine in int8, perhaps
    for named_by in (by_engine, by_network):
        with pytest.raises(ValueError, match=r"takes uint8 \(N, 32, 32, 3\); got float32 \(1, 32, 32, 3\)"):
            named_by(face[None] / np.float32(255))
    (tmp_path / "notes.jpg").write_text("no photograph")
    with pytest.raises(DataError, match=r"notes\.jpg: not an image of a known format"):
        by_network.predict(tmp_path / "notes.jpg")
