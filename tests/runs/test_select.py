import logging

import pytest
from omegaconf import OmegaConf
from run_fields import FIELDS, made_record

from emolab.config.command import composed
from emolab.errors import RunError
from emolab.files import read_json, write_json
from emolab.jobs.group import runs_of
from emolab.runs import RunRecord, chosen_run, list_runs, resolve, select
from emolab.runs.writer import this_process

ACCURACY = "validation_accuracy"


def add(
    root, best=None, model="vgg19", mode="max", monitor=ACCURACY, status="finished", save=True, data="fer2013",
    debug=None, **more,
):  # fmt: skip
    watched = {"name": monitor, "mode": mode, "best": best, "epoch": 1}
    learned_from = {**FIELDS["data"], "name": data, **more}
    choices = {"model": model, **({} if debug is None else {"debug": debug})}
    record = made_record(root, data=learned_from, monitor=watched, model={"name": model}, choices=choices)
    if save:
        record.save_checkpoint("best", lambda path: path.write_text("w"), tag=1)
    record.finish(status)
    return record


def test_best_is_the_highest_value_among_finished_runs(tmp_path):
    add(tmp_path, 0.5)
    winner = add(tmp_path, 0.7)
    add(tmp_path, 0.6)
    add(tmp_path, 0.9, status="failed")
    add(tmp_path, 0.9, save=False)
    add(tmp_path, None)
    record, reason = resolve("best", tmp_path)
    assert record.id == winner.id
    assert reason == f"{winner.id} has the highest validation_accuracy, 0.7, of 3 finished runs"


def test_the_best_among_runs_of_different_data_comes_with_a_warning(tmp_path):
    winner = add(tmp_path, 0.76, data="demo")
    real = add(tmp_path, 0.67)
    record, reason = resolve("best", tmp_path)
    assert record.id == winner.id
    assert "different data (demo, fer2013)" in reason
    assert reason.endswith("ckpt.where.data=fer2013")
    record, reason = resolve("best", tmp_path, {"data": "fer2013"})
    assert record.id == real.id
    assert "different data" not in reason


def test_folders_of_the_same_name_may_hold_different_data_and_a_copy_the_same(tmp_path):
    add(tmp_path, 0.76, data="folder", content="1", fingerprint="aaa")
    add(tmp_path, 0.70, data="folder", content="1", fingerprint="bbb")
    assert "different data" not in resolve("best", tmp_path)[1]
    add(tmp_path, 0.60, data="folder", content="2", fingerprint="ccc")
    _, reason = resolve("best", tmp_path)
    assert reason.endswith("give the id of a run")
    assert "different data" not in resolve("best", tmp_path, {"data": {"fingerprint": "aaa"}})[1]


def test_debug_runs_are_the_best_only_where_no_other_run_fits_and_then_it_is_told(tmp_path):
    overfitted = add(tmp_path, 0.9, debug="overfit")
    add(tmp_path, 0.4, mode="min", monitor="loss", debug="smoke")
    real = add(tmp_path, 0.5)
    record, reason = resolve("best", tmp_path)
    assert record.id == real.id
    assert reason.endswith("0.5, of 1 finished runs, not counting debug runs (2)")
    assert resolve(overfitted.id, tmp_path)[0].id == overfitted.id
    for where in ({"choices": {"debug": "overfit"}}, {"monitor": {"name": ACCURACY, "best": 0.9}}):
        record, reason = resolve("best", tmp_path, where)
        assert record.id == overfitted.id
        assert reason.endswith(
            ". It was trained with debug=overfit, to try whether a training runs, and no other run fits"
        )


def test_a_training_is_known_by_its_choices_to_be_a_debug_run():
    chosen = [composed("train", given, hydra_too=True).hydra.runtime.choices for given in (["debug=smoke"], [])]
    assert [choices.get("debug") for choices in chosen] == ["smoke", None]  # as the record takes them


def test_best_is_the_lowest_value_where_less_is_better(tmp_path):
    winner = add(tmp_path, 0.2, mode="min", monitor="loss")
    add(tmp_path, 0.3, mode="min", monitor="loss")
    record, reason = resolve("best", tmp_path)
    assert record.id == winner.id
    assert "lowest loss" in reason


@pytest.mark.parametrize("where", [{"model": {"name": "resnet50"}}, {"model": "resnet50"}])
def test_where_narrows_best(tmp_path, where):
    add(tmp_path, 0.7)
    winner = add(tmp_path, 0.6, model="resnet50")
    record, reason = resolve("best", tmp_path, where)
    assert record.id == winner.id
    assert "resnet50" in reason


def test_values_that_cannot_be_compared_are_not(tmp_path):
    add(tmp_path, 0.7)
    winner = add(tmp_path, 0.3, mode="min", monitor="loss")
    with pytest.raises(RunError, match="loss \\(min\\), validation_accuracy \\(max\\)"):
        resolve("best", tmp_path)
    assert resolve("best", tmp_path, {"monitor": "loss"})[0].id == winner.id


def test_last_is_the_newest_with_a_checkpoint(tmp_path):
    add(tmp_path, 0.9)
    newest = add(tmp_path, 0.1, model="a_name_that_sorts_first")
    add(tmp_path, None, save=False)
    assert resolve("last", tmp_path)[0].id == newest.id


def test_last_to_be_used_has_weights_and_last_to_go_on_with_has_a_state(tmp_path):
    older = add(tmp_path, 0.5)
    with pytest.raises(RunError, match="ckpt=last: no run to go on with"):
        resolve("last", tmp_path, needs="last")
    cut = made_record(tmp_path)  # in its first epoch
    cut.save_checkpoint("last", lambda path: path.write_text("s"), tag=3)
    cut.finish("interrupted")
    assert resolve("last", tmp_path)[0].id == older.id
    assert resolve("last", tmp_path, needs="last")[0].id == cut.id


def test_an_id_and_a_folder_are_found(tmp_path):
    record = add(tmp_path, 0.5)
    add(tmp_path, 0.6)
    assert resolve(record.id, tmp_path)[0].folder == record.folder
    assert resolve(record.folder, tmp_path / "elsewhere")[0].id == record.id
    assert resolve(f"vgg19/{record.id}", tmp_path)[0].id == record.id


@pytest.mark.parametrize(
    "ckpt", ["20200101-000000-aaaa", "", "../..", "bset", "*", "~nobody-here/x", pytest.param("x" * 5000, id="long")]
)
def test_what_does_not_exist_is_answered_with_what_does(tmp_path, ckpt):
    record = add(tmp_path, 0.5)
    with pytest.raises(RunError, match=f"{record.id}.*vgg19.*finished.*0.5"):
        resolve(ckpt, tmp_path)


@pytest.mark.parametrize("ckpt", ["best", "last"])
def test_no_runs_at_all_say_where_they_were_looked_for(tmp_path, ckpt):
    with pytest.raises(RunError, match=r"no runs under .*nowhere.*paths\.runs"):
        resolve(ckpt, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"modle": "vgg19"}, r"where\.modle: no run has such a field\. Did you mean 'model'\? A run has: .*image_size"),
        ({"model": {"weights": {"use": 1}}}, r"Did you mean 'used'\? model\.weights has: requested, used"),
        ({"seed": {"name": 1}}, r"where\.seed\.name: no run has such a field\. seed has: nothing"),
    ],
)
@pytest.mark.parametrize("ckpt", ["best", "last"])
def test_a_field_that_no_run_has_is_answered_with_those_there_are(tmp_path, ckpt, where, told):
    add(tmp_path, 0.5)
    with pytest.raises(RunError, match=told):
        resolve(ckpt, tmp_path, where)


def test_nothing_that_fits_names_the_narrowing_and_the_runs(tmp_path):
    record = add(tmp_path, 0.5)
    with pytest.raises(RunError, match=rf"where model\.name=vgg20.*(\n.*)*{record.id}"):
        resolve("best", tmp_path, {"model": {"name": "vgg20"}})


def test_damaged_runs_are_skipped_with_a_warning(tmp_path, caplog):
    good = add(tmp_path, 0.5)
    torn, odd = add(tmp_path, 0.9), add(tmp_path, 0.9)
    (torn.folder / "run.json").write_text('{"id": ')
    facts = read_json(odd.folder / "run.json")
    write_json(odd.folder / "run.json", {**facts, "monitor": {**facts["monitor"], "best": "a lot"}})
    (tmp_path / "vgg19" / "half-made").mkdir()
    (tmp_path / "stray.txt").write_text("x")
    with caplog.at_level(logging.WARNING):
        assert resolve("best", tmp_path)[0].id == good.id
    assert str(torn.folder) in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        '"group": "g"',
        '"group": {"name": "g"}',
        '"group": {"name": "g", "number": [1]}',
        f'"monitor": {{"best": 1{"0" * 400}}}',
        f'"more": {"[" * 700}{"]" * 700}',
    ],
    ids=lambda text: text[:40],
)
def test_an_odd_run_stops_nothing_that_looks_at_all_runs(tmp_path, damage):
    good, odd = add(tmp_path, 0.5), add(tmp_path, 0.9)
    path = odd.folder / "run.json"
    path.write_text(f"{path.read_text().rstrip().removesuffix('}')}, {damage}}}")
    assert [run.id for run in list_runs(tmp_path)] == [good.id]
    assert runs_of(tmp_path, "g") == []
    assert resolve("best", tmp_path)[0].id == good.id


def test_a_process_whose_number_no_system_gives_is_dead(tmp_path):
    record = add(tmp_path, 0.5)
    record.update(status="running", process={**this_process(), "pid": 10**20})
    assert RunRecord.open(record.folder).status == "interrupted"


def test_runs_are_listed_by_the_time_they_began(tmp_path):
    ids = [add(tmp_path, 0.1, model=model).id for model in ("z", "a", "m")]
    assert [run.id for run in list_runs(tmp_path)] == ids


def test_a_run_whose_folder_was_renamed_is_found_by_its_id_and_by_its_new_name(tmp_path):
    record = add(tmp_path, 0.5)
    renamed = record.folder.rename(tmp_path / "vgg19" / "the best one")
    for ckpt in (record.id, "the best one", "vgg19/the best one"):
        assert resolve(ckpt, tmp_path)[0].folder == renamed
    with pytest.raises(RunError, match=f"{record.id}  vgg19 .* in vgg19/the best one"):
        resolve("bset", tmp_path)


def test_two_folders_of_one_id_are_not_guessed_between(tmp_path):
    record = add(tmp_path, 0.5)
    other = tmp_path / "copy" / record.id
    other.parent.mkdir()
    other.mkdir()
    (other / "run.json").write_text((record.folder / "run.json").read_text())
    with pytest.raises(RunError, match="fits 2 runs"):
        resolve(record.id, tmp_path)


def test_the_chosen_run_is_told_with_its_reason_and_what_its_data_say(tmp_path, capsys):
    drawn, real = add(tmp_path, 0.6, data="demo", notice="not fit for real faces"), add(tmp_path, 0.5)
    cfg = OmegaConf.create({"ckpt": {"run": "best", "where": {"data": "demo"}}, "paths": {"runs": str(tmp_path)}})
    assert chosen_run(cfg).id == drawn.id
    run, note = capsys.readouterr().out.splitlines()
    assert run.startswith(f"run {drawn.folder}: {drawn.id} has the highest")
    assert note == "note: not fit for real faces"
    assert chosen_run(cfg, notice=False).id == drawn.id
    assert chosen_run(cfg, real.id).id == real.id
    assert "note" not in capsys.readouterr().out


def test_what_a_stranger_wrote_into_a_run_does_nothing_to_the_terminal(tmp_path, capsys):
    run = add(tmp_path, 0.6, monitor="\x1b]0;title\x07", notice="not fit\x1b[2J\nfor real faces\n")
    cfg = OmegaConf.create({"ckpt": {"run": "best", "where": {}}, "paths": {"runs": str(tmp_path)}})
    assert chosen_run(cfg).id == run.id
    told, note = capsys.readouterr().out.splitlines()
    assert r"has the highest \x1b]0;title\x07, 0.6, of" in told
    assert note == r"note: not fit\x1b[2J for real faces"


def test_matching_goes_into_nested_fields():
    fields = {"model": {"name": "vgg19", "weights": {"used": "imagenet"}}, "seed": 1}
    assert select.matches(fields, {"model": {"weights": {"used": "imagenet"}}, "seed": 1})
    assert not select.matches(fields, {"model": {"weights": {"used": None}}})
    assert not select.matches(fields, {"nothing": 1})
    assert not select.matches(fields, {"seed": {"name": 1}})
