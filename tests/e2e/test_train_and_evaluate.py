import json
import shutil
from pathlib import Path

import pytest
from commands import TINY, run

from emolab.config.command import composed
from emolab.errors import ConfigError, DataError, RunError
from emolab.evaluate import evaluate
from emolab.exit_codes import WRONG, exit_code
from emolab.train import passed, train
from realtime.viewer import view

# What `emolab.train` does, in this process, whose operations it leaves as they are.
HERE = ("trainer.deterministic=false", "workers=1")
UNTIMED = [setting for setting in TINY if not setting.startswith(("trainer.batch_size", "trainer.epochs"))]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, striped_faces: Path) -> Path:
    """A folder in which a tiny training with W&B offline has run."""
    folder = tmp_path_factory.mktemp("trained")
    data = f"data.root={striped_faces}"
    done = run("emolab.train", *TINY, data, "trainer.epochs=12", "logger=wandb", "workers=1", cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    (folder / "stdout").write_text(done.stdout)
    return folder


def _run_folder(trained: Path) -> Path:
    (folder,) = trained.glob("runs/custom_cnn/*/")
    return folder


def test_a_training_leaves_a_run_that_explains_itself(trained: Path) -> None:
    folder = _run_folder(trained)
    facts = json.loads((folder / "run.json").read_text())
    assert facts["status"] == "finished"
    assert facts["classes"] == ["anger", "happy", "sad"]
    assert {*TINY, "trainer.epochs=12"} <= set(facts["command"])
    assert facts["model"]["weights"] == {"requested": None, "used": "random"}
    assert facts["model"]["parameters"] > 500
    assert min(facts["temperatures"].values()) > 0
    assert {"git", "packages", "hardware", "started", "finished", "sha256", "seed", "image_size"} <= set(facts)
    assert set(facts["checkpoints"].values()) <= set(facts["sha256"])
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(12))
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "images_per_second"} <= set(lines[0])
    assert (folder / "config.yaml").read_text().count("_target_") > 5
    assert list(folder.glob("wandb/offline-run-*/*.wandb"))


def test_it_says_from_what_it_learns_where_the_run_is_how_good_and_what_to_type_next(trained: Path) -> None:
    text = (trained / "stdout").read_text()
    folder = _run_folder(trained)
    assert (
        f"run {folder.relative_to(trained)}\n"
        "data folder: 60 train, 24 validation, 24 test images of 32 pixels, 3 classes\n"
        "model custom_cnn, weights: random\n"
    ) in text
    assert f"ckpt={folder.name}" in text
    assert "accuracy (95 %)" in text


def test_the_report_holds_numbers_pictures_and_one_page(trained: Path) -> None:
    report = _run_folder(trained) / "report"
    metrics = json.loads((report / "metrics.json").read_text())
    assert set(metrics["splits"]) == {"validation", "test"}
    assert metrics["splits"]["test"]["accuracy"]["value"] > 0.6  # stripes are easy; chance is a third
    for name in ("confusion_matrix", "reliability", "curves", "grad_cam"):
        assert (report / f"{name}.png").stat().st_size > 5_000
    assert (report / "index.html").read_text().count("data:image/png;base64,") >= 4


def test_evaluate_best_gives_the_same_numbers_flip_averaging_and_robustness(trained: Path) -> None:
    before = json.loads((_run_folder(trained) / "report" / "metrics.json").read_text())
    done = run("emolab.evaluate", "ckpt=best", "ckpt.where.model=custom_cnn", "flip=true", "robustness=on", cwd=trained)
    assert done.returncode == 0, done.stderr[-3000:]
    after = json.loads((_run_folder(trained) / "report" / "metrics.json").read_text())
    assert after["splits"]["test"]["accuracy"] == before["splits"]["test"]["accuracy"]
    assert after["splits"]["test"]["flip_averaged"]["n"] == 24
    intact = [next(point for point in curve if point["intact"]) for curve in after["robustness"].values()]
    assert {point["value"] for point in intact} == {after["splits"]["validation"]["accuracy"]["value"]}
    assert min(point["value"] for curve in after["robustness"].values() for point in curve) < intact[0]["value"]
    picture = _run_folder(trained) / "report" / "robustness.png"
    assert picture.is_file()
    assert done.stdout.count("+ mirrored") == 2
    value = min(point["value"] for curve in after["robustness"].values() for point in curve)
    told = f"damage: validation accuracy {intact[0]['value']:.3f} falls at worst to {value:.3f} ("
    (damage,) = (line for line in done.stdout.splitlines() if line.startswith(told))
    assert damage.endswith(f"; see {picture.relative_to(trained)}")


def test_a_student_learns_from_its_teachers_and_says_from_whom(
    tmp_path: Path, trained: Path, striped_faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    other = shutil.copytree(_run_folder(trained), tmp_path / "other")
    arguments = ("name=student", f"teacher=[best,{other}]", "trainer.epochs=1", "evaluate=false", "aug=off", *HERE)
    student = train(composed("train", [*TINY, f"data.root={striped_faces}", *arguments]))
    named = [noted["run"] for noted in json.loads((student.folder / "run.json").read_text())["teachers"]]
    assert named == [_run_folder(trained).name] * 2
    shutil.rmtree(student.folder.parent)  # the other tests mean the only run


def test_a_network_of_ones_own_is_trained_and_reported_but_later_only_built_when_trusted(
    tmp_path: Path, striped_faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_networks.py").write_text(
        "import keras\n\n\ndef tiny(images):\n    return keras.layers.Conv2D(4, 3, strides=2, name='conv')(images)\n"
    )
    backbone = "model.backbone={_target_: my_networks.tiny, _partial_: true}"
    network = ("model=custom_cnn", "~model.backbone", f"+{backbone}", "model.name=tiny")
    data = ("data=folder", f"data.root={striped_faces}", "data.image_size=32")
    training = (*network, *data, "trainer.epochs=1", "aug=off", "workers=1")
    done = run("emolab.train", *training, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "accuracy (95 %)" in done.stdout

    monkeypatch.syspath_prepend(tmp_path)  # where `python -m` looks, too
    trusted = "trusted_modules=[my_networks]"
    with pytest.raises(RunError, match="trust its module"):
        evaluate(composed("evaluate", ["examples=0"]))
    assert set(evaluate(composed("evaluate", ["examples=0", trusted])).splits) == {"validation", "test"}
    live = ("recogniser=network", "source=synthetic", "detector=full_frame", "display=none", "frames=3")
    summary = view(composed("viewer", [*live, trusted]))
    assert summary is not None
    assert summary.timings.frames == 3
    student = train(composed("train", [*training, *HERE, "teacher=best", "evaluate=false"]))
    assert len(student.facts.teachers) == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("+loss.gamma=1", "loss.gamma: "),
        ("+optimizer.beta=1", "optimizer or schedule: "),
        ("aug.layers.flip.mode=sideways", "aug.layers.flip: ValueError: "),
        ("aug.layers.affine.rotation=999", "aug: RandomAffine: rotation=999 must lie between 0 and 180"),
        (
            "+callbacks.keep={_target_: keras.callbacks.ModelCheckpoint, filepath: x.keras}",
            "callbacks: ModelCheckpoint",
        ),
        ("finetune=partial model.partial_from=gone", "model.partial_from=gone is not a layer"),
        ("trainer.accumulate=99", "trainer.accumulate=99: the whole training has"),
    ],
)
def test_a_training_that_cannot_be_built_is_told_in_one_line_and_leaves_no_run(
    tmp_path: Path,
    striped_faces: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrong: str,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    more = [wrong] if "{" in wrong else wrong.split()
    cfg = composed("train", [*TINY, f"data.root={striped_faces}", *HERE, *more])
    assert exit_code(lambda: train(cfg)) == WRONG
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {told}")
    assert not Path("runs").exists()


def test_a_run_whose_logger_cannot_start_ends_as_failed(
    tmp_path: Path, striped_faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("my_loggers.py").write_text("class Away:\n    def start(self, *_):\n        raise OSError('away')\n")
    with pytest.raises(OSError, match="away"):  # and not that it has no `finish`
        train(composed("train", [*TINY, f"data.root={striped_faces}", *HERE, "logger={_target_: my_loggers.Away}"]))
    (facts,) = (json.loads(path.read_text()) for path in Path("runs").glob("*/*/run.json"))
    assert (facts["status"], facts["summary"]) == ("failed", {"error": "OSError: away"})


def test_other_classes_are_refused_by_name_and_the_shared_ones_judged_on_request(
    trained: Path,
    tmp_path: Path,
    striped_faces: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(trained)
    for split in ("train", "validation", "test"):
        for old, new in (("anger", "anger"), ("happy", "joy"), ("sad", "sad")):
            shutil.copytree(striped_faces / split / old, tmp_path / "other" / split / new)
    data = ("data=folder", f"data.root={tmp_path / 'other'}", "data.image_size=32", "workers=1")
    differ = r"the classes differ\. Both have: anger, sad; only the run .*: happy; only folder: joy\."
    with pytest.raises(DataError, match=differ):
        evaluate(composed("evaluate", data))
    evaluate(composed("evaluate", [*data, "shared_classes=true"]))
    assert "left out: happy, joy" in capsys.readouterr().out
    (report,) = _run_folder(trained).glob("report/folder-*/metrics.json")
    judged = json.loads(report.read_text())
    assert judged["splits"]["test"]["n"] == 16
    assert set(judged["splits"]["test"]["per_class"]) == {"anger", "sad"}
    assert judged["splits"]["test"]["accuracy"]["value"] > 0.7  # of two classes
    assert judged["temperatures"] == json.loads((_run_folder(trained) / "run.json").read_text())["temperatures"]


def test_images_that_it_has_learned_from_are_told_and_so_is_the_accuracy_without_them(
    trained: Path,
    tmp_path: Path,
    striped_faces: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(trained)
    shutil.copytree(striped_faces / "test", tmp_path / "other" / "test")
    for path in (striped_faces / "train").glob("*/1*.png"):
        shutil.copy(path, tmp_path / "other" / "test" / path.parent.name / f"learned{path.name}")
    data = ("data=folder", f"data.root={tmp_path / 'other'}", "data.image_size=32", "data.split.validation=0")
    evaluate(composed("evaluate", [*data, "examples=0", "workers=1"]))
    out = capsys.readouterr().out
    own = json.loads((_run_folder(trained) / "report" / "metrics.json").read_text())["splits"]["test"]["accuracy"]
    told = f"SEEN IN TRAINING: 33 of the 57 test images, without which its accuracy is {own['value']:.3f} ("
    assert told in out
    assert f"or with data=folder data.root={striped_faces} data.image_size=32" in out


def test_changed_weights_are_refused(trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "runs" / "copy" / _run_folder(trained).name
    shutil.copytree(_run_folder(trained), copy)
    (weights,) = copy.glob("checkpoints/best-*")
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(RunError, match="SHA-256"):
        evaluate(composed("evaluate", [f"ckpt.run={copy}", f"paths.cache={trained / 'cache'}"]))


def test_a_resume_with_another_configuration_is_refused(
    trained: Path, striped_faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    arguments = (f"data.root={striped_faces}", "trainer.epochs=13", "resume=last", "workers=1")
    with pytest.raises(ConfigError, match=r"trainer\.epochs: 12 when it began, 13 now"):
        train(composed("train", [*TINY, *arguments]))


def test_a_finished_run_that_is_resumed_keeps_all_that_it_has(
    trained: Path, striped_faces: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(trained)

    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in _run_folder(trained).rglob("*") if path.is_file()}

    before = content()
    arguments = (f"data.root={striped_faces}", "trainer.epochs=12", "resume=last", "evaluate=validation", "workers=1")
    train(composed("train", [*TINY, *arguments]))
    told = capsys.readouterr().out
    assert "is finished, and stays as it is" in told
    assert f"model.weights={_run_folder(Path())}" in told
    assert content() == before


def test_overfit_reaches_all_of_its_only_batch(
    tmp_path: Path, striped_faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = (f"data.root={striped_faces}", "debug=overfit", *HERE)
    record = train(composed("train", [*UNTIMED, *arguments]), {"debug": "overfit"})
    assert passed(record)
    assert not (record.folder / "report").exists()


@pytest.mark.parametrize(
    ("debug", "left"), [("smoke", "runs/smoke/*/report/index.html"), ("profile", "profile/**/*.xplane.pb")]
)
def test_a_debug_config_does_what_it_says(
    tmp_path: Path, striped_faces: Path, monkeypatch: pytest.MonkeyPatch, debug: str, left: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = (f"data.root={striped_faces}", f"debug={debug}", "trainer.batch_size=4", *HERE)
    train(composed("train", [*TINY[:7], "aug=off", *arguments]))
    assert list(tmp_path.glob(left))


def test_a_training_from_a_run_of_other_data_says_first_what_may_have_been_learned_from(
    trained: Path,
    tmp_path: Path,
    striped_faces: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # whose cache lacks what that run learned from
    parent = _run_folder(trained)
    arguments = (f"data.root={striped_faces}", f"model.weights={parent}", "data.image_size=40", "evaluate=false", *HERE)
    train(composed("train", [*TINY, "aug=off", "trainer.epochs=1", *arguments]))
    begun, told, _ = capsys.readouterr().out.partition(f"WARNING: whether the run {parent.name}, whose weights")
    assert told
    assert "epoch 1/1" not in begun
