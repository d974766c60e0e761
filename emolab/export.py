"""`python -m emolab.export ckpt=...`: a run becomes a fast engine, and it's proved that it may be deployed."""

from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from emolab.cli import verb
from emolab.exit_codes import FAILED
from emolab.processor import usable_cores

if TYPE_CHECKING:
    from emolab.data.prepared import PreparedData
    from emolab.engines.backends.base import Backend
    from emolab.engines.benchmark import Benchmark
    from emolab.engines.table import Row
    from emolab.runs import RunRecord
    from emolab.tracking import LoggerGroup


def export(cfg: DictConfig) -> "list[Row]":
    """Build, prove and time the engines that `cfg` asks for; select the fastest that passes; print the table.

    Engines of an earlier export that are still what was judged are timed again with them, and may be selected, too.

    Returns:
        the rows of the engines that `cfg` asks for.

    Raises:
        EmolabError: if there is no such engine or none that can run here, the run, its data or an engine can't be used,
            or the run's folder can't be written.
    """
    from emolab.tracking import besides_record

    wanted = wanted_engines(cfg)  # before anything slow: it knows which engines and options there are
    loggers = besides_record(instantiate(cfg.get("logger")))

    from rich.console import Console

    from emolab.engines import table
    from emolab.engines.benchmark import why_not_here
    from emolab.engines.schema import EngineFacts
    from emolab.engines.selection import engines_folder, exporting, select_fastest
    from emolab.judging.own_data import data_for
    from emolab.runs import chosen_run
    from emolab.runs.layout import clear_write_errors

    record = chosen_run(cfg)
    reasons = why_not_here(wanted)  # before data are prepared and TensorFlow is imported
    folder = engines_folder(record)
    with exporting(record):
        rows = _benchmark(cfg, record, data_for(cfg, record)).run(wanted, reasons)
        with clear_write_errors(record.folder):
            table.write(folder, rows, cfg.budget_ms)
        Console(markup=False).print(table.terminal(rows))  # else '[openvino]' is read as markup, and lost
        for note in table.notes(rows):
            print(f"note:   {note}")
        print(f"table:  {folder / 'table.md'} (also .csv, .png)")
        passing = [row.facts for row in rows if row.passed and isinstance(row.facts, EngineFacts)]
        print(select_fastest(record, passing, cfg.budget_ms))
    if loggers.loggers:
        _show(cfg, record, rows, loggers)
    return [row for row in rows if not row.earlier]


def wanted_engines(cfg: DictConfig) -> "list[tuple[Backend, str]]":
    """Return the engines and precisions that `cfg` asks for.

    Raises:
        RunError: if there is no such engine, or it has no such option; the message lists the engines.
    """
    from emolab.engines.registry import backend

    wanted: list[tuple[Backend, str]] = []
    for name, settings in cfg.engine.backends.items():
        one = backend(name, _plain(settings.options))
        wanted += [(one, precision) for precision in ([cfg.precision] if cfg.precision else settings.precisions)]
    return wanted


def _benchmark(cfg: DictConfig, record: "RunRecord", prepared: "PreparedData") -> "Benchmark":
    from emolab.engines.backends.tensorflow import limit_threads
    from emolab.engines.benchmark import Benchmark
    from emolab.engines.build import Builder
    from emolab.engines.latency import TimingPlan
    from emolab.engines.readiness import check_judges, temperatures_of
    from emolab.runs.network import load_network

    check_judges(record, prepared)
    limit_threads(cfg.threads or usable_cores())
    network = load_network(record, cfg.trusted_modules)
    temperatures = temperatures_of(record, prepared, network, cfg.batch_size)
    builder = Builder(record, prepared, network, temperatures, cfg.calibration_images)
    plan = TimingPlan(**_plain(cfg.latency))
    return Benchmark(record, prepared, builder, cfg.threads, plan, cfg.budget_ms, cfg.batch_size, cfg.resamples)


def _show(cfg: DictConfig, record: "RunRecord", rows: "list[Row]", loggers: "LoggerGroup") -> None:
    """Show the table and its picture, and its times as numbers of the run."""
    import cv2
    import numpy as np

    from emolab.engines.table import COLUMNS, picture

    loggers.start(record, {"export": _plain(cfg)})  # beside its training's own
    image = cv2.imdecode(np.frombuffer(picture(rows, cfg.budget_ms), np.uint8), cv2.IMREAD_COLOR_RGB)
    loggers.log_table("engines", COLUMNS, [row.cells() for row in rows], np.asarray(image))
    numbers = {
        f"engines/{row.engine}-{row.precision}/{key}": milliseconds
        for row in rows
        if row.facts.latency_ms
        for key, milliseconds in row.facts.latency_ms.model_dump(include={"p50", "p95", "p99"}).items()
    }
    loggers.finish(record.status, numbers)


def _plain(node: DictConfig) -> dict[str, Any]:
    values: Any = OmegaConf.to_container(node, resolve=True)
    return values


def _main(cfg: DictConfig) -> int:
    tried = [row for row in export(cfg) if row.tried]
    enough = any if cfg.engine.name == "auto" else all
    return 0 if enough(row.passed for row in tried) else FAILED


main = verb("emolab.export", _main)

if __name__ == "__main__":
    main()
