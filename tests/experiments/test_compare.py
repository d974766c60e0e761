import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_runs import CLASSES, made_run, predictions

from emolab.config.command import check_command, composed
from emolab.errors import ConfigError, RunError
from emolab.evaluation.calibration import calibrated
from emolab.evaluation.metrics import expected_calibration_error
from emolab.evaluation.predictions import load_predictions, save_predictions
from emolab.runs import RunRecord
from experiments.compare import compare
from experiments.comparing.differences import differing, label_of
from experiments.comparing.pairs import MOST_RUNS, pairs_of
from experiments.comparing.report import curves_figure, table_of
from experiments.comparing.runs import ComparedRun, chosen_runs, ensemble_of, quality_of


def compared(root: Path, *more: str) -> Path:
    where = (f"paths.runs={root}", f"output={root.parent / 'page'}", "resamples=200")
    return compare(composed("compare", [*where, *more]))


def test_the_table_shows_what_differs_the_best_first_and_the_page_all_of_it(tmp_path, capsys):
    worse = made_run(tmp_path / "runs", 0.5, aug="off")
    best = made_run(tmp_path / "runs", 0.8)
    page = compared(tmp_path / "runs")
    rows = (page.parent / "table.csv").read_text().splitlines()
    assert rows[0].startswith("run,name,aug,accuracy,macro F1,ECE (if exact),validation,parameters,MFLOP")
    assert [row.split(",")[:3] for row in rows[1:]] == [[best.id, "vgg19", "on"], [worse.id, "vgg19", "off"]]
    assert rows[1].endswith('"1,000",2,,2.0')
    assert (page.parent / "table.md").read_text().startswith("| run | name | aug | accuracy |")
    text = page.read_text()
    assert "aug=on is better than aug=off: +" in text
    assert text.count("data:image/png;base64,") == 1
    assert (page.parent / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "aug=on is better than aug=off: +" in capsys.readouterr().out


def test_where_the_table_is_too_wide_ids_stay_whole_and_nothing_is_cut_off(tmp_path, capsys):
    values = {0.5: "lowQQQ", 0.8: "highQQQ"}  # of 30 settings: more than the 200 characters of an output to a file
    runs = [
        made_run(tmp_path / "runs", accuracy, **{f"setting{number}": value for number in range(30)})
        for accuracy, value in values.items()
    ]
    compared(tmp_path / "runs")
    table, _, _ = capsys.readouterr().out.partition(" is better than ")
    assert [table.count(run.id) for run in runs] == [1, 1]
    assert table.count("Q") == 2 * 30 * 3 + 3  # and of the label that follows
    assert "p95" not in table  # no run has an engine


def test_an_output_that_cant_be_written_is_refused_before_anything_is_judged(tmp_path, monkeypatch):
    for accuracy in (0.5, 0.8):
        made_run(tmp_path / "runs", accuracy)
    (tmp_path / "page").write_text("a file in the way")
    monkeypatch.setattr("experiments.comparing.runs.quality_of", lambda *_: pytest.fail("minutes of bootstraps"))
    with pytest.raises(ConfigError, match=r"output=.*page can't be written: .* set another folder"):
        compared(tmp_path / "runs")


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-13-99x", "expected a day such as 2026-11-24"),
        ("2026-02-30", "day is out of range for month"),
        ("20261124", "write the day as 2026-11-24"),
        ("2026-11-24", None),
    ],
)
def test_a_day_that_is_none_is_refused(day, told):
    with nullcontext() if told is None else pytest.raises(ConfigError, match=f"since={day}: .*{told}"):
        check_command("compare", [f"since='{day}'"])


def test_a_page_that_cant_be_written_names_its_output(tmp_path):
    for accuracy in (0.5, 0.8):
        made_run(tmp_path / "runs", accuracy)
    (tmp_path / "page" / "index.html").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"output=.*page can't be written"):
        compared(tmp_path / "runs")


def test_a_difference_inside_the_noise_is_undecided():
    labels, judged = ["A", "B", "C"], [predictions(0.70, 1), predictions(0.71, 2), predictions(0.4, 3)]
    found = {(pair.better, pair.worse): pair for pair in pairs_of(labels, judged, 500)}
    assert set(map(frozenset, found)) == {frozenset("AB"), frozenset("AC"), frozenset("BC")}
    for (better, worse), pair in found.items():
        assert pair.decided == (worse == "C")
        assert pair.difference["low"] <= pair.difference["value"] <= pair.difference["high"]
        assert (pair.corrected < 0.01) == pair.decided
        assert pair.p <= pair.corrected <= 3 * pair.p
        assert pair.sentence().startswith(f"{better} is better" if pair.decided else "undecided between")


def test_fewer_than_20_clusters_decide_nothing_however_far_apart_two_runs_are():
    many, few = (pairs_of(["A", "B"], [predictions(1.0, 0, n), predictions(0.0, 0, n)], 100)[0] for n in (40, 38))
    assert many.sentence().startswith("A is better than B: +100.0 points, 95 % interval +66.3 to +100.0, McNemar")
    assert few.sentence().startswith("undecided between A and B: +100.0 points, no interval, McNemar")


def test_of_many_runs_only_the_best_is_compared():
    judged = [predictions(0.5 + number / 100, number) for number in range(14)]
    found = pairs_of([str(number) for number in range(14)], judged, 100)
    assert len(found) == 13
    assert len({pair.better for pair in found}) == 1


def test_what_a_pair_alone_would_decide_many_pairs_leave_undecided():
    one, other = predictions(0.70, 1), predictions(0.64, 2)
    (alone,) = pairs_of(["A", "B"], [one, other], 500)
    assert (alone.decided, alone.corrected) == (True, alone.p)
    for more in (1, MOST_RUNS):  # all pairs are shown, and only those with the best
        copies = [one, other, *(replace(one) for _ in range(more))]
        among = pairs_of(["A", "B", *map(str, range(more))], copies, 500)
        (same,) = [pair for pair in among if (pair.better, pair.worse) == ("A", "B")]
        assert same.p == alone.p
        assert same.difference == alone.difference
        assert same.corrected > alone.p
    assert same.corrected > 0.05
    assert not same.decided
    assert same.sentence().startswith("undecided between A and B: +")
    assert same.sentence().endswith(f"McNemar p = {same.p:.2g} (corrected: {same.corrected:.2g})")


def test_the_page_counts_only_judged_runs_when_it_says_that_the_best_alone_is_compared(tmp_path):
    for number in range(MOST_RUNS):
        made_run(tmp_path / "runs", 0.5, seed=number)
    made_run(tmp_path / "runs", None, seed=MOST_RUNS)
    page = compared(tmp_path / "runs")
    assert len((page.parent / "pairs.md").read_text().splitlines()) == MOST_RUNS * (MOST_RUNS - 1) / 2
    assert "the best one is compared with each" not in page.read_text()
    made_run(tmp_path / "runs", 0.5, seed=MOST_RUNS + 1)
    assert "the best one is compared with each" in compared(tmp_path / "runs").read_text()
    assert len((page.parent / "pairs.md").read_text().splitlines()) == MOST_RUNS


def test_runs_judged_on_other_images_make_no_pair():
    assert pairs_of(["A", "B"], [predictions(0.5, 0), predictions(0.9, 0, images=1)], 100) == []


def test_two_sizes_of_the_same_images_make_a_pair():
    small, large = predictions(0.9, 0), replace(predictions(0.5, 2), groups=np.arange(600) // 3)
    assert [(pair.better, pair.worse) for pair in pairs_of(["small", "large"], [small, large], 100)] == [
        ("small", "large")
    ]


def test_runs_of_two_data_sets_are_compared_within_each_and_the_rest_is_told(tmp_path, capsys):
    """Of 12 runs all pairs, of more the best with each: in each set for itself."""
    for number in range(MOST_RUNS + 1):
        made_run(tmp_path / "runs", 0.6, seed=number)
    for number in (20, 21):
        made_run(tmp_path / "runs", 0.8, seed=number, images=1)
    pairs = (compared(tmp_path / "runs").parent / "pairs.md").read_text().splitlines()
    assert len(pairs) == 1 + MOST_RUNS + 1
    assert "seed=20" in pairs[0]
    assert "seed=21" in pairs[0]
    told = capsys.readouterr().out
    assert "judged on different images, and compared only among themselves: " in told
    assert "seed=20" in pairs[-1].partition(";")[0]


def test_runs_whose_photographs_are_others_under_the_same_settings_are_named(tmp_path, capsys):
    one, two = (made_run(tmp_path / "runs", 0.6, seed=number) for number in range(2))
    for run, content, root in ((one, "a", "here"), (two, "b", "there")):
        run.update(data={**run.facts.data.model_dump(), "content": content})
        config = run.folder / "config.yaml"
        config.write_text(f"{config.read_text()}data: {{root: {root}}}\n")
    page = compared(tmp_path / "runs").read_text()
    told = (
        f"learned from different data: other photographs, labels or splits under the same settings: {one.id}; {two.id}"
    )
    assert told in page
    assert f"note:   {told}\n" in capsys.readouterr().out
    two.update(data={**two.facts.data.model_dump(), "content": "a"})
    assert "learned from different data" not in compared(tmp_path / "runs").read_text()


def test_runs_are_chosen_by_fields_dates_and_ids(tmp_path):
    root = tmp_path / "runs"
    first = made_run(root, 0.5, group={"name": "grid", "number": 0})
    second = made_run(root, 0.6, group={"name": "grid", "number": 1}, model="resnet50")
    made_run(root, 0.7)
    ids = [record.id for record in chosen_runs(root, [], {"group": "grid"}, None, None)]
    assert ids == [first.id, second.id]
    assert len(chosen_runs(root, [], {"model": "vgg19"}, "2020-01-01", None)) == 2
    assert [record.id for record in chosen_runs(root, [second.id, first.id], {}, None, None)] == [second.id, first.id]
    with pytest.raises(RunError, match="0 runs"):
        chosen_runs(root, [], {}, None, "2020-01-01")


def test_a_run_is_compared_once_however_it_is_named(tmp_path):
    root = tmp_path / "runs"
    first, second = made_run(root, 0.5), made_run(root, 0.6)
    with pytest.raises(ConfigError, match=r"runs=\['a', 'b', 'a'\]: a stands there 2 times, expected each once"):
        check_command("compare", ["runs=[a,b,a]"])
    for name in (str(first.folder), f"{root}/../runs/{first.name}/{first.id}", f" {first.id}"):
        with pytest.raises(RunError, match=f"runs: {first.id} and {name} are the same run, {first.id}"):
            compared(root, f"runs=[{first.id},{second.id},'{name}']")
    assert compared(root, f"runs=[{first.folder},{second.id}]").is_file()


def test_what_follows_from_a_choice_is_not_named_again(tmp_path):
    records = [made_run(tmp_path, 0.5), made_run(tmp_path, 0.5, optimizer="sgd"), made_run(tmp_path, 0.5, seed=1)]
    runs = [ComparedRun(record, "test", 100) for record in records]
    assert differing(runs) == ["optimizer", "seed"]
    assert label_of(runs[1], differing(runs), runs) == "optimizer=sgd seed=0"
    assert runs[0].record.id in label_of(runs[0], [], runs)


def of_optimizers(root: Path, key: str, *values: tuple[str, float | None]) -> list[ComparedRun]:
    records = [
        made_run(root, 0.5, optimizer=name, config={} if value is None else {f"optimizer.{key}": value})
        for name, value in values
    ]
    return [ComparedRun(record, "test", 100) for record in records]


def test_settings_that_differ_within_a_choice_are_named_beside_it(tmp_path):
    rates = (("adamw", 0.001), ("adamw", 0.01), ("sgd", 0.1))
    runs = of_optimizers(tmp_path, "learning_rate", *rates)
    assert list(table_of(runs).headings[2:5]) == ["optimizer", "learning_rate", "accuracy"]
    assert legend_of(runs) == [f"optimizer={name} learning_rate={rate}" for name, rate in rates]


def test_an_argument_that_another_choice_doesnt_have_is_no_word_of_its_label(tmp_path):
    runs = of_optimizers(tmp_path, "momentum", ("adamw", None), ("sgd", 0.8), ("sgd", 0.9))
    assert legend_of(runs) == ["optimizer=adamw", "optimizer=sgd momentum=0.8", "optimizer=sgd momentum=0.9"]
    debug = [ComparedRun(made_run(tmp_path, 0.5, **choices), "test", 100) for choices in ({}, {"debug": "smoke"})]
    assert legend_of(debug) == ["without debug", "debug=smoke"]


def configured(root: Path, *configs: dict[str, Any]) -> list[ComparedRun]:
    return [ComparedRun(made_run(root, 0.5, config=config), "test", 100) for config in configs]


def test_callbacks_are_settings_and_what_a_sweep_adds_to_them_is_none(tmp_path):
    configs = [{"callbacks.early_stopping": {"_target_": "EarlyStopping", "patience": value}} for value in (3, 10)]
    stopped = [made_run(tmp_path, 0.5, callbacks="early_stopping", config=config) for config in configs]
    supervised = {"_target_": "Supervised", "monitor": "val_accuracy", "epochs": 3, "latency": False}
    plain = [
        made_run(tmp_path, 0.5, callbacks="default", config={"callbacks": callbacks})
        for callbacks in ({}, {"supervised": supervised})
    ]
    runs = [ComparedRun(record, "test", 100) for record in (*plain, *stopped)]
    assert differing(runs[:2]) == []
    assert list(table_of(runs).headings[2:5]) == ["callbacks", "patience", "accuracy"]
    assert legend_of(runs[1:]) == [
        "callbacks=default",
        "callbacks=early_stopping patience=3",
        "callbacks=early_stopping patience=10",
    ]
    alike = configured(tmp_path, {"callbacks": {}}, configs[0])  # by a key on the command line
    assert legend_of(alike) == ["without early_stopping", "early_stopping=EarlyStopping"]


def test_settings_that_change_together_are_both_named(tmp_path):
    configs = [{"model.dropout": value, "loss.label_smoothing": value} for value in (0.0, 0.1)]
    assert differing(configured(tmp_path, *configs)) == ["model.dropout", "loss.label_smoothing"]


def test_a_setting_that_changes_no_result_is_no_difference(tmp_path):
    memory = [
        {"trainer.evaluation_batch_size": size, "data.notice": str(size), "trainer.leave_out": size} for size in (1, 2)
    ]
    assert differing(configured(tmp_path, *memory)) == ["trainer.leave_out"]


def test_a_setting_that_repeats_its_source_in_all_runs_is_not_named(tmp_path):
    rates = [{"optimizer.learning_rate": rate} for rate in (0.1, 0.2)]
    assert differing(configured(tmp_path, *rates)) == ["optimizer.learning_rate"]
    apart = configured(tmp_path, *rates, {**rates[1], "schedule.peak": 0.3})
    assert differing(apart) == ["optimizer.learning_rate", "schedule.peak"]
    decays = [{"optimizer.weight_decay": rate, "optimizer.adam_weight_decay": rate} for rate in (0.1, 0.2)]
    assert differing(configured(tmp_path, *decays)) == ["optimizer.weight_decay"]


def test_a_run_is_called_by_as_much_as_tells_it_apart(tmp_path):
    settings = [
        {"model": model, "aug": aug, "finetune": aug} for model in ("vgg19", "resnet50") for aug in ("on", "off")
    ]
    runs = [ComparedRun(made_run(tmp_path, 0.5, **one), "test", 100) for one in settings]
    keys = differing(runs)
    assert keys == ["model", "aug", "finetune"]
    assert [label_of(run, keys, runs) for run in runs[:2]] == ["vgg19 aug=on", "vgg19 aug=off"]


FLIP = {"_target_": "keras_cv.layers.RandomFlip", "mode": "horizontal"}


def with_layers(root: Path, *layers: dict[str, Any]) -> list[ComparedRun]:
    return [ComparedRun(made_run(root, 0.5, config={"aug.layers": one}), "test", 100) for one in layers]


def legend_of(runs: list[ComparedRun]) -> list[str]:
    legend = curves_figure(runs).axes[0].get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def test_settings_of_two_layers_are_told_apart_by_the_layers_names(tmp_path):
    factors = [(0.1, 0.2), (0.1, 0.3), (0.2, 0.2)]
    made = [
        {"brightness": {"_target_": "B", "factor": one}, "contrast": {"_target_": "C", "factor": other}}
        for one, other in factors
    ]
    runs = with_layers(tmp_path, *made)
    assert list(table_of(runs).headings[:5]) == ["run", "name", "brightness.factor", "contrast.factor", "accuracy"]
    assert legend_of(runs) == [f"brightness.factor={one} contrast.factor={other}" for one, other in factors]


def test_a_layer_that_a_run_lacks_is_one_difference_called_by_its_name(tmp_path):
    runs = with_layers(tmp_path, {"flip": FLIP}, {})
    table = table_of(runs)
    assert list(table.headings[:4]) == ["run", "name", "flip", "accuracy"]
    assert [row[2] for row in table.rows] == ["keras_cv.layers.RandomFlip", ""]
    assert legend_of(runs) == ["flip=keras_cv.layers.RandomFlip", "without flip"]


def test_arguments_of_a_layer_that_a_run_lacks_count_where_the_others_differ_in_them(tmp_path):
    runs = with_layers(tmp_path, {"flip": {**FLIP, "rate": 1}}, {"flip": {**FLIP, "rate": 0.5}}, {"cutout": FLIP})
    assert differing(runs) == ["aug.layers.flip._target_", "aug.layers.flip.rate", "aug.layers.cutout._target_"]
    assert differing(runs[:2]) == ["aug.layers.flip.rate"]
    assert differing(with_layers(tmp_path, {"flip": FLIP}, {"flip": None})) == ["aug.layers.flip._target_"]


def test_targets_that_no_class_has_name_the_damaged_file(tmp_path):
    made_run(tmp_path / "runs", 0.5)
    path = made_run(tmp_path / "runs", 0.6, seed=1).folder / "report" / "predictions.npz"
    with np.load(path) as saved:
        arrays = dict(saved)
    np.savez(path, **{**arrays, "test_targets": arrays["test_targets"] + 1})
    with pytest.raises(RunError, match=r"predictions\.npz doesn't hold .*targets go from 1 to 3: .* 3 classes, from 0"):
        compared(tmp_path / "runs")


def test_a_run_without_a_report_is_shown_and_the_command_named(tmp_path, capsys):
    made_run(tmp_path / "runs", 0.5)
    missing = made_run(tmp_path / "runs", None, aug="off")
    compared(tmp_path / "runs")
    assert f"emolab.evaluate ckpt={missing.id}\n" in capsys.readouterr().out
    compared(tmp_path / "runs", "split=validation")
    assert f"emolab.evaluate ckpt={missing.id} test=false\n" in capsys.readouterr().out


def test_a_run_judged_by_validation_alone_is_offered_that_and_test_images_stay_unopened(tmp_path, capsys):
    made_run(tmp_path / "runs", 0.5)
    judged = made_run(tmp_path / "runs", 0.6, aug="off")
    path = judged.folder / "report" / "predictions.npz"
    save_predictions(path, {"validation": load_predictions(path)["validation"]})
    compared(tmp_path / "runs")
    told = f"{judged.id} has no predictions of test images: python -m emolab.evaluate ckpt={judged.id}, or split=valid"
    assert told in capsys.readouterr().out
    compared(tmp_path / "runs", "split=validation", "flip=true")
    assert f"ckpt={judged.id} flip=true test=false\n" in capsys.readouterr().out


def made_engine(record: RunRecord, name: str, p50: float, p95: float, passed: bool = True, **others: Any) -> Path:
    """An engine without files, of this run's weights and temperatures; return its `engine.json`."""
    path = record.folder / "engines" / name / "engine.json"
    path.parent.mkdir(parents=True)
    engine, _, precision = name.partition("-")
    none = {"value": 1.0, "low": None, "high": None}
    facts = {
        "engine": engine, "precision": precision, "classes": CLASSES, "image_size": 48, "sha256": {}, "options": {},
        "hardware": {}, "fingerprint": "f", "weights": None, "temperatures": record.temperatures,
        "latency_ms": {"p50": p50, "p95": p95, "p99": 2 * p95}, "gates": {"accuracy": passed},
        "parity": {"n": 9, "accuracy_engine": 1.0, "accuracy": none, "drop": none, "agreement": 1.0},
    }  # fmt: skip
    path.write_text(json.dumps({**facts, **others}))
    return path


def test_the_fastest_engine_that_passed_its_gates_is_shown(tmp_path):
    record = made_run(tmp_path, 0.5)
    made_engine(record, "onnx-fp32", 5.0, 6.0)
    made_engine(record, "openvino-int8", 1.0, 2.0, passed=False)
    made_engine(record, "litert-fp32", 4.0, 7.0)
    assert "7.0 (litert fp32)" in table_of([ComparedRun(record, "test", 100), ComparedRun(record, "test", 100)]).rows[0]


def test_an_engine_that_is_damaged_or_of_older_weights_shows_no_latency_and_stops_no_comparison(tmp_path, caplog):
    record = made_run(tmp_path, 0.5)
    made_engine(record, "onnx-fp32", 5.0, 6.0)
    made_engine(record, "litert-fp32", 1.0, 2.0, weights="of an earlier epoch")
    made_engine(record, "openvino-fp32", 1.0, 2.0).write_text("{")
    engine = ComparedRun(record, "test", 100).engine
    assert engine is not None
    assert engine.engine == "onnx"
    assert "openvino-fp32/engine.json can't be read" in caplog.text


def test_a_calibration_error_stands_beside_what_exact_confidences_would_show():
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (900, 3)).astype(np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = (random.random((900, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)  # drawn from them: exact
    one = replace(predictions(0.5, 0, n=900), logits=logits, targets=np.minimum(targets, 2), groups=np.arange(900))
    found = quality_of(one, resamples=100)
    assert found.ece == pytest.approx(expected_calibration_error(one.probabilities(), one.targets))
    assert found.ece == pytest.approx(found.ece_if_calibrated, rel=0.6)
    sharpened = quality_of(calibrated(one, dict.fromkeys(CLASSES, 0.3)), resamples=100)
    assert sharpened.ece > 4 * sharpened.ece_if_calibrated


def test_an_ensemble_is_judged_beside_its_runs(tmp_path):
    runs = [made_run(tmp_path / "runs", 0.6, seed=seed) for seed in range(3)]
    page = compared(tmp_path / "runs", "ensemble=true")
    rows = (page.parent / "table.csv").read_text().splitlines()
    assert rows[1].startswith("ensemble of 3,")
    assert len(rows) == 5
    mean = np.mean([ComparedRun(run, "test", 100).predictions.probabilities() for run in runs], axis=0)
    right = (mean.argmax(axis=1) == ComparedRun(runs[0], "test", 100).predictions.targets).mean()
    assert f",{right:.3f} (" in rows[1]
    assert "ensemble of 3 is better than seed=" in (page.parent / "pairs.md").read_text()
    made_run(tmp_path / "runs", 0.6, images=1)
    with pytest.raises(RunError, match="evaluated on the same images"):
        compared(tmp_path / "runs", "ensemble=true")


def test_with_mirror_images_each_run_is_judged_by_the_average(tmp_path, capsys):
    record = made_run(tmp_path / "runs", 0.6, mirrored=0.6, temperature=2.0)
    run = ComparedRun(record, "test", 100, flip=True)
    plain, other = (
        load_predictions(record.folder / "report" / name)["test"] for name in ("predictions.npz", "mirrored.npz")
    )
    mean = sum(calibrated(one, record.temperatures).probabilities() for one in (plain, other)) / 2
    np.testing.assert_allclose(run.predictions.probabilities(), mean, atol=1e-6)
    missing = made_run(tmp_path / "runs", 0.6, seed=1)
    page = compared(tmp_path / "runs", "flip=true")
    assert "each averaged with its mirror image" in page.read_text()
    assert f"python -m emolab.evaluate ckpt={missing.id} flip=true" in capsys.readouterr().out
    with pytest.raises(RunError, match="with flip=true"):
        compared(tmp_path / "runs", "flip=true", "ensemble=true")


@pytest.mark.parametrize("sure", [1.0, 0.0])
def test_an_ensemble_weighs_calibrated_probabilities(tmp_path, sure):
    runs = [made_run(tmp_path, accuracy, temperature=0.1 if accuracy == sure else 10.0) for accuracy in (1.0, 0.0)]
    both = ensemble_of([ComparedRun(record, "test", 100) for record in runs])
    assert both.right.mean() == sure


def test_a_report_of_other_classes_than_its_run_is_refused(tmp_path):
    record = made_run(tmp_path, 0.6)
    path = record.folder / "report" / "predictions.npz"
    others = ("Ärger", *CLASSES[1:])
    save_predictions(path, {"test": replace(load_predictions(path)["test"], classes=others)})
    with pytest.raises(RunError, match=r"predictions\.npz has Ärger, .*expected the run's classes, " + CLASSES[0]):
        _ = ComparedRun(record, "test", 100).predictions
