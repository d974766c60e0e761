"""Overrides of a command on top of `emolab.train`: which are its own, which are for the trainings."""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.hydra_config import HydraConfig

from emolab.config.overrides import SEARCH_PATH, key_of, pair_of, parsed
from emolab.config.tree import chosen_by_default, conf_folder, top_keys
from emolab.errors import ConfigError

_LAUNCHER = ("hydra/launcher", "hydra.launcher.", SEARCH_PATH)  # overrides that say where trainings run


def values_in(overrides: Sequence[str]) -> dict[str, str]:
    """Return the value of each key as `as_text` writes it, so that "loss='focal'" and "loss=focal" are the same."""
    return {override.key_or_group: as_text(override.value()) for override in parsed(overrides)}


def as_text(value: Any) -> str:
    """Return a value as Hydra's grammar writes it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def for_training(given: Sequence[str], verb: str) -> list[str]:
    """Return those overrides of a verb's command that are for `emolab.train`: all but the verb's own."""
    folder = conf_folder()
    groups = set(chosen_by_default(verb, folder)) - set(chosen_by_default("train", folder))
    own = {*top_keys(verb, folder), *groups}
    return [override for override in given if key_of(override).partition(".")[0] not in own]


def refuse(given: Sequence[str], instead: Mapping[str, str]) -> None:
    """Refuse overrides of what an experiment sets itself, in each training in its turn.

    Args:
        given: overrides of the command.
        instead: key -> the experiment's own list of its values, which is what to set; "" where there is none.

    Raises:
        ConfigError: naming the override, and what to give in its place.
    """
    for override in given:
        key, value = pair_of(override)
        if key in instead:
            mended = f"Give {instead[key]}=[{value}]" if instead[key] else "Leave it out"
            raise ConfigError(f"{override}: the experiment sets {key} in each training. {mended}")


def settings_given() -> list[str]:
    """Return the overrides in the running command that mean its settings, and where configs of the user's own lie."""
    given = HydraConfig.get().overrides
    return [*(override for override in given.hydra if key_of(override) == SEARCH_PATH), *given.task]


def launcher_given() -> list[str]:
    """Return the overrides in the running command that say where trainings run: the launcher, and where it may lie."""
    return [override for override in HydraConfig.get().overrides.hydra if key_of(override).startswith(_LAUNCHER)]
