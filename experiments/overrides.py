"""Overrides of a command on top of `emolab.train`: which are its own, which are for the trainings."""

from collections.abc import Sequence

from hydra.core.hydra_config import HydraConfig

from emolab.config.tree import chosen_by_default, conf_folder, top_keys

_LAUNCHER = ("hydra/launcher", "hydra.launcher.")  # overrides that say where trainings run


def pair_of(override: str) -> tuple[str, str]:
    """Return key (without Hydra's signs) and value of an override."""
    key, _, value = override.partition("=")
    return key.lstrip("+~"), value


def for_training(given: Sequence[str], verb: str) -> list[str]:
    """Return those overrides of a verb's command that are for `emolab.train`: all but the verb's own."""
    folder = conf_folder()
    groups = set(chosen_by_default(verb, folder)) - set(chosen_by_default("train", folder))
    own = {*top_keys(verb, folder), *groups}
    return [override for override in given if pair_of(override)[0].partition(".")[0] not in own]


def launcher_given() -> list[str]:
    """Return those of Hydra's own overrides in the running command that say where trainings run."""
    return [override for override in HydraConfig.get().overrides.hydra if override.startswith(_LAUNCHER)]
