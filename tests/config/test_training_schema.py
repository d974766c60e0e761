"""What would be found out only after hours of training is refused at once, without TensorFlow."""

from pathlib import Path

import pytest

from emolab.config.command import check_command
from emolab.errors import ConfigError

DATA = ("data=fer2013", "data.path=faces.csv")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["trainer.monitor=val_acc"], r"trainer.monitor=val_acc: .*'val_accuracy', .*'val_macro_f1' or 'val_loss'"),
        (["trainer.monitor=val_loss"], r"trainer.mode=max: .*worst weights by val_loss: add trainer.mode=min"),
        (["trainer.mode=min", "trainer.monitor=val_macro_f1"], r"worst weights by val_macro_f1: add trainer.mode=max"),
        (
            ["trainer.accumulate=2", "trainer.strategy={_target_:tensorflow.distribute.MirroredStrategy}"],
            r"doesn't go with trainer.accumulate",
        ),
        (["model=custom_cnn", "model.backbone.stem=-3"], r"model.backbone.stem=-3: .*greater than or equal to 1"),
        (["model=custom_cnn", "model.backbone.widths=8"], r"model.backbone.widths=8: expected a list"),
        (["aug.layers.affine.rate=5"], r"aug.layers.affine.rate=5: .*less than or equal to 1"),
        (
            ["callbacks=early_stopping", "callbacks.early_stopping.patience=many"],
            r"patience=many: expected a whole number",
        ),
        (["name=a/b"], r"name=a/b: can't name a folder: give up to 100 letters"),
        (["name=.hidden"], r"name=.hidden: can't name a folder"),
        (["optimizer.learning_rate=inf"], r"optimizer.learning_rate=inf: .*finite number"),
        (["optimizer.weight_decay=inf"], r"optimizer.weight_decay=inf: .*finite number"),
        (["distillation.temperature=inf"], r"distillation.temperature=inf: .*finite number"),
        (["data.image_size=4"], r"data.image_size=4: expected 16 to 1024 pixels"),
        (["data.split.validation=1.1"], r"data.split.validation=1.1: .*less than or equal to 1"),
        (["data.split.validation=0.5", "data.split.test=0.6"], r"data.split=.*: expected a sum of at most 1"),
        (["data.near_duplicate_bits=17"], r"data.near_duplicate_bits=17: .*less than or equal to 16"),
        (["data.name=../x"], r"data.name=../x: can't name a folder"),
        (["logger=wandb", "logger.project=a/b"], r"logger.project=a/b: W&B takes 1 to 128 characters, none of them / "),
        (["logger=wandb", f"logger.tags=[a,{'x' * 65}]"], r"logger.tags.1.=x*: W&B takes tags of 1 to 64 .*x' has 65"),
        (["logger=wandb", "logger.tags=first"], r"logger.tags=first: expected a list"),
        (["logger=wandb", "logger.mode=disabled"], r"logger.mode=disabled: expected 'auto' or 'offline'"),
        (["logger=wandb", "logger.log_model=off"], r"logger.log_model=off: expected true or false"),
        (["logger=wandb", "logger.wait_seconds=6s"], r"logger.wait_seconds=6s: expected a number"),
        (["logger=wandb", "+logger.projects=a"], r"there is no key 'logger.projects'. Did you mean 'project'"),
    ],
)
def test_a_training_that_would_mislead_is_refused(wrong: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_command("train", [*DATA, *wrong])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("teacher=[a,a]", "teacher=['a', 'a']: a stands there 2 times, expected each once: leave out what is repeated"),
        ("teacher=[1,b]", "teacher[0]=1: expected text"),
        ("teacher=5", "teacher=5: expected text, or a list"),
        ("evaluate=test", "evaluate=test: expected true or false, or 'validation'"),
    ],
)
def test_what_may_be_of_several_types_is_told_once(wrong: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_command("train", [*DATA, wrong])
    assert str(caught.value) == told


def test_what_wandb_takes_and_what_only_another_logger_does_pass() -> None:
    check_command("train", [*DATA, "logger=wandb", f"logger.project={'p' * 128}", f"logger.tags=[{'x' * 64}]"])
    check_command("train", [*DATA, "logger=wandb", "logger.tags=null", "logger.connect_seconds=0"])
    check_command("train", [*DATA, "logger=wandb", "logger.project=2026", "logger.tags=[2026]", "logger.group=5"])
    check_command(
        "train", [*DATA, "logger=wandb", "logger._target_=emolab.tracking.JsonLines", "logger.project=team/faces"]
    )
    check_command("train", [*DATA, "logger=wandb", "logger._target_=emolab.tracking.JsonLines", "logger.tags=first"])


def test_a_list_of_layers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "aug").mkdir()
    for layers in ("[flip]", "[{_target_: keras.layers.RandomFlip}]"):
        own = f"_target_: emolab.training.augmentation.Augmentation\nlayers: {layers}\n"
        (tmp_path / "aug" / "mine.yaml").write_text(own)
        with pytest.raises(ConfigError, match=r"aug.layers=\[.*: expected keys with values"):
            check_command("train", [*DATA, "aug=mine", "--config-dir", str(tmp_path)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"# @package _global_\nseed: 1\nseed: 2\n", r"mine.yaml.*line 2.*found duplicate key seed"),
        (b"# @package _global_\nname: [a\n", r"mine.yaml.*line 2"),
        (b"# @package _global_\nname: \xff\n", r"a config can't be read: .*mine.yaml: 'utf-8' codec"),
        (b"seed: 1\n", r"there is no key 'experiment': a file of your own in experiment/ begins with .*_global_'"),
    ],
)
def test_a_mistake_in_a_configuration_of_ones_own_is_told(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_bytes(text)
    with pytest.raises(ConfigError, match=message):
        check_command("train", [*DATA, "experiment=mine", "--config-dir", str(tmp_path)])


def test_other_values_than_accuracy_may_decide() -> None:
    check_command("train", [*DATA, "trainer.monitor=val_loss", "trainer.mode=min", "callbacks=early_stopping"])
    check_command("train", [*DATA, "trainer.monitor=val_balanced_accuracy"])


def test_what_is_the_users_own_has_limits_of_its_own() -> None:
    own = [
        *("+model.backbone.widths=1.5", "model.backbone._target_=collections.Counter"),
        "+aug.layers.hum={_target_: collections.Counter, rate: 44100}",
        "+callbacks.wait={_target_: collections.Counter, patience: 0.5}",
    ]
    check_command("train", [*DATA, "model=vgg19", *own])
    for verb in ("evaluate", "export"):
        with pytest.raises(ConfigError, match=r"logger.project=a/b: W&B takes"):
            check_command(verb, ["logger=wandb", "logger.project=a/b"])
