from pathlib import Path

import keras
import numpy as np
import pytest
from tiny_training import TinyData, assert_same_weights, tiny_module

from emolab.errors import RunError
from emolab.training.state import load_state, save_state, variables_of
from emolab.training.trainer import Trainer


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    """Only read by the tests: what would be loaded into it is refused."""
    trainer = Trainer(epochs=1)
    return trainer.fit(tiny_module(trainer, averaging=0.9), TinyData())


def _fresh(**optimizer: object) -> keras.Model:
    trainer = Trainer(epochs=1)
    module = tiny_module(trainer, **optimizer)
    trainer.compile(module, TinyData())
    return module


def test_every_variable_comes_back(trained: keras.Model, tmp_path: Path) -> None:
    save_state(tmp_path / "state.npz", trained, {"step": 5})
    module = _fresh(averaging=0.9)
    assert load_state(tmp_path / "state.npz", module) == {"step": 5}
    for saved, loaded in zip(variables_of(trained), variables_of(module), strict=True):
        np.testing.assert_array_equal(saved.numpy(), loaded.numpy(), err_msg=saved.path)
    assert_same_weights(trained, module)
    assert module.steps_done == 5


def test_the_state_of_another_optimizer_is_refused_and_changes_nothing(trained: keras.Model, tmp_path: Path) -> None:
    save_state(tmp_path / "state.npz", trained, {})
    module = _fresh(averaging=None)
    before = [variable.numpy() for variable in variables_of(module)]
    with pytest.raises(RunError, match="resume with the same config"):
        load_state(tmp_path / "state.npz", module)
    for old, variable in zip(before, variables_of(module), strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"text" * 99,
        lambda data: data[: (at := data.index(b"PK\1\2") + 10)] + b"\x63" + data[at + 1 :],  # compressed by method 99
    ],
)
def test_a_damaged_file_is_refused(trained: keras.Model, tmp_path: Path, damage) -> None:
    path = tmp_path / "state.npz"
    save_state(path, trained, {})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RunError, match="not a whole training state"):
        load_state(path, trained)


def test_pickled_objects_are_refused(trained: keras.Model, tmp_path: Path) -> None:
    np.savez(tmp_path / "state.npz", facts=np.array([{"paths": []}], dtype=object))
    with pytest.raises(RunError, match="not a whole training state"):
        load_state(tmp_path / "state.npz", trained)
