"""Every choice in conf/ builds what it names, and every command in the documents is a right one."""

import re
import shlex
import warnings
from pathlib import Path

import keras
import numpy as np
import optuna
import pytest
from hydra.utils import instantiate

from emolab.cli import _shorthand
from emolab.config.command import check_command, composed
from emolab.config.tree import conf_folder, groups
from emolab.training.augmentation import Augmentation
from experiments.demo_faces.__main__ import _parser

REPO = Path(__file__).resolve().parents[1]
DATA = ("data=fer2013", "data.path=faces.csv")
DEMO_FACES = "experiments.demo_faces"  # takes arguments of its own, not Hydra's
TRAINING = ("train", "sweep", "founding", "levers", "label_noise")  # verbs that need photographs
CHOICES = groups(conf_folder())


def _settings(group: str, choice: str) -> object:
    return composed("train", [*DATA, f"{group}={choice}"])[group]


@pytest.mark.parametrize("choice", CHOICES["loss"])
def test_every_loss_is_finite_and_falls_with_the_right_answer(choice: str) -> None:
    loss = instantiate(_settings("loss", choice))
    targets = np.eye(3, dtype=np.float32)
    prior = np.array([0.5, 0.3, 0.2], np.float32)
    right, wrong = loss(targets * 4, targets, prior).numpy(), loss(-targets * 4, targets, prior).numpy()
    assert np.isfinite(wrong).all()
    assert (right < wrong).all()


@pytest.mark.parametrize("loss", CHOICES["loss"])
@pytest.mark.parametrize(
    "setting", [f"{group}={choice}" for group in ("debug", "experiment") for choice in CHOICES[group]]
)
def test_every_recipe_and_debug_choice_bears_every_loss(setting: str, loss: str) -> None:
    function = instantiate(composed("train", [*DATA, setting, f"loss={loss}"]).loss)
    targets = np.eye(3, dtype=np.float32)
    assert np.isfinite(function(targets, targets, np.full(3, 1 / 3, np.float32)).numpy()).all()


@pytest.mark.parametrize("choice", CHOICES["optimizer"])
def test_every_optimizer_builds(choice: str) -> None:
    settings = _settings("optimizer", choice)
    optimizer = instantiate(settings)()
    assert isinstance(optimizer, keras.Optimizer)
    assert float(optimizer.learning_rate) == pytest.approx(settings.learning_rate)


@pytest.mark.parametrize("choice", CHOICES["schedule"])
def test_every_schedule_builds_and_stays_at_or_below_its_peak(choice: str) -> None:
    cfg = composed("train", [*DATA, f"schedule={choice}"])
    schedule = instantiate(cfg.schedule)(total_steps=50)
    rates = [float(schedule(step) if callable(schedule) else schedule) for step in range(50)]
    assert 0 < max(rates) <= cfg.optimizer.learning_rate * 1.0001


@pytest.mark.parametrize("choice", CHOICES["callbacks"])
def test_every_callback_builds(choice: str) -> None:
    settings = composed("train", [*DATA, f"callbacks={choice}"]).callbacks
    built = [instantiate(callback) for callback in settings.values()]
    assert all(isinstance(callback, keras.callbacks.Callback) for callback in built)
    assert bool(built) == (choice != "default")


@pytest.mark.parametrize("choice", CHOICES["aug"])
def test_every_augmentation_builds(choice: str) -> None:
    augmentation = instantiate(_settings("aug", choice), _convert_="all")
    assert isinstance(augmentation, Augmentation)
    assert bool(augmentation.layers) == (choice != "off")


@pytest.mark.parametrize("choice", CHOICES["model"])
def test_every_model_builds_its_backbone(choice: str) -> None:
    images = keras.Input((48, 48, 3))
    features = instantiate(_settings("model", choice).backbone, _convert_="all")(images)
    assert len(features.shape) == 4


@pytest.mark.parametrize("choice", CHOICES["sampler"])
def test_every_sampler_builds_and_proposes(choice: str) -> None:
    if choice == "gp":
        pytest.importorskip("torch", reason="the Gaussian process needs PyTorch: pip install -e '.[gp]'")
    settings = composed("sweep", [*DATA, f"sampler={choice}"]).sampler
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(sampler=instantiate(settings, seed=0))
    assert 0 <= study.ask().suggest_float("x", 0, 1) <= 1


@pytest.mark.parametrize("choice", CHOICES["pruner"])
def test_every_pruner_builds_and_ends_what_is_hopeless_but_none(choice: str) -> None:
    settings = composed("sweep", [*DATA, f"pruner={choice}", "trainer.epochs=9"]).pruner
    study = optuna.create_study(direction="maximize", pruner=instantiate(settings))
    ended = 0
    for number in range(40):
        trial = study.ask()
        for epoch in range(9):
            trial.report(1.0 if number < 20 else 0.01 * epoch, epoch)
            ended += trial.should_prune()
        study.tell(trial, 1.0)
    assert bool(ended) == (choice != "none")


def _commands() -> list[str]:
    texts = [REPO / "README.md", *sorted((REPO / "docs").glob("*.md")), *sorted((REPO / "conf").rglob("*.yaml"))]
    command = re.compile(r"python -m ((?:emolab|experiments|realtime)\.[^`;\n]+)")
    found = {line for path in texts for line in command.findall(path.read_text())}
    return sorted(line.strip() for line in found if ("=" in line or DEMO_FACES in line) and "..." not in line)


@pytest.mark.parametrize("command", _commands())
def test_every_command_in_the_documents_is_accepted(command: str) -> None:
    module, *arguments = shlex.split(command.partition("|")[0])
    if module == DEMO_FACES:
        assert callable(_parser().parse_args(arguments).run)
        return
    arguments = [_shorthand(argument) for argument in arguments]
    verb = module.rpartition(".")[2]
    if verb in TRAINING and not any(argument.startswith(("data=", "experiment=")) for argument in arguments):
        arguments += DATA
    check_command(verb, arguments)


def test_there_are_commands_to_check() -> None:
    assert len(_commands()) > 10
    assert sum(DEMO_FACES in command for command in _commands()) == 3
