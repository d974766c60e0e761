"""Settings from a run folder, which may have come from anywhere: data, never instructions."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import yaml
from hydra.utils import get_object
from omegaconf import DictConfig

from emolab.config.targets import problem_with, targets_in
from emolab.config.tree import conf_folder, groups
from emolab.errors import RunError

_LONGEST = 1_000_000  # characters; ours have about 5,000


class _Record(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def config_text(self) -> str: ...


class _PlainLoader(yaml.SafeLoader):
    """YAML without tags that build objects, and without aliases, which can stand for more than memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases aren't used in the configuration of a run")
        return super().compose_node(parent, index)


def settings_of(record: _Record) -> dict[str, Any]:
    """Return the configuration that a run kept, as plain values.

    Raises:
        RunError: if it isn't YAML, holds tags or aliases, or is no mapping.
    """
    return settings_in(record.config_text, record.id)


def settings_in(text: str, run: str) -> dict[str, Any]:
    """Return the configuration in the text of a `config.yaml`, as plain values.

    Raises:
        RunError: naming `run`, if it isn't YAML, holds tags or aliases, or is no mapping.
    """
    try:
        values = yaml.load(text, _PlainLoader) if len(text) <= _LONGEST else None  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RunError(f"the config.yaml of the run {run} can't be read: {error}") from error
    if not isinstance(values, dict):
        raise RunError(f"the config.yaml of the run {run} isn't a configuration of emolab")
    return values


def network_settings_of(record: _Record, trusted_modules: Sequence[str] = ()) -> dict[str, Any]:
    """Return the settings that build a run's network again, safe to be given to `instantiate`.

    Only a target that this installation's own `conf/model` names may be built, as the backbone and with the arguments
    given there, so that no run can name another function of the machine; and no text may be an interpolation, which
    could read its environment. A trusted module is imported; what it imports itself isn't trusted with it.

    Args:
        record: the run.
        trusted_modules: modules of the user's own whose targets may be built too, such as "my_models".

    Raises:
        RunError: if the settings are missing or hold anything else.
    """
    node = settings_of(record).get("model")
    if not isinstance(node, dict) or not isinstance(node.get("backbone"), dict):
        raise RunError(f"the config.yaml of the run {record.id} names no network: it has no model.backbone")
    allowed = own_targets()
    for place, target in targets_in(node, "model"):
        if not isinstance(target, str) or not (target in allowed or _is_trusted(target, trusted_modules)):
            raise RunError(
                f"the run {record.id} wants to build {place}._target_={target!r}, which is refused: conf/model "
                f"names only {', '.join(sorted(allowed))}. If it is your own, trust its module: "
                "trusted_modules=[my_models]"
            )
        if place != "model.backbone" and target in allowed:
            raise RunError(
                f"the run {record.id} wants to build {target} at {place}, which is refused: conf/model has it as "
                "model.backbone alone"
            )
    for text in _texts(node):
        if "${" in text:
            raise RunError(f"the run {record.id} holds an interpolation, {text!r}, which is refused")
    _check_arguments(record, node["backbone"], allowed)
    return node


def typed_modules(cfg: DictConfig) -> list[str]:
    """Return the user's own module that a training's command takes its network from: whoever types it trusts it."""
    target = cfg.model.backbone._target_
    return [] if target in own_targets() else [target.rpartition(".")[0]]


def own_targets() -> dict[str, frozenset[str]]:
    """Every `_target_` in this installation's `conf/model`, with the arguments that it's given there."""
    folder = conf_folder() / "model"
    names = groups(conf_folder()).get("model", ())
    backbones = [yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))["backbone"] for name in names]
    return {backbone["_target_"]: frozenset(backbone) for backbone in backbones}


def _check_arguments(record: _Record, backbone: dict[str, Any], allowed: dict[str, frozenset[str]]) -> None:
    """Refuse arguments of our own builders that no config gives them, such as a file of weights to open."""
    known = allowed.get(backbone.get("_target_", ""))
    more = set() if known is None else set(backbone) - known
    if more:
        raise RunError(
            f"the run {record.id} gives its backbone {', '.join(sorted(more))}, which is refused: conf/model has "
            f"{', '.join(sorted(known or ()))}"
        )


def _is_trusted(target: str, modules: Sequence[str]) -> bool:
    """Whether the target is defined in a trusted module, and not in another that this one imports, as Keras or `os`."""
    if problem_with(target) is not None or not any(target.startswith(f"{module}.") for module in modules):
        return False
    try:
        defined_in = getattr(get_object(target), "__module__", None)
    except ImportError as error:
        raise RunError(f"{target}, which the run names, can't be imported: {error}") from error
    return any(f"{defined_in}.".startswith(f"{module}.") for module in modules)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
    elif isinstance(node, str):
        yield node
