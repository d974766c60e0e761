"""A run's report: made, written into its folder and told."""

from rich.console import Console

from emolab.data.prepared import PreparedData
from emolab.errors import printable
from emolab.evaluation.report import Report, write_report
from emolab.evaluation.rows import summary_table
from emolab.judging.calibration import check_free, keep_calibration
from emolab.judging.evaluation import evaluate_run, report_folder
from emolab.judging.evaluation_settings import EvaluationSettings
from emolab.judging.robustness import costliest
from emolab.runs.layout import check_writable, clear_write_errors
from emolab.runs.record import RunRecord


def report_on(record: RunRecord, prepared: PreparedData, settings: EvaluationSettings) -> Report:
    """Evaluate, write the report into the run's folder, print the summary.

    Raises:
        DataError: if the run can't be judged on the data.
        RunError: at once, if the run's folder can't be written, or another process is training it and these are its
            data.
    """
    folder = report_folder(record, prepared)
    check_writable(folder, "Or evaluate a copy of the run: ckpt=<its folder>")
    check_free(record, prepared)
    report = evaluate_run(record, prepared, settings)
    with clear_write_errors(folder):
        write_report(folder, report)
    Console().print(summary_table(report.splits))
    if report.robustness is not None:
        damage = costliest(report.robustness, next(iter(report.splits)))
        print(f"damage: {damage}; see {folder / 'robustness.png'}")
    for warning in report.warnings:
        print(printable(f"note:   {warning}"))
    print(f"report: {folder / 'index.html'}")
    keep_calibration(record, prepared, report.temperatures, report.uncertain_below)
    return report
