from pathlib import Path
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf
from run_fields import made_record

from emolab.config.command import composed
from emolab.judging.head import head_of

DATA = ("data=fer2013", "data.path=faces.csv")


def head(root: Path, *overrides: str, **fields: object) -> dict[str, str]:
    """What a report says of a run with this recipe."""
    known = {
        "monitor": {"name": "val_accuracy", "mode": "max", "best": 0.5, "epoch": 1},
        "model": {"name": "vgg19", "parameters": 10, "weights": {"used": "random"}},
    }
    config = OmegaConf.to_yaml(composed("train", [*DATA, *overrides]), resolve=True)
    record = made_record(root, config, **{**known, **fields})
    return head_of(record, SimpleNamespace(name="b", fingerprint="def", image_size=48))  # type: ignore[arg-type]


@pytest.mark.parametrize("other", ["aug=camera", "aug=on", "loss=focal", "optimizer=muon", "trainer.epochs=3"])
def test_two_recipes_read_differently(tmp_path: Path, other: str) -> None:
    assert head(tmp_path, "aug=blend")["recipe"] != head(tmp_path, "aug=blend", other)["recipe"]


def test_a_run_that_knows_little_of_itself_says_so(tmp_path: Path) -> None:
    model = {"name": "vgg19", "parameters": None, "weights": {"used": None}}
    found = head(tmp_path, model=model, monitor={"name": "val_accuracy", "mode": "max"})
    assert found["model"] == "vgg19, an unknown number of weights, begun from unknown ones"
    assert found["best epoch"] == "unknown"
    assert head(tmp_path)["model"] == "vgg19, 10 weights, begun from random"
    assert head(tmp_path)["best epoch"] == "2, by val_accuracy 0.5000"


def teacher(run: str) -> dict[str, str]:
    return {"run": run, "folder": run, "weights": "w"}


def test_a_student_names_its_teachers_and_what_they_count(tmp_path: Path) -> None:
    taught = head(tmp_path, "distillation.weight=0.4", teachers=[teacher("one"), teacher("other")])
    assert taught["learned from"] == "one, other; weight 0.4, temperature 3.0"
    assert "learned from" not in head(tmp_path)


def test_cores_and_memory_have_their_units(tmp_path: Path) -> None:
    hardware = {"host": "vm", "processor": "AMD EPYC", "cores": 2, "memory_gib": 23.5, "gpus": []}
    assert head(tmp_path, hardware=hardware)["hardware"] == "vm, AMD EPYC, 2 cores, 23.5 GiB"
