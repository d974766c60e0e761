"""The data that a run learned from: where they lie, how one types them, and what else shows the same photographs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import MISSING, DictConfig

from emolab.config.overrides import typed
from emolab.config.saved import settings_of
from emolab.config.tree import choice_content
from emolab.data.configured import prepare_data
from emolab.data.prepared import ACCOUNT, PreparedData, folder_name
from emolab.errors import DataError, RunError
from emolab.evaluation.interval import interval_text
from emolab.evaluation.split import Metrics
from emolab.flat import flat
from emolab.runs.fits import check_size
from emolab.runs.record import RunRecord
from emolab.runs.sameness import learned_from

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
    if (found := own_data(record, Path(cfg.paths.cache))) is not None:
        return found
    raise DataError(f"the data of the run {record.id} aren't in {cfg.paths.cache}. Name them: {typed_data(record)}")


def own_data(record: RunRecord, cache: Path) -> PreparedData | None:
    """Return what the run learned from, if it's in the cache.

    Raises:
        DataError: if it's there, but damaged.
    """
    data = record.fields["data"]
    wanted = folder_name(data["name"], data["fingerprint"])
    for account in Path(cache).glob(f"*/{ACCOUNT}"):  # never a path that a run's own words make
        if account.parent.name == wanted:
            return PreparedData.open(account.parent)
    return None


def typed_data(record: RunRecord) -> str:
    """Return the run's data as one types them, such as "data=folder data.root=photographs data.split.seed=3".

    What only the user can say, and the run's `config.yaml` doesn't, is "...". A run may come from a stranger: nothing
    of it names code here, nor has letters that a terminal wouldn't show.
    """
    data = record.fields["data"]
    choice = record.fields["choices"].get("data", data["name"])
    content = choice_content("data", choice) or {"image_size": None}  # a config of the user's own isn't known
    own = {**_settings(record), "image_size": record.fields["image_size"]}
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


def seen_in_training(record: RunRecord, prepared: PreparedData) -> np.ndarray | None:
    """Return for each usable image whether it, or a near-duplicate, is in the run's training: bool (N,).

    Of other data than the run's own that is told by the digests of the pixels, and by the clusters of both; None where
    the run's data aren't in the same cache, or can't be read.
    """
    if learned_from(record, prepared):
        return prepared.twin_in_train(np.arange(len(prepared.index)))
    try:
        own = own_data(record, prepared.folder.parent)
    except DataError:  # damaged, which is no reason not to judge others
        return None
    if own is None:
        return None
    trained = own.index["cluster"].isin(own.clusters(own.rows("train")))
    clusters = prepared.index["cluster"]
    same = prepared.index["sha256"].isin(own.index["sha256"][trained])
    return clusters.isin(clusters[same]).to_numpy(bool)


def notes_on_seen(record: RunRecord, splits: Mapping[str, Metrics], known: bool) -> list[str]:
    """Return what a reader must know of photographs among those judged that the run has learned from.

    Args:
        record: the run.
        splits: their metrics, on other data than the run's own.
        known: whether `seen_in_training` knew.
    """
    if not known:
        return [
            f"whether the run has learned from some of these images isn't known: its own data, {typed_data(record)}, "
            "aren't in the cache, or are damaged"
        ]
    told = [text for split, metrics in splits.items() if (text := _seen(split, metrics))]
    if not told:
        return []
    return [
        f"SEEN IN TRAINING: {'; '.join(told)}. The run has learned from these or from near-duplicates, which flatters "
        f"it. Its own validation and test images are judged without data=, or with {typed_data(record)}"
    ]


def _seen(split: str, metrics: Metrics) -> str:
    unseen = metrics["without_twins"]
    if unseen is None:
        return f"all {metrics['n']} {split} images"
    if unseen["n"] == metrics["n"]:
        return ""
    without = f"without which its accuracy is {interval_text(unseen['accuracy'])}"
    return f"{metrics['n'] - unseen['n']} of the {metrics['n']} {split} images, {without}"
