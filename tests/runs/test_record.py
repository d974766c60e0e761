import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import run_fields

from emolab.errors import RunError
from emolab.files import read_json, write_json
from emolab.runs import RunRecord, layout
from emolab.runs.checkpoints import tag_of

FIELDS = {
    **run_fields.FIELDS,
    "model": {"name": "vgg19", "parameters": 10, "weights": {"requested": "auto", "used": None}},
}


def create(root: Path, **fields) -> RunRecord:
    return RunRecord.create(root, "try", {**FIELDS, **fields}, config="seed: 1\n")


def content(text: str):
    return lambda path: path.write_text(text)


def names(record: RunRecord) -> list[str]:
    return sorted(path.name for path in (record.folder / "checkpoints").iterdir())


def test_a_new_run_explains_itself(tmp_path):
    record = create(tmp_path)
    facts = read_json(record.folder / "run.json")
    assert record.folder == tmp_path / "try" / facts["id"]
    assert re.fullmatch(r"\d{8}-\d{6}-[a-z0-9]{4}", facts["id"])
    assert facts["status"] == "running"
    assert facts["monitor"] == {"name": "val_accuracy", "mode": "max", "best": None, "epoch": None}
    assert facts["packages"]["python"] == platform.python_version()
    assert facts["hardware"]["cores"] >= 1
    assert (record.folder / "config.yaml").read_text() == "seed: 1\n"
    assert {"git", "seed", "started", "finished", "sha256", "checkpoints"} <= facts.keys()


def test_many_runs_begun_at_once_get_folders_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        records = list(pool.map(lambda _: create(tmp_path), range(24)))
    assert len({record.folder for record in records}) == 24


def test_a_missing_field_is_named(tmp_path):
    with pytest.raises(ValueError, match="seed"):
        RunRecord.create(tmp_path, "try", {key: value for key, value in FIELDS.items() if key != "seed"})


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a\nb", "x" * 200, " a", "a\\b"])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path, name):
    with pytest.raises(RunError, match="run name"):
        RunRecord.create(tmp_path, name, FIELDS)


def test_update_and_finish_are_read_back(tmp_path):
    record = create(tmp_path)
    record.update(monitor={"name": "loss", "mode": "min", "best": 0.5, "epoch": 3})
    record.finish("finished", seconds=12.5)
    again = RunRecord.open(record.folder)
    assert again.status == "finished"
    assert again.facts.monitor.best == 0.5
    assert again.facts.seconds == 12.5
    assert again.facts.finished is not None
    assert again.classes == ("anger", "happy")


def test_values_json_does_not_know_become_plain(tmp_path):
    np = pytest.importorskip("numpy")
    odd = {"scalar": np.float32(0.5), "array": np.arange(2), "nan": float("nan"), "path": tmp_path}
    record = create(tmp_path, extra=odd)
    expected = {"scalar": 0.5, "array": [0, 1], "nan": None, "path": str(tmp_path)}
    assert RunRecord.open(record.folder).facts.extra == expected


def test_a_run_cannot_end_as_running(tmp_path):
    with pytest.raises(ValueError, match="interrupted"):
        create(tmp_path).finish("running")


def test_checkpoints_carry_their_tag_and_the_old_one_goes(tmp_path):
    record = create(tmp_path)
    record.save_checkpoint("best", content("one"), tag=0)
    path = record.save_checkpoint("best", content("two"), tag=4, monitor={"name": "loss", "mode": "min", "best": 0.4})
    assert path.name == "best-4.weights.h5"
    assert names(record) == ["best-4.weights.h5"]
    again = RunRecord.open(record.folder)
    assert again.checkpoint_path("best").read_text() == "two"
    assert again.facts.monitor.best == 0.4
    assert list(again.facts.sha256) == ["checkpoints/best-4.weights.h5"]


def test_the_writer_gets_a_path_with_the_suffix(tmp_path):
    record, seen = create(tmp_path), []
    record.save_checkpoint("last", lambda path: (seen.append(path), path.write_text("x")), tag=7)
    assert seen[0].name.endswith(".npz")


def test_saving_one_step_twice_never_writes_over_the_named_file(tmp_path):
    record = create(tmp_path)
    first = record.save_checkpoint("last", content("one"), tag=7)
    second = record.save_checkpoint("last", content("two"), tag=7)
    assert first != second
    assert RunRecord.open(record.folder).checkpoint_path("last").read_text() == "two"


def test_a_checkpoints_name_holds_its_tag(tmp_path):
    record = create(tmp_path)
    for kind, tag in [("best", 4), ("last", 860), ("last", 860)]:
        record.save_checkpoint(kind, content("one"), tag=tag)
        assert tag_of(kind, record.facts.checkpoints[kind]) == tag
    for name in ("checkpoints/last.npz", "last-860.npz", "checkpoints/last-x.npz", "checkpoints/mine-1.npz"):
        with pytest.raises(ValueError, match=r"such as last-860\.npz"):
            tag_of("last", name)
    with pytest.raises(ValueError, match=r"such as best-860\.weights\.h5"):
        tag_of("best", "checkpoints/best-1.weights.json")  # Keras would read whatever files it names


def test_a_failing_writer_leaves_the_checkpoint_before_it(tmp_path):
    def full(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    record = create(tmp_path)
    record.save_checkpoint("last", content("one"), tag=1)
    with pytest.raises(RunError, match=f"No space left on device.*resume={record.id}"):
        record.save_checkpoint("last", full, tag=2)
    assert record.checkpoint_path("last").read_text() == "one"
    assert names(record) == ["last-1.npz"]


def test_a_full_disk_while_naming_the_checkpoint_leaves_the_one_before(tmp_path, monkeypatch):
    record = create(tmp_path)
    record.save_checkpoint("last", content("one"), tag=1)
    with monkeypatch.context() as patch:
        patch.setattr("emolab.files.write_json", _no_space)
        with pytest.raises(RunError, match="No space left"):
            record.save_checkpoint("last", content("two"), tag=2)
    assert record.checkpoint_path("last").read_text() == "one"
    assert RunRecord.open(record.folder).checkpoint_path("last").read_text() == "one"


def _no_space(path, value):
    raise OSError(28, "No space left on device")


def test_a_changed_checkpoint_is_refused(tmp_path):
    record = create(tmp_path)
    record.save_checkpoint("best", content("one"), tag=0).write_text("two")
    with pytest.raises(RunError, match="SHA-256"):
        record.checkpoint_path("best")


def test_a_missing_checkpoint_is_refused(tmp_path):
    record = create(tmp_path)
    with pytest.raises(RunError, match="no 'best' checkpoint; it has: none"):
        record.checkpoint_path("best")
    record.save_checkpoint("best", content("one"), tag=0).unlink()
    with pytest.raises(RunError, match="that file is missing"):
        record.checkpoint_path("best")


@pytest.mark.parametrize("name", ["../../other.h5", "/etc/passwd", "checkpoints/../../x", "checkpoints\\x"])
def test_names_that_leave_the_run_folder_are_refused(tmp_path, name):
    record = create(tmp_path)
    facts = read_json(record.folder / "run.json")
    write_json(record.folder / "run.json", {**facts, "checkpoints": {"best": name}, "sha256": {name: "0"}})
    with pytest.raises(RunError, match=r"checkpoints is .*, expected checkpoints/ and a name"):
        RunRecord.open(record.folder)


def test_a_link_that_leaves_the_run_folder_is_refused(tmp_path):
    record = create(tmp_path)
    path = record.save_checkpoint("best", content("one"), tag=0)
    path.rename(tmp_path / "elsewhere.h5")
    path.symlink_to(tmp_path / "elsewhere.h5")
    with pytest.raises(RunError, match="outside the run folder"):
        record.checkpoint_path("best")


@pytest.mark.parametrize("name", layout.WRITTEN)
def test_a_run_from_elsewhere_makes_emolab_write_nowhere_else(tmp_path, name):
    record = create(tmp_path / "runs")
    record.finish("finished")
    (tmp_path / "site").mkdir()
    path = record.folder / name
    path.parent.mkdir(exist_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    path.unlink(missing_ok=True)
    path.symlink_to(tmp_path / "site")
    with pytest.raises(RunError, match=r"is a link to .*site, outside the run folder.*Remove the link"):
        RunRecord.resume(record.folder)
    if name != layout.FACTS:
        path.unlink()
        path.symlink_to(path)
        RunRecord.open(record.folder)
    assert not list((tmp_path / "site").iterdir())


def test_a_run_that_was_moved_behind_a_link_is_still_a_run(tmp_path):
    record = create(tmp_path / "disk")
    (record.folder / "metrics.jsonl").symlink_to(record.folder / "config.yaml")
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    assert RunRecord.open(tmp_path / "runs" / "try" / record.id).id == record.id


def test_odd_times_in_the_metrics_count_for_nothing(tmp_path):
    record = create(tmp_path)
    for epoch, seconds in enumerate((1.5, "long", [1], None, 2)):
        record.append_metrics(epoch, {"seconds": seconds})
    assert record.training_seconds() == 3.5


def test_resume_clears_what_interrupted_saves_left_and_nothing_else(tmp_path):
    record = create(tmp_path)
    record.save_checkpoint("last", content("one"), tag=1)
    record.close()
    left = (".tmp-run.json", "checkpoints/.tmp-last-2.npz", "checkpoints/last-2.npz", "checkpoints/best-0-2.weights.h5")
    users_own = ("checkpoints/mine.txt", "checkpoints/best-3.of-the-paper.weights.h5")
    for name in (*left, *users_own):
        (record.folder / name).write_text("left")
    RunRecord.open(record.folder)
    assert (record.folder / "checkpoints/last-2.npz").exists()
    again = RunRecord.resume(record.folder)
    assert names(again) == ["best-3.of-the-paper.weights.h5", "last-1.npz", "mine.txt"]
    assert not list(again.folder.glob(".tmp-*"))
    assert again.status == "running"
    assert len(again.facts.resumed) == 1


def test_a_finished_run_stays_finished_for_a_process_that_waited_to_resume_it(tmp_path):
    record = create(tmp_path)
    record.finish("finished")
    with pytest.raises(RunError, match="is finished, and stays as it is"):
        RunRecord.resume(record.folder)
    assert RunRecord.open(record.folder).status == "finished"
    assert not record.has_writer()


def test_what_was_fitted_to_weights_that_are_gone_is_not_kept(tmp_path):
    record = create(tmp_path)
    record.save_checkpoint("best", content("one"), tag=0)
    record.close()
    evaluated = RunRecord.open(record.folder)
    RunRecord.open(record.folder).save_checkpoint("best", content("two"), tag=1)
    with pytest.raises(RunError, match="trained on meanwhile: evaluate its new best weights"):
        evaluated.calibrate(dict.fromkeys(record.classes, 2.0), 0.4)
    assert RunRecord.open(record.folder).facts.temperatures is None


def test_a_run_json_that_leads_elsewhere_or_has_no_end_is_refused_unread(tmp_path):
    record = create(tmp_path)
    facts = record.folder / "run.json"
    facts.rename(tmp_path / "outside.json")
    for target in (tmp_path / "outside.json", Path("/dev/zero")):
        facts.symlink_to(target)
        with pytest.raises(RunError, match=r"is a link to .*refused"):
            RunRecord.open(record.folder)
        facts.unlink()
    os.mkfifo(facts)
    with pytest.raises(RunError, match="not a regular file"):
        RunRecord.open(record.folder)


def test_two_processes_cannot_write_one_run(tmp_path):
    record = create(tmp_path)
    with pytest.raises(RunError, match="another process"):
        RunRecord.resume(record.folder)
    with pytest.raises(RunError, match="another process"):
        RunRecord.open(record.folder).update(seed=2)
    record.close()
    RunRecord.open(record.folder).update(seed=2)
    RunRecord.open(record.folder).update(seed=3)
    assert RunRecord.resume(record.folder).facts.seed == 3


def test_what_no_run_may_hold_is_not_written(tmp_path):
    record = create(tmp_path)
    before = (record.folder / "run.json").read_bytes()
    with pytest.raises(RunError, match="seed is '2', expected a whole number"):
        record.update(seed="2")
    assert record.facts.seed == 1
    assert (record.folder / "run.json").read_bytes() == before


def test_what_is_no_run_gets_no_files(tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        RunRecord.resume(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"x"', '{"id": 1}', '{"id": "a", "status": "odd"}', "\udcff", "[" * 100_000],
)
def test_a_damaged_record_is_refused_with_its_path(tmp_path, text):
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RunError, match=r"run\.json"):
        RunRecord.open(tmp_path)


ODD_FIELDS = [
    ("id", "a\x1b[2J", r"id is 'a\\x1b\[2J', expected letters that can be printed"),
    ("name", "two\nlines", "expected letters that can be printed"),
    ("data", {}, "data.name is missing"),
    ("data", {**FIELDS["data"], "fingerprint": 3}, "data.fingerprint is 3, expected text"),
    ("data", {**FIELDS["data"], "grey": "no"}, "data.grey is 'no', expected true or false"),
    ("data", {**FIELDS["data"], "left_out": {"file": "z"}}, "data.left_out.images is missing"),
    ("model", {"name": None}, "model.name is None, expected text"),
    ("model", {"name": "x", "parameters": "many"}, "model.parameters is 'many', expected a whole number"),
    ("model", {"name": "x", "weights": "random"}, "model.weights is 'random', expected keys with values"),
    ("image_size", 30_000, "16 to 1024 pixels"),
    ("image_size", True, "image_size is True, expected a whole number"),
    ("classes", ["neutral", "happy"], "sorted by code point"),
    ("classes", ["happy", "happy"], "each once"),
    ("classes", [1, 2], "classes.0 is 1, expected text"),
    ("status", "odd", "status is 'odd', expected 'running', 'finished'"),
    ("hardware", ["a processor"], r"hardware is \['a processor'\], expected keys with values"),
    ("seed", "1", "seed is '1', expected a whole number"),
    ("monitor", {"name": "loss", "mode": "min", "epoch": "3"}, "monitor.epoch is '3', expected a whole number"),
    ("monitor", {"best": 0.4}, "monitor.name is missing"),
    (
        "checkpoints",
        {"last": "checkpoints/last.npz"},
        "checkpoints is .*last.npz.*, expected .* a name with its epoch or step",
    ),
    ("checkpoints", {"best": "checkpoints/best-1.weights.json"}, r"expected .* such as best-860\.weights\.h5"),
    ("checkpoints", {"other": 1}, "checkpoints.other is 1, expected text"),
    ("checkpoints", {"best": 1}, "checkpoints.best is 1, expected text"),
    ("temperatures", {"anger": 1.0}, "temperatures is {'anger': 1.0}, expected a number for each class"),
    ("temperatures", "1.5", "temperatures is '1.5', expected keys with values"),
    ("temperatures", {"anger": "1.5"}, "temperatures.anger is '1.5', expected a number"),
    ("temperatures", {"anger": 0}, "temperatures.anger is 0, expected a number greater than or equal to 0.001"),
    ("temperatures", {"anger": 1e4}, "temperatures.anger is 10000.0, expected a number less than or equal to 1000"),
    ("classes", ["A\u0308rger", "happy"], "classes is .*, expected names sorted .*, in Unicode's composed form"),
    ("classes", ["a", "b\ud800"], r"classes is \['a', 'b\\ud800'\], .*surrogates not allowed"),
    ("uncertain_below", 1.5, "uncertain_below is 1.5, expected a number less than or equal to 1"),
    ("teachers", [{"run": "a", "folder": "b"}], "teachers.0.weights is missing"),
    ("summary", {"test_accuracy": "high"}, "summary.test_accuracy is 'high', expected a number"),
    ("summary", None, "summary is None, expected keys with values"),
    ("resumed", "yesterday", "resumed is 'yesterday', expected a list"),
]


@pytest.mark.parametrize(("field", "value", "told"), ODD_FIELDS)
def test_a_damaged_field_is_named(tmp_path, field, value, told):
    path = create(tmp_path).folder / "run.json"
    path.write_text(json.dumps({**read_json(path), field: value}))
    with pytest.raises(RunError, match=rf"run\.json is damaged: .*{told}"):
        RunRecord.open(path.parent)


@pytest.mark.parametrize(
    "field", ["id", "name", "status", "hardware", *layout.REQUIRED, "started", "sha256", "checkpoints"]
)
def test_a_missing_field_of_a_run_is_named(tmp_path, field):
    path = create(tmp_path).folder / "run.json"
    write_json(path, {key: value for key, value in read_json(path).items() if key != field})
    with pytest.raises(RunError, match=f"{field} is missing.*Copy the run again"):
        RunRecord.open(path.parent)


def test_a_run_has_the_defaults_of_what_it_has_not_yet_and_keeps_fields_that_are_not_known(tmp_path):
    path = create(tmp_path).folder / "run.json"
    facts = {**read_json(path), "model": {"name": "vgg19", "mine": 1}, "more": [1]}
    write_json(path, {**facts, "monitor": {"name": "loss", "mode": "min"}})
    record = RunRecord.open(path.parent)
    fields = record.fields()
    unknown = {"requested": None, "used": None}
    assert fields["model"] == {"name": "vgg19", "mine": 1, "parameters": None, "flops": None, "weights": unknown}
    assert fields["monitor"] == {"name": "loss", "mode": "min", "best": None, "epoch": None}
    assert fields["more"] == [1]
    assert (fields["temperatures"], fields["uncertain_below"]) == (None, None)  # none fitted
    assert record.temperatures == dict.fromkeys(record.classes, 1.0)
    assert (fields["teachers"], fields["resumed"], fields["precision"]) == ([], [], "")
    assert fields["summary"] == {"test_accuracy": None, "diverged": False}
    assert record.left_out_sha256 is None


def test_a_run_that_is_begun_and_never_read_again_has_the_same_defaults(tmp_path):
    record = create(tmp_path)
    assert record.facts == RunRecord.open(record.folder).facts
    record.update(uncertain_below=0.4)
    record.save_checkpoint("best", lambda path: path.write_text("w"), tag=0)  # and what was fitted goes
    assert record.facts.uncertain_below is None
    assert "uncertain_below" not in read_json(record.folder / "run.json")


def test_an_unwritable_root_gives_a_clear_error(tmp_path):
    (tmp_path / "runs").write_text("a file, not a folder")
    with pytest.raises(RunError, match=r"the run folder .* can't be written"):
        create(tmp_path / "runs")


_CHILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_record import FIELDS, content
from emolab.runs import RunRecord
record = RunRecord.create(Path(sys.argv[1]), "try", FIELDS)
record.save_checkpoint("last", content("one"), tag=0)
print(record.folder, flush=True)
{then}
"""


def child(root: Path, then: str) -> tuple[subprocess.Popen, Path]:
    script = _CHILD.format(tests=str(Path(__file__).parent), then=then)
    process = subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_run_whose_process_was_killed_shows_as_interrupted_and_can_be_resumed(tmp_path):
    process, folder = child(tmp_path, "time.sleep(60)")
    assert RunRecord.open(folder).status == "running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert RunRecord.open(folder).status == "interrupted"
    assert read_json(folder / "run.json")["status"] == "running"
    assert RunRecord.resume(folder).status == "running"


def test_a_run_of_another_host_counts_as_running(tmp_path):
    record = create(tmp_path)
    record.update(process={"host": "elsewhere", "pid": 1, "began": "x"})
    record.close()
    assert RunRecord.open(record.folder).status == "running"


def test_a_process_id_that_was_given_again_does_not_pass_for_the_old_process(tmp_path):
    record = create(tmp_path)
    record.update(process={**record.facts.process, "pid": 1})
    record.close()
    assert RunRecord.open(record.folder).status == "interrupted"


def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path):
    """Worth its seconds: real kills at many points of a loop that only saves."""
    save = "record.save_checkpoint('last', content('x' * 20000), tag=step)"
    loop = f"for step in range(1, 10**6): {save}"
    for pause in (0.0, 0.003, 0.011, 0.02, 0.037, 0.05, 0.08, 0.1):
        process, folder = child(tmp_path, loop)
        try:
            process.wait(pause)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        record = RunRecord.resume(folder)
        assert set(record.checkpoint_path("last").read_text()) <= {"o", "n", "e", "x"}
        assert len(names(record)) == 1
        assert json.loads((folder / "run.json").read_text())["id"] == folder.name
