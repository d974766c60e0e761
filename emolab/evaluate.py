"""`python -m emolab.evaluate ckpt=...`: how good a run is, with intervals and pictures."""

from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from emolab.cli import verb
from emolab.errors import ConfigError

if TYPE_CHECKING:
    from emolab.data.prepared import PreparedData
    from emolab.evaluation.report import Report
    from emolab.runs import RunRecord
    from emolab.tracking import LoggerGroup


def evaluate(cfg: DictConfig) -> "Report":
    """Evaluate the run that `cfg.ckpt` means on validation and test; write its report, print and log a summary.

    Raises:
        EmolabError: if the run, its weights or the data can't be used, its classes aren't the data's, or `cfg.test`
            is false and the run's report has the test images.
    """
    from emolab.runs import chosen_run

    record = chosen_run(cfg, notice=False)  # the summary ends with it

    from emolab.judging.earlier import has_test
    from emolab.judging.evaluation import report_folder
    from emolab.judging.evaluation_settings import EvaluationSettings
    from emolab.judging.own_data import data_for
    from emolab.judging.reporting import report_on
    from emolab.tracking import besides_record

    prepared = data_for(cfg, record)
    folder = report_folder(record, prepared)
    if not cfg.test and has_test(folder):
        raise ConfigError(f"test=false: {folder} holds the test images already; it would lose them")
    loggers = besides_record(instantiate(cfg.get("logger")))  # before what takes long
    report = report_on(record, prepared, EvaluationSettings.of(cfg))
    if loggers.loggers:
        _show(cfg, record, prepared, report, loggers)
    return report


def _show(
    cfg: DictConfig, record: "RunRecord", prepared: "PreparedData", report: "Report", loggers: "LoggerGroup"
) -> None:
    """Show what was found as the end of a training does; of other data their name is told."""
    from emolab.judging.tracked import in_short, show_report
    from emolab.runs.sameness import learned_from

    settings: Any = OmegaConf.to_container(cfg, resolve=True)
    loggers.start(record, {"evaluate": settings})  # beside its training's own
    if learned_from(record, prepared):
        show_report(report, record, loggers)
        loggers.finish(record.status, in_short(report))
    else:
        loggers.finish(record.status, {f"{prepared.name}/{key}": value for key, value in in_short(report).items()})


def _main(cfg: DictConfig) -> None:
    evaluate(cfg)


main = verb("emolab.evaluate", _main)

if __name__ == "__main__":
    main()
