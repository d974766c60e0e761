"""`python -m emolab.train`: photographs in, a trained recogniser out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from emolab.cli import verb

if TYPE_CHECKING:
    from emolab.data import PreparedData
    from emolab.runs import RunRecord
    from emolab.tracking import LoggerGroup


def train(cfg: DictConfig, choices: Mapping[str, str] | None = None) -> "RunRecord":
    """Train what `cfg` describes, or go on with `cfg.resume`; return the run's record, finished or pruned.

    Args:
        cfg: `conf/train.yaml`, composed.
        choices: group of the configuration -> what was chosen of it, for the record.

    Raises:
        EmolabError: if the data, the weights or the run to resume can't be used, or the loss diverges.
        KeyboardInterrupt: when stopped, after the state was saved.
    """
    from emolab.data import DataModule
    from emolab.models.cost import cost_of
    from emolab.prepare import prepare_data
    from emolab.runs.first_weights import first_weights
    from emolab.runs.session import begin_or_resume, can_go_on, recorded
    from emolab.training.assembly import build_module, build_trainer
    from emolab.training.trainer import set_seeds

    prepared = prepare_data(cfg)
    data = DataModule(prepared, cfg.trainer.batch_size, cfg.seed, cfg.trainer.train_images)
    set_seeds(cfg.seed, cfg.trainer.deterministic)
    weights = first_weights(cfg.model.weights, cfg.model.name)
    record = begin_or_resume(cfg, data, weights, choices or {})
    print(f"run {record.folder}", flush=True)
    loggers = start_loggers(cfg, record)
    with recorded(record, loggers):
        trainer = build_trainer(cfg, record, loggers)
        module = build_module(cfg, trainer, data, weights)
        record.update(model={**record.fields["model"], **cost_of(module.network)})
        trainer.fit(module, data, resume=can_go_on(record))
        summary = dict(record.fields["monitor"])
        if cfg.evaluate:
            summary |= conclude(record, prepared, loggers)
        loggers.finish("finished", summary)
    return record


def conclude(record: "RunRecord", prepared: "PreparedData", loggers: "LoggerGroup") -> dict[str, float]:
    """Evaluate the trained run, write its report, show it to the loggers, and say what to type next."""
    import numpy as np

    from emolab.evaluate import report_on

    report = report_on(record, prepared)
    epoch = int(record.fields["monitor"]["epoch"] or 0)
    first = next(iter(report.splits.values()))  # validation, where there is one
    loggers.log_confusion_matrix(epoch, np.array(first["confusion_matrix"]), record.classes)
    if report.samples is not None:
        loggers.log_images(epoch, *report.samples)
    print(f"run:    {record.folder}")
    print(f"next:   python -m emolab.evaluate ckpt={record.id} flip=true")
    return {f"{split}_accuracy": metrics["accuracy"]["value"] for split, metrics in report.splits.items()}


def start_loggers(cfg: DictConfig, record: "RunRecord") -> "LoggerGroup":
    """Return the run's own record and the configured logger, started."""
    from hydra.utils import instantiate

    from emolab.tracking import with_record

    config: Any = OmegaConf.to_container(cfg, resolve=True)
    loggers = with_record(instantiate(cfg.logger))
    loggers.start(record, config)
    return loggers


def _main(cfg: DictConfig) -> None:
    train(cfg, HydraConfig.get().runtime.choices)


def _many(arguments: list[str]) -> int:
    from emolab.jobs.grid import run_grid

    return run_grid(arguments)


main = verb("emolab.train", _main, _many)

if __name__ == "__main__":
    main()
