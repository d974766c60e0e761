"""The data that a configuration names, from the cache or prepared."""

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from emolab.data.build import prepare
from emolab.data.image import Limits
from emolab.data.options import Options
from emolab.data.prepared import PreparedData


def prepare_data(cfg: DictConfig) -> PreparedData:
    """Return the data set that `cfg.data` names, prepared under `cfg.paths.cache` (built the first time).

    Raises:
        DataError: if it can't be used.
    """
    data = cfg.data
    options = Options(
        name=str(data.name),
        image_size=data.image_size,
        limits=Limits(**data.limits),
        validation=data.split.validation,
        test=data.split.test,
        split_seed=data.split.seed,
        near_duplicate_bits=data.near_duplicate_bits,
    )
    return prepare(instantiate(data.reader), options, Path(cfg.paths.cache), cfg.get("workers"))
