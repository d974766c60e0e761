"""Whether a configuration and data are those that a run was begun with, as far as that decides its weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from emolab.config.saved import settings_in, settings_of
from emolab.config.stages import STAGES
from emolab.flat import flat, is_within
from emolab.runs.record import RunRecord

if TYPE_CHECKING:
    from emolab.data.datamodule import DataModule
    from emolab.data.left_out import LeftOut
    from emolab.data.prepared import PreparedData

_CHANGE_NOTHING = (
    *("resume", "group", "workers", "paths", "logger", "evaluate", "data.notice"),
    *("trainer.save_every_minutes", "trainer.evaluation_batch_size"),
)
_KNOWN_BY_CONTENT = (
    "trainer.leave_out",  # the digest says whether the list is the same
    *("data.root", "data.path", "data.votes", "data.reader"),  # `learned_from` says whether the data are the same
)
_NOTHING = "nothing"


def learned_from(run: RunRecord, data: "PreparedData | DataModule") -> bool:
    """Whether a run learned from these data: the same images, labels and splits, wherever the files lie now.

    The fingerprint holds the files' times, too, which a copy changes.
    """
    return run.facts.data.content == data.content


def change_of_data(run: RunRecord, data: "PreparedData | DataModule", left_out: "LeftOut | None") -> str | None:
    """Return in words what of the data isn't as the run had it; None where all is."""
    if not learned_from(run, data):
        return f"the data have changed since the run {run.id} began, or this emolab finds other near-duplicates in them"
    if run.left_out_sha256 != (None if left_out is None else left_out.digest):
        return f"trainer.leave_out lists other images than when the run {run.id} began"
    return None


def config_text(cfg: DictConfig) -> str:
    """Return the resolved configuration as YAML."""
    return OmegaConf.to_yaml(cfg, resolve=True)


def plain_settings(cfg: DictConfig) -> dict[str, Any]:
    """Return the resolved configuration as a run keeps it, in plain values."""
    return settings_in(config_text(cfg), "now")


def change_of_settings(cfg: DictConfig, run: RunRecord, instead: str) -> str | None:
    """Return in words which settings aren't as the run had them, see `differing`; None where all are.

    Args:
        cfg: a configuration of `emolab.train`.
        run: has been begun with the other one.
        instead: what to do, as an imperative without the full stop.

    Raises:
        RunError: if the run's configuration can't be read.
    """
    lines = differing(plain_settings(cfg), settings_of(run))
    told = f"the run {run.id} was trained with other settings than the command means now. {instead}. What differs:"
    return "\n  ".join([told, *lines]) if lines else None


def differing(settings: Mapping[str, Any], began_with: Mapping[str, Any]) -> list[str]:
    """Return a line for each key whose value isn't the one of before, as far as it decides the weights.

    A key that is missing counts as an empty one, so that a later emolab may have more. The order of keys matters only
    where augmentation's layers follow each other.
    """
    wanted, began = flat(settings), flat(began_with)
    return [
        f"{key}: {_value(began, key)} when it began, {_value(wanted, key)} now"
        for key in sorted(began.keys() | wanted.keys())
        if not free_to_change(key) and _value(began, key) != _value(wanted, key)
    ] + _reordered(began, wanted)


def _reordered(began: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    lines = []
    for stage in STAGES:
        before, now = (_names(settings, f"aug.{stage}.") for settings in (began, wanted))
        if before != now and set(before) == set(now):
            lines.append(f"aug.{stage}: in the order {', '.join(before)} when it began, {', '.join(now)} now")
    return lines


def _names(settings: Mapping[str, Any], prefix: str) -> list[str]:
    return list(dict.fromkeys(key.removeprefix(prefix).partition(".")[0] for key in settings if key.startswith(prefix)))


def changes_nothing(key: str) -> bool:
    """Whether no weight depends on this setting, and no judgement."""
    return is_within(key, _CHANGE_NOTHING)


def free_to_change(key: str) -> bool:
    """Whether this setting `changes_nothing`, or what it names is known by its content."""
    return changes_nothing(key) or is_within(key, _KNOWN_BY_CONTENT)


def _value(settings: Mapping[str, Any], key: str) -> Any:
    value = settings.get(key)
    return _NOTHING if value in (None, [], {}) else value
