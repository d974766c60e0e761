"""`python -m emolab.train`: photographs in, a trained recogniser out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from emolab.cli import verb
from emolab.config.check import check
from emolab.config.command import composed
from emolab.config.overrides import SEARCH_PATH, key_of
from emolab.config.saved import typed_modules
from emolab.config.schema import SCHEMAS
from emolab.errors import printable
from emolab.exit_codes import FAILED

if TYPE_CHECKING:
    from emolab.data.datamodule import DataModule
    from emolab.data.prepared import PreparedData
    from emolab.judging.evaluation_settings import EvaluationSettings
    from emolab.models.pretrained import FirstWeights
    from emolab.runs import RunRecord
    from emolab.tracking import LoggerGroup
    from emolab.training.module import EmotionModule
    from emolab.training.trainer import Trainer


def train(cfg: DictConfig, choices: Mapping[str, str] | None = None, overrides: Sequence[str] = ()) -> "RunRecord":
    """Train what `cfg` describes, or go on with `cfg.resume`; return the run's record, finished or pruned.

    A run that is finished is told and left as it is: nothing would be trained, and a report of less than it has, such
    as one without the test images, would take the place of its own.

    Args:
        cfg: `conf/train.yaml`, composed.
        choices: group of the configuration -> what was chosen of it, for the record.
        overrides: of the command, for the record, too.

    Raises:
        EmolabError: if the data, the weights or the run to resume can't be used, or the loss diverges.
        KeyboardInterrupt: when stopped, after the state was saved.
    """
    from emolab.data.configured import prepare_data
    from emolab.data.datamodule import DataModule
    from emolab.runs.session import check_named, longer, run_to_resume

    check_named(cfg)
    prepared = prepare_data(cfg)  # before TensorFlow is imported: what is wrong with the data shows at once
    leave_out = None if cfg.trainer.leave_out is None else Path(cfg.trainer.leave_out)
    data = DataModule(prepared, cfg.trainer.batch_size, cfg.seed, cfg.trainer.train_images, leave_out)
    resumed = run_to_resume(cfg, data)
    if resumed is not None and resumed.status == "finished":
        print(f"run {resumed.folder} is finished, and stays as it is")
        print(longer(resumed))
        print(f"next:   python -m emolab.evaluate ckpt={resumed.id}")
        return resumed
    return _trained(cfg, data, resumed, choices or {}, overrides)


def _trained(
    cfg: DictConfig,
    data: "DataModule",
    resumed: "RunRecord | None",
    choices: Mapping[str, str],
    overrides: Sequence[str],
) -> "RunRecord":
    """Begin a run, or go on with `resumed`, as far as it goes."""
    evaluation = evaluation_of(cfg)

    from emolab.data.records import SPLITS
    from emolab.judging.seen import notes_on_ancestors
    from emolab.runs.session import begin, command_of, longer, recorded, take_up, weights_to_begin_from
    from emolab.runs.teachers import find_teachers, note_teachers

    teachers = find_teachers(cfg, resumed, data)  # before TensorFlow is imported

    from emolab.models.cost import cost_of

    loggers = build_loggers(cfg)
    weights = weights_to_begin_from(cfg, resumed)
    trainer, module = _built(cfg, data, resumed, loggers, weights, teachers)
    record = begin(cfg, data, weights, choices, overrides) if resumed is None else take_up(resumed, data)
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    with recorded(record, loggers):
        loggers.start(record, config)
        print(f"run {record.folder}")
        if resumed is not None:
            print(f"begun by: {command_of(record)}")
            print(longer(record))
        print(f"data {data.summary}")
        print(printable(f"model {cfg.model.name}, weights: {weights.used}"), flush=True)
        note_teachers(record, teachers)
        for note in notes_on_ancestors(record, data.prepared, SPLITS[1:]):
            print(printable(f"WARNING: {note}"), flush=True)
        record.update(precision=trainer.precision, model={**record.facts.model.model_dump(), **cost_of(module.network)})
        trainer.record = record
        trainer.fit(module, data, resume=record.can_go_on)
        facts = record.facts
        cost = {"parameters": facts.model.parameters, "flops": facts.model.flops}
        summary = {**facts.monitor.model_dump(), **cost, "training_seconds": record.training_seconds()}
        if evaluation is not None:
            summary |= conclude(record, data.prepared, loggers, evaluation)
        loggers.finish("finished", summary)
    return record


def _built(
    cfg: DictConfig,
    data: "DataModule",
    resumed: "RunRecord | None",
    loggers: "LoggerGroup",
    weights: "FirstWeights",
    teachers: "Sequence[tuple[RunRecord, str]]",
) -> "tuple[Trainer, EmotionModule]":
    """Build all that a setting can be wrong for, and check that it works together: a mistake leaves no failed run."""
    from emolab.runs.teachers import networks_of
    from emolab.training.assembly import build_module, build_trainer, check_arguments
    from emolab.training.trainer import seed_everything

    check_arguments(cfg)
    seed_everything(cfg.seed, cfg.trainer.deterministic)
    trainer = build_trainer(cfg, resumed, loggers)
    module = build_module(cfg, trainer, data, weights, networks_of(cfg, teachers))
    trainer.check(module, data)
    return trainer, module


def evaluation_of(cfg: DictConfig) -> "EvaluationSettings | None":
    """Return how the run is evaluated when it's trained; None: not at all.

    It is as `conf/evaluate.yaml` says, with as many images at a time as validation had memory for.

    Raises:
        ConfigError: if that file was edited and can't be used; known before hours of training.
    """
    from emolab.judging.evaluation_settings import EvaluationSettings

    if not cfg.evaluate:
        return None
    found = composed("evaluate", ())
    check(found, SCHEMAS["evaluate"])
    settings = EvaluationSettings.of(found)
    return replace(
        settings,
        batch_size=cfg.trainer.evaluation_batch_size,
        test=cfg.evaluate != "validation",
        trusted_modules=typed_modules(cfg),
    )


def conclude(
    record: "RunRecord", prepared: "PreparedData", loggers: "LoggerGroup", settings: "EvaluationSettings"
) -> dict[str, float | None]:
    """Evaluate the trained run, write its report, show it to the loggers, and say what to type next.

    Args:
        record: the run.
        prepared: its data.
        loggers: who else gets it.
        settings: how it is evaluated.
    """
    from emolab.judging.reporting import report_on
    from emolab.judging.tracked import in_short, show_report

    report = report_on(record, prepared, settings)
    show_report(report, record, loggers)
    print(f"run:    {record.folder}")
    print(f"next:   python -m emolab.evaluate ckpt={record.id} flip=true{'' if settings.test else ' test=false'}")
    return in_short(report)


def build_loggers(cfg: DictConfig) -> "LoggerGroup":
    """Return the run's own record and the configured logger, not yet started."""
    from emolab.tracking import with_record

    return with_record(instantiate(cfg.logger))


def passed(record: "RunRecord") -> bool:
    """Return whether a training showed what it was to show, and say so.

    With `debug=overfit` that is that it can learn a batch by heart; any other passes.
    """
    if record.facts.choices.get("debug") != "overfit":
        return True
    last = record.read_metrics()[-1]
    if last["accuracy"] == 1.0:
        print("overfit: every image of the batch is named")
        return True
    print(
        f"overfit: NOT reached: {last['accuracy']:.3f} of the batch is named after {last['epoch'] + 1} epochs, "
        "expected all: something is broken, or trainer.epochs or optimizer.learning_rate is too small"
    )
    return False


def _main(cfg: DictConfig) -> int:
    hydra = HydraConfig.get()
    own_configs = [line for line in hydra.overrides.hydra if key_of(line) == SEARCH_PATH]
    record = train(cfg, hydra.runtime.choices, [*own_configs, *hydra.overrides.task])
    return 0 if passed(record) else FAILED


def _many(arguments: list[str]) -> int:
    from emolab.jobs.grid import run_grid

    return run_grid(arguments)


main = verb("emolab.train", _main, _many)

if __name__ == "__main__":
    main()
