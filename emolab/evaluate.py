"""`python -m emolab.evaluate ckpt=...`: how good a run is, with intervals and pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from emolab.cli import verb
from emolab.errors import ConfigError, DataError

if TYPE_CHECKING:
    from emolab.data.prepared import PreparedData
    from emolab.evaluation.report import Report
    from emolab.runs import RunRecord

SETTINGS = ("shared_classes", "flip", "robustness", "test", "batch_size", "resamples", "examples", "trusted_modules")


def evaluate(cfg: DictConfig) -> "Report":
    """Evaluate the run that `cfg.ckpt` means on validation and test; write its report and print a summary.

    Raises:
        EmolabError: if the run, its weights or the data can't be used, its classes aren't the data's, or `cfg.test`
            is false and the run's report has the test images.
    """
    from emolab.runs import chosen_run

    record = chosen_run(cfg, notice=False)  # the summary ends with it
    prepared = data_for(cfg, record)
    if not cfg.test and (report := report_with_test(record, prepared)) is not None:
        raise ConfigError(f"test=false: {report} holds the test images already; it would lose them")
    return report_on(record, prepared, **{key: cfg[key] for key in SETTINGS})


def data_for(cfg: DictConfig, record: "RunRecord") -> "PreparedData":
    """Return the data that `cfg` names, or those that the run was trained on, from the cache.

    A run's own configuration could name any reader and any folder; so it isn't used to prepare data again.

    Raises:
        DataError: if the run takes faces of another size, before any is prepared; if the run's data are no longer in
            the cache.
    """
    from emolab.prepare import prepare_data
    from emolab.runs.fits import check_size
    from emolab.runs.own_data import own_data, typed_data

    if cfg.get("data") is not None:
        check_size(record, cfg.data.image_size, f"data={cfg.data.name}")
        return prepare_data(cfg)
    if (found := own_data(record, Path(cfg.paths.cache))) is not None:
        return found
    raise DataError(f"the data of the run {record.id} aren't in {cfg.paths.cache}. Name them: {typed_data(record)}")


def report_with_test(record: "RunRecord", prepared: "PreparedData") -> Path | None:
    """Return the folder of the run's report on these data, if there is one that has test images."""
    from emolab.evaluation.predictions import load_predictions
    from emolab.evaluation.report import PREDICTIONS
    from emolab.runs.evaluation import report_folder

    folder = report_folder(record, prepared)
    written = (folder / PREDICTIONS).exists() and "test" in load_predictions(folder / PREDICTIONS)
    return folder if written else None


def report_on(record: "RunRecord", prepared: "PreparedData", **settings: Any) -> "Report":
    """Evaluate, write the report into the run's folder, print the summary.

    Args:
        record: the run.
        prepared: the data.
        **settings: of `emolab.runs.evaluation.evaluate_run`.

    Raises:
        RunError: at once, if the run's folder can't be written, or another process is training it and these are its
            data.
    """
    from rich.console import Console

    from emolab.evaluation.report import write_report
    from emolab.evaluation.rows import summary_table
    from emolab.runs.calibration import check_free, keep_calibration
    from emolab.runs.evaluation import evaluate_run, report_folder
    from emolab.runs.layout import check_writable, clear_write_errors

    folder = report_folder(record, prepared)
    check_writable(folder, "Or evaluate a copy of the run: ckpt=<its folder>")
    check_free(record, prepared)
    report = evaluate_run(record, prepared, **settings)
    with clear_write_errors(folder):
        write_report(folder, report)
    Console().print(summary_table(report.splits))
    for warning in report.warnings:
        print(f"note:   {warning}")
    print(f"report: {folder / 'index.html'}")
    keep_calibration(record, prepared, report)
    return report


def _main(cfg: DictConfig) -> None:
    evaluate(cfg)


main = verb("emolab.evaluate", _main)

if __name__ == "__main__":
    main()
