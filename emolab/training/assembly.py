"""From a config to a module and a trainer."""

import inspect
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from emolab.config.suggest import did_you_mean, listed
from emolab.config.targets import targets_in
from emolab.data.datamodule import DataModule
from emolab.errors import ConfigError, one_line
from emolab.models.batch_statistics import unfold
from emolab.models.finetune import train_everything, train_from
from emolab.models.network import build_network
from emolab.models.pretrained import FirstWeights
from emolab.models.warm_start import begin_from, is_whole_network
from emolab.processor import cpu_flags
from emolab.training.distillation import DistillationModule, Teachers
from emolab.training.module import EmotionModule
from emolab.training.optimizers import configured
from emolab.training.precision import POLICIES, choose_precision, computing_in
from emolab.training.trainer import Trainer

if TYPE_CHECKING:
    from emolab.runs import RunRecord
    from emolab.tracking import LoggerGroup

log = logging.getLogger(__name__)

_GIVEN = {  # what is called in a training -> those of its arguments that only the training knows
    "model.backbone": {"images"},
    "loss": {"logits", "targets", "prior"},
    "schedule": {"total_steps"},
}


def check_arguments(cfg: DictConfig) -> None:
    """Check that there is all that `cfg` has by `_target_`, and that what it is handed is among its arguments.

    It's known before anything is built. What they say of an argument's value isn't.

    Raises:
        ConfigError: naming a target or an argument that isn't, and those there are.
    """
    for key, target in targets_in(OmegaConf.to_container(cfg, resolve=True)):
        named, node = _named(key, target), OmegaConf.select(cfg, key)
        if node is not None:  # a key of the user's own with a dot in it isn't found
            _check_arguments_of(key, named, node)


def _named(key: str, target: str) -> Callable[..., Any]:
    """What a `_target_` names, if Hydra lets one build it."""
    try:
        named: Callable[..., Any] = instantiate({"_target_": target, "_partial_": True}).func
    except InstantiationException as error:
        if not isinstance(error.__cause__, ImportError):
            raise
        module, _, name = target.rpartition(".")
        if module not in sys.modules:
            raise ConfigError(f"{key}._target_={target}: {one_line(error.__cause__)}") from error
        meant = did_you_mean(name, dir(sys.modules[module]))
        raise ConfigError(f"{key}._target_={target}: {module} has no {name!r}.{meant}") from error
    return named


def _check_arguments_of(key: str, target: Callable[..., Any], node: DictConfig) -> None:
    try:
        parameters = inspect.signature(target).parameters
    except ValueError:  # some that are written in C tell nobody
        return
    right = parameters.keys() - (_GIVEN.get(key, set()) if node.get("_partial_") else set())
    wrong = [name for name in map(str, node) if name not in right and not name.startswith("_")]
    if wrong and not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        raise ConfigError(
            f"{key}.{wrong[0]}: {node._target_} takes no such argument.{did_you_mean(wrong[0], right)} "
            f"It takes: {listed(right)}"
        )


def build_trainer(cfg: DictConfig, resumed: "RunRecord | None", loggers: "LoggerGroup | None") -> Trainer:
    """Return the trainer that `cfg` describes, yet without a record: what `resumed` began in is its precision."""
    settings = cfg.trainer
    begun = None if resumed is None else resumed.facts.precision  # a resumed run goes on as it began
    return Trainer(
        epochs=settings.epochs,
        loggers=loggers,
        callbacks=[instantiate(callback, _convert_="all") for callback in cfg.callbacks.values()],
        precision=begun if begun in POLICIES else _precision(cfg),
        strategy=instantiate(settings.strategy, _convert_="all"),
        monitor=settings.monitor,
        mode=settings.mode,
        validate_every=settings.validate_every,
        save_every_minutes=settings.save_every_minutes,
        evaluation_batch_size=settings.evaluation_batch_size,
    )


def build_module(
    cfg: DictConfig, trainer: Trainer, data: DataModule, weights: FirstWeights, teachers: Teachers | None = None
) -> EmotionModule:
    """Return the module that `cfg` describes, for the classes and the size of `data`.

    Args:
        cfg: the configuration.
        trainer: in whose precision and on whose devices it's built.
        data: what it learns from.
        weights: the first ones.
        teachers: builds the networks whose probabilities it learns, too, in the same precision.
    """
    with trainer.building():
        network = _network(cfg, data, weights)
        if cfg.finetune.name == "partial":
            _warn_of_frozen_chance(cfg, weights)
            train_from(network, cfg.model.partial_from)
        else:
            train_everything(network)
        with computing_in("float32"):  # pixels keep their 8 bits; bfloat16 has only 8 for the fraction and sign
            augmentation = instantiate(cfg.aug, _convert_="all")
        parts = {
            "loss": instantiate(cfg.loss, _convert_="all"),
            "optimizer": lambda steps, variables: _optimizer(cfg, steps, variables),
            "prior": np.asarray(data.prior, np.float32),
            "augmentation": augmentation,
            "seed": cfg.seed,
            "averaging": cfg.trainer.averaging,
        }
        if teachers is None:
            return EmotionModule(network, **parts)
        return DistillationModule(network, teachers=teachers(), **cfg.distillation, **parts)


def _precision(cfg: DictConfig) -> str:
    gpus = tf.config.list_physical_devices("GPU")
    generations = [tf.config.experimental.get_device_details(gpu).get("compute_capability") for gpu in gpus]
    return choose_precision(cfg.trainer.precision, cfg.model.precision, cpu_flags(), generations)


def _network(cfg: DictConfig, data: DataModule, weights: FirstWeights) -> keras.Model:
    whole = weights.path is not None and is_whole_network(weights.path)
    network = build_network(
        cfg.model.name,
        instantiate(cfg.model.backbone, _convert_="all"),
        len(data.classes),
        data.image_size,
        dropout=cfg.model.dropout,
        weights=None if whole else weights.path,
        seed=cfg.seed,
        grey=data.grey,
    )
    if weights.path is not None and not whole:
        unfold(network, data.train_batch(0)[0])
    if weights.path is not None and whole:
        begin_from(network, weights.path, with_head=weights.classes == tuple(data.classes))
    return network


def _warn_of_frozen_chance(cfg: DictConfig, weights: FirstWeights) -> None:
    if weights.used == "random":
        log.warning(
            "RANDOM WEIGHTS, FROZEN: finetune=partial trains %s from %s on; what lies below is random and stays so. "
            "Give model.weights, such as a run's folder, or set finetune=full",
            cfg.model.name,
            cfg.model.partial_from,
        )


def _optimizer(cfg: DictConfig, total_steps: int, variables: list[Any]) -> Any:
    optimizer, schedule = (instantiate(node, _convert_="all") for node in (cfg.optimizer, cfg.schedule))
    built = configured(optimizer, schedule, total_steps, variables)
    if built.gradient_accumulation_steps != cfg.trainer.accumulate:
        raise ConfigError(
            f"trainer.accumulate={cfg.trainer.accumulate}, but optimizer.gradient_accumulation_steps="
            f"{built.gradient_accumulation_steps}: write `gradient_accumulation_steps: ${{trainer.accumulate}}` in the "
            "optimizer's file, and set trainer.accumulate alone"
        )
    return built
