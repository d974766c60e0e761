"""`python -m emolab.train`: photographs in, a trained recogniser out."""

from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from emolab.cli import verb

if TYPE_CHECKING:
    from emolab.data import PreparedData
    from emolab.runs import RunRecord
    from emolab.tracking import LoggerGroup


def train(cfg: DictConfig) -> "RunRecord":
    """Train what `cfg` describes, or go on with `cfg.resume`; return the finished run's record.

    Raises:
        EmolabError: if the data, the weights or the run to resume can't be used, or the loss diverges.
        KeyboardInterrupt: when stopped, after the state was saved.
    """
    from emolab.data import DataModule
    from emolab.models.pretrained import initial_weights
    from emolab.prepare import prepare_data
    from emolab.training.assembly import build_module, build_trainer
    from emolab.runs.session import begin_or_resume, can_go_on, recorded
    from emolab.training.trainer import set_seeds

    prepared = prepare_data(cfg)
    data = DataModule(prepared, cfg.trainer.batch_size, cfg.seed, cfg.trainer.train_images)
    set_seeds(cfg.seed, cfg.trainer.deterministic)
    weights = initial_weights(cfg.model.weights, cfg.model.name)
    record = begin_or_resume(cfg, data, weights)
    print(f"run {record.folder}", flush=True)
    loggers = start_loggers(cfg, record)
    with recorded(record, loggers):
        trainer = build_trainer(cfg, record, loggers)
        module = build_module(cfg, trainer, data, weights)
        record.update(model={**record.fields["model"], "parameters": int(module.network.count_params())})
        trainer.fit(module, data, resume=can_go_on(record))
        loggers.finish("finished", dict(record.fields["monitor"]))
    if cfg.evaluate:
        conclude(record, prepared)
    return record


def conclude(record: "RunRecord", prepared: "PreparedData") -> None:
    """Evaluate the finished run, write its report, and say what to type next."""
    from emolab.evaluate import report_on

    report_on(record, prepared)
    print(f"run:    {record.folder}")
    print(f"next:   python -m emolab.evaluate ckpt={record.id} flip=true")


def start_loggers(cfg: DictConfig, record: "RunRecord") -> "LoggerGroup":
    """Return the run's own record and the configured logger, started."""
    from hydra.utils import instantiate

    from emolab.tracking import with_record

    config: Any = OmegaConf.to_container(cfg, resolve=True)
    loggers = with_record(instantiate(cfg.logger))
    loggers.start(record, config)
    return loggers


def _main(cfg: DictConfig) -> None:
    train(cfg)


main = verb("train", _main)

if __name__ == "__main__":
    main()
