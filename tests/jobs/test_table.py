import pytest
from made_plans import JOBS, add, plan

from emolab.jobs.table import table_of


def test_what_differs_heads_the_table(tmp_path):
    grid = plan(tmp_path, tuple(("data=x", *job) for job in JOBS))
    assert grid.differing() == ("seed", "model")
    assert [grid.value(number, "model") for number in range(3)] == ["vgg19", "vgg19", "resnet50"]
    columns = table_of(grid, range(3)).columns
    assert [str(column.header).strip() for column in columns][1:3] == ["seed", "model"]
    assert list(columns[2].cells) == ["vgg19", "vgg19", "resnet50"]


def test_what_some_add_and_others_set_is_one_column(tmp_path):
    columns = table_of(plan(tmp_path, (("+aug.rate=0",), ("aug.rate=1",), ("++aug.rate=2",))), range(3)).columns
    assert str(columns[1].header).strip() == "rate"
    assert list(columns[1].cells) == ["0", "1", "2"]


def test_settings_with_the_same_last_word_head_columns_of_their_own(tmp_path):
    keys = ("aug.layers.brightness.factor", "aug.layers.contrast.factor", "aug.layers.flip._target_", "seed")
    jobs = (tuple(f"{key}={value}" for key in keys) for value in (0, 1))
    columns = table_of(plan(tmp_path, tuple(jobs)), range(2)).columns
    headings = [str(column.header).strip() for column in columns]
    assert headings[1:5] == ["brightness.factor", "contrast.factor", "flip", "seed"]


def test_trainings_that_each_set_something_else_have_it_in_one_column(tmp_path):
    levers = plan(tmp_path, (("data=x",), ("data=x", "optimizer=sgd", "seed=1"), ("data=x", "model=vgg19")))
    columns = table_of(levers, range(3)).columns
    assert str(columns[1].header).strip() == "sets"
    assert list(columns[1].cells) == ["", "optimizer=sgd seed=1", "model=vgg19"]


@pytest.mark.parametrize(
    ("monitors", "heading"),
    [(("val_macro_f1",) * 2, "val_macro_f1"), (("val_accuracy", "val_macro_f1"), "validation"), ((), "validation")],
)
def test_what_chose_the_weights_heads_its_column_unless_it_differs(tmp_path, monitors, heading):
    grid = plan(tmp_path, JOBS)
    for number, name in enumerate(monitors):
        add(tmp_path, number).update(monitor={"name": name, "mode": "max", "best": 0.4 + number / 10, "epoch": 1})
    columns = {str(column.header).strip(): list(column.cells) for column in table_of(grid, range(3)).columns}
    assert columns[heading] == [*(f"{0.4 + number / 10:.4f}" for number in range(len(monitors))), *[""] * 3][:3]
    assert "test accuracy" in columns
