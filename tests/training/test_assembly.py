import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from commands import TINY

from emolab.config.command import composed
from emolab.errors import ConfigError
from emolab.models.pretrained import FirstWeights
from emolab.training.assembly import build_module, build_trainer, check_arguments
from emolab.training.module import EmotionModule

RANDOM = FirstWeights(None, "random", None)


def _module(weights: FirstWeights, classes: tuple[str, ...], *overrides: str) -> EmotionModule:
    cfg = composed("train", [*TINY, "data.root=faces", "aug=off", *overrides])
    data = SimpleNamespace(classes=classes, image_size=32, grey=False, prior=np.full(len(classes), 1 / len(classes)))
    return build_module(cfg, build_trainer(cfg, None, None), data, weights)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("+model.backbone.width=[8]", r"^model\.backbone\.width: .*custom_cnn takes no such argument. .*'widths'\?"),
        ("+loss.gamma=1", r"^loss\.gamma: .*cross_entropy takes no .* It takes: balance, label_smoothing$"),
        ("+loss.prior=1", r"^loss\.prior: "),
        (
            "+aug.layers.affine.tilt=1",
            r"^aug\.layers\.affine\.tilt: .*RandomAffine takes no .* It takes: rate, rotation, ",
        ),
        (
            "+callbacks.stop={_target_: keras.callbacks.EarlyStopping, patince: 3}",
            r"^callbacks\.stop\.patince: .*Did you mean 'patience'\?",
        ),
        (
            "+callbacks.stop={_target_: keras.callbacks.EarlyStoping}",
            r"^callbacks\.stop\._target_=.*: keras\.callbacks has no 'EarlyStoping'\. Did you mean 'EarlyStopping'\?$",
        ),
        (
            "+callbacks.stop={_target_: keras.calbacks.Stop}",
            r"^callbacks\.stop\._target_=.*No module named 'keras\.calbacks'",
        ),
        ("+schedule.cycles=1", r"^schedule\.cycles: .*WarmupCosine takes no .* It takes: final, peak, warmup$"),
    ],
)
def test_a_target_or_an_argument_that_is_not_there_is_told_with_those_there_are(wrong: str, message: str) -> None:
    check_arguments(composed("train", [*TINY, "data.root=faces", "+optimizer.beta_1=0.8"]))  # by `**kwargs`
    with pytest.raises(ConfigError, match=message):
        check_arguments(composed("train", [*TINY, "data.root=faces", wrong]))


def test_arguments_of_what_is_built_at_once_or_tells_none_are_left_to_it() -> None:
    own = "callbacks.log={_target_: keras.callbacks.CSVLogger, filename: log.csv, targets: 1}"
    with pytest.raises(ConfigError, match=r"callbacks\.log\.targets: .*CSVLogger takes no such argument"):
        check_arguments(composed("train", [*TINY, "data.root=faces", f"+{own}"]))
    check_arguments(composed("train", [*TINY, "data.root=faces", "+callbacks.log={_target_: builtins.dict, a: 1}"]))


@pytest.mark.parametrize(
    ("classes", "head_kept"), [(("happy", "sad"), True), (("joy", "sad"), False), (("a", "b", "c"), False)]
)
def test_a_training_begins_with_a_runs_weights_and_its_head_only_for_the_same_classes(
    tmp_path: Path, classes: tuple[str, ...], head_kept: bool
) -> None:
    taught = _module(RANDOM, ("happy", "sad"), "seed=1").network
    path = tmp_path / "best-3.weights.h5"
    taught.save_weights(path)
    weights = FirstWeights(str(path), str(path), path, ("happy", "sad"))
    network = _module(weights, classes, "seed=2").network
    for layer in network.layers[:-1]:
        for value, expected in zip(layer.get_weights(), taught.get_layer(layer.name).get_weights(), strict=True):
            np.testing.assert_array_equal(value, expected)
    head, taught_head = (one.get_layer("logits").get_weights()[0] for one in (network, taught))
    assert np.array_equal(head, taught_head) == head_kept
    assert head.shape[-1] == len(classes)


def test_freezing_random_layers_is_said_loudly(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        _module(RANDOM, ("happy", "sad"), "finetune=partial")
    assert "RANDOM WEIGHTS, FROZEN" in caplog.text
    assert "stage1_block1_shortcut_conv" in caplog.text
    caplog.clear()
    _module(RANDOM, ("happy", "sad"), "finetune=full")
    assert not caplog.text


def test_an_optimizer_that_would_not_accumulate_is_refused() -> None:
    module = _module(RANDOM, ("happy", "sad"), "trainer.accumulate=4")
    assert module.configure_optimizers(8).gradient_accumulation_steps == 4
    forgetful = _module(RANDOM, ("happy", "sad"), "trainer.accumulate=4", "~optimizer.gradient_accumulation_steps")
    with pytest.raises(ConfigError, match=r"trainer\.accumulate=4, but optimizer.*=None: write `gradient_acc"):
        forgetful.configure_optimizers(8)


def test_pixels_reach_a_network_of_bfloat16_as_they_are() -> None:
    module = _module(RANDOM, ("happy", "sad"), "trainer.precision=mixed_bfloat16")
    reaching = []
    module.network = lambda images, training: reaching.append(images.numpy())
    module(tf.constant([200.25]), training=True)  # bfloat16 knows 200 and 201
    assert reaching == [200.25]


def test_the_seed_of_the_command_reaches_dropout_and_augmentation() -> None:
    module = _module(RANDOM, ("happy", "sad"), "aug=on", "seed=7")
    assert (module.seed, module._augmentation.seed) == (7, 7)
