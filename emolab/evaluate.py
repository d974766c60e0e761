"""`python -m emolab.evaluate ckpt=...`: how good a run is, with intervals and pictures."""

from typing import TYPE_CHECKING

from omegaconf import DictConfig

from emolab.cli import verb
from emolab.errors import ConfigError

if TYPE_CHECKING:
    from emolab.evaluation.report import Report


def evaluate(cfg: DictConfig) -> "Report":
    """Evaluate the run that `cfg.ckpt` means on validation and test; write its report and print a summary.

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

    prepared = data_for(cfg, record)
    report = report_folder(record, prepared)
    if not cfg.test and has_test(report):
        raise ConfigError(f"test=false: {report} holds the test images already; it would lose them")
    return report_on(record, prepared, EvaluationSettings.of(cfg))


def _main(cfg: DictConfig) -> None:
    evaluate(cfg)


main = verb("emolab.evaluate", _main)

if __name__ == "__main__":
    main()
