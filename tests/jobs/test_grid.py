import pytest

from emolab.config.command import composed
from emolab.config.overrides import search_path
from emolab.config.tree import conf_folder
from emolab.errors import ConfigError
from emolab.jobs import Plan
from emolab.jobs.grid import expanded, planned

DATA = ("data=folder", "data.root=faces")


def test_every_combination_is_a_training_and_the_last_choice_varies_fastest():
    jobs = expanded(["data=fer2013", "model=vgg19,resnet50", "seed=0,1"])
    assert jobs == tuple(
        ("data=fer2013", f"model={model}", f"seed={seed}") for model in ("vgg19", "resnet50") for seed in (0, 1)
    )


def test_a_list_is_one_value_and_a_range_is_several():
    jobs = expanded(["model.backbone.widths=[4,8]", "seed=range(3)"])
    assert jobs == tuple(("model.backbone.widths=[4,8]", f"seed={seed}") for seed in range(3))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("seed=0,1,0", "seed=0,1,0: a value stands there twice"),
        ("seed=range(0,0)", r"seed=range\(0,0\): holds no value"),
        ("paths.runs=a,b", "paths can't be swept"),
        ("paths={runs:a},{runs:b}", "paths can't be swept"),
    ],
)
def test_what_would_train_twice_or_be_looked_for_elsewhere_is_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        planned(["-m", *DATA, wrong])


def test_a_damaged_plan_is_told(tmp_path):
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds no grid that can be gone on with: KeyError"):
        Plan.open(tmp_path)


def test_resume_names_a_grid_and_a_wrong_one_is_answered_with_those_there_are(tmp_path):
    where = (f"paths.grids={tmp_path / 'grids'}", f"paths.runs={tmp_path / 'runs'}", *DATA, "seed=0,1")
    hydras = ["hydra/launcher=submitit_local", "++hydra.launcher.timeout_min=5"]
    first, launcher = planned(["-m", *where, *hydras])
    assert launcher == hydras
    first.begin()
    assert planned(["-m", *where, "resume=last"])[0] == first
    assert planned(["-m", *where, f"resume={first.name}"])[0] == first
    with pytest.raises(ConfigError, match=f"no such grid .*{first.name}"):
        planned(["-m", *where, "resume=20200101-000000-aaaa"])


def test_configs_of_ones_own_reach_every_training_of_a_grid(tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    text = (conf_folder() / "model" / "custom_cnn.yaml").read_text().replace("stem: 48", "stem: 4")
    (tmp_path / "mine" / "model" / "small.yaml").write_text(text)
    grid, launcher = planned(["-m", *DATA, "model=small,vgg19", "--config-dir", str(tmp_path / "mine")])
    assert launcher == [search_path([tmp_path / "mine"])]  # a launcher may be one of them
    assert [composed("train", job).model.name for job in grid.jobs] == ["custom_cnn", "vgg19"]
    assert composed("train", grid.jobs[0]).model.backbone.stem == 4
