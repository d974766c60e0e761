"""The data that a run learned from: where they lie, and how one types them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import MISSING, DictConfig

from emolab.config.overrides import typed
from emolab.config.saved import settings_of
from emolab.config.tree import choice_content
from emolab.data.configured import prepare_data
from emolab.data.prepared import ACCOUNT, PreparedData, folder_name
from emolab.errors import DataError, RunError
from emolab.flat import flat
from emolab.judging.fits import check_size
from emolab.runs.record import RunRecord
from emolab.runs.schema import Data

_READ = ("reader.people", "reader.test_labels")  # what of a reader isn't code, and is the user's to choose


def data_for(cfg: DictConfig, record: RunRecord) -> PreparedData:
    """Return the data that `cfg` names, or those that the run was trained on, from the cache.

    A run's own configuration could name any reader and any folder; so it isn't used to prepare data again.

    Raises:
        DataError: if the run takes faces of another size, before any is prepared; if the run's data are no longer in
            the cache.
    """
    if cfg.get("data") is not None:
        check_size(record, cfg.data.image_size, f"data={cfg.data.name}")
        return prepare_data(cfg)
    if (found := own_data(record.facts.data, Path(cfg.paths.cache))) is not None:
        return found
    raise DataError(f"the data of the run {record.id} aren't in {cfg.paths.cache}. Name them: {typed_data(record)}")


def own_data(learned: Data, cache: Path) -> PreparedData | None:
    """Return what a run learned from, by its facts, if it's in the cache.

    Raises:
        DataError: if it's there, but damaged.
    """
    wanted = folder_name(learned.name, learned.fingerprint)
    for account in Path(cache).glob(f"*/{ACCOUNT}"):  # never a path that a run's own words make
        if account.parent.name == wanted:
            return PreparedData.open(account.parent)
    return None


def typed_data(record: RunRecord) -> str:
    """Return the run's data as one types them, such as "data=folder data.root=photographs data.split.seed=3".

    What only the user can say, and the run's `config.yaml` doesn't, is "...". A run may come from a stranger: nothing
    of it names code here, nor has letters that a terminal wouldn't show.
    """
    choice = record.facts.choices.get("data", record.facts.data.name)
    content = choice_content("data", choice) or {"image_size": None}  # a config of the user's own isn't known
    own = {**_settings(record), "image_size": record.facts.image_size}
    return " ".join([typed("data", choice), *_typed_keys(flat(content), own)])


def _typed_keys(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[str]:
    """What of `own` must be typed, as each key of the choice has its default besides."""
    for key, default in defaults.items():
        value = own.get(key, default)
        if key.startswith("reader.") and key not in _READ:
            continue
        if value == MISSING or (isinstance(value, str) and not value.isprintable()):
            yield f"data.{key}=..."
        elif value != default and not str(default).startswith("${") and isinstance(value, str | int | float | None):
            yield typed(f"data.{key}", value)


def _settings(record: RunRecord) -> dict[str, Any]:
    """The data's keys in a run's configuration, which may be of any shape or none."""
    try:
        node = settings_of(record).get("data")
    except RunError:
        return {}
    return flat(node) if isinstance(node, Mapping) else {}
