"""A run folder may come from anywhere: its settings are data, and nothing in them runs."""

from types import SimpleNamespace

import pytest

from emolab.config.command import composed
from emolab.config.saved import network_settings_of, typed_modules
from emolab.errors import RunError

NETWORK = """
model:
  name: custom_cnn
  dropout: 0.1
  backbone: {_target_: emolab.models.custom_cnn.custom_cnn, _partial_: true, stem: 8}
"""


def _record(text: str) -> SimpleNamespace:
    return SimpleNamespace(id="20261124-101500-aaaa", config_text=text)


def test_the_settings_of_our_own_networks_are_returned() -> None:
    assert network_settings_of(_record(NETWORK))["backbone"]["stem"] == 8


@pytest.mark.parametrize(
    "target",
    ["os.system", "subprocess.run", "emolab.files.write_text", "emolab.models.network.build_network", 5, ["a"]],
)
def test_another_function_is_refused(target: object) -> None:
    text = NETWORK.replace("emolab.models.custom_cnn.custom_cnn", str(target))
    with pytest.raises(RunError, match="which is refused"):
        network_settings_of(_record(text))


def test_a_function_hidden_among_the_arguments_is_refused() -> None:
    text = NETWORK.replace("stem: 8", "stem: {_target_: os.getcwd}")
    with pytest.raises(RunError, match=r"os\.getcwd"):
        network_settings_of(_record(text))


def test_a_network_of_ours_hidden_among_the_arguments_is_refused() -> None:
    """It would be built with any arguments, such as a file of weights to open."""
    text = NETWORK.replace("stem: 8", "stem: {_target_: emolab.models.backbones.vgg19, weights: /etc/passwd}")
    with pytest.raises(RunError, match=r"vgg19 at model\.backbone\.stem, which is refused"):
        network_settings_of(_record(text))


@pytest.mark.parametrize("argument", ["weights: /etc/passwd", "weights: imagenet", "include_top: true"])
def test_an_argument_that_no_config_gives_is_refused(argument: str) -> None:
    text = NETWORK.replace("stem: 8", argument)
    with pytest.raises(RunError, match=f"{argument.partition(':')[0]}, which is refused: conf/model has"):
        network_settings_of(_record(text))


def test_a_module_of_the_users_own_must_be_trusted_by_name() -> None:
    text = NETWORK.replace("emolab.models.custom_cnn.custom_cnn", "json.tool.main")
    with pytest.raises(RunError, match="trust its module"):
        network_settings_of(_record(text))
    assert network_settings_of(_record(text), ["json.tool"])["backbone"]["_target_"] == "json.tool.main"
    with pytest.raises(RunError):
        network_settings_of(_record(text), ["json.too"])


@pytest.mark.parametrize("target", ["json.tool.sys.exit", "json.tool.Path.touch", "json.tool.json.load"])
def test_what_a_trusted_module_imports_is_not_trusted_with_it(target: str) -> None:
    with pytest.raises(RunError, match="which is refused"):
        network_settings_of(_record(NETWORK.replace("emolab.models.custom_cnn.custom_cnn", target)), ["json.tool"])


def test_what_a_trusted_module_no_longer_has_is_named() -> None:
    text = NETWORK.replace("emolab.models.custom_cnn.custom_cnn", "json.tool.gone")
    with pytest.raises(RunError, match=r"json\.tool\.gone, which the run names, can't be imported"):
        network_settings_of(_record(text), ["json.tool"])


def test_a_training_trusts_a_module_of_the_users_own_and_none_of_ours() -> None:
    given = ["data=demo", "model=vgg19"]
    assert typed_modules(composed("train", given)) == []
    assert typed_modules(composed("train", [*given, "model.backbone._target_=json.tool.main"])) == ["json.tool"]


def test_an_interpolation_is_refused() -> None:
    with pytest.raises(RunError, match="interpolation"):
        network_settings_of(_record(NETWORK.replace("stem: 8", "stem: '${oc.env:HOME}'")))


@pytest.mark.parametrize(
    "text",
    [
        "model: !!python/object/apply:os.system ['true']",
        "a: &a [1]\nmodel: *a",
        "[1, 2]",
        "model: {name: 3}",
        "model: [",
        "",
        "a: " + "[" * 3000,
    ],
)
def test_what_is_no_plain_configuration_is_refused(text: str) -> None:
    with pytest.raises(RunError):
        network_settings_of(_record(text))
