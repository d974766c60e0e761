"""`python -m emolab.export ckpt=...`: a run becomes a fast engine, and it's proved that it may be deployed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from emolab.cli import verb
from emolab.errors import DataError, RunError

if TYPE_CHECKING:
    from emolab.data import PreparedData
    from emolab.engines.backends.base import Backend
    from emolab.engines.table import Row
    from emolab.engines.trial import Trial
    from emolab.runs import RunRecord

FAILED = 1


def export(cfg: DictConfig) -> "list[Row]":
    """Build, prove and time the engines that `cfg` asks for; select the fastest that passes; print the table.

    Engines of an earlier export whose proof still holds are in the table, and may be selected, too.

    Returns:
        the rows of the engines that `cfg` asks for.

    Raises:
        EmolabError: if the run, its data or an engine can't be used.
    """
    from rich.console import Console

    from emolab.engines import table
    from emolab.engines.earlier import earlier_rows
    from emolab.engines.selection import engines_folder, exporting
    from emolab.evaluate import data_for
    from emolab.runs import resolve

    record, reason = resolve(cfg.ckpt.run, Path(cfg.paths.runs), cfg.ckpt.where)
    print(f"run {record.folder}: {reason}")
    folder = engines_folder(record)
    with exporting(record):
        trial = _trial(cfg, record, data_for(cfg, record))
        rows = trial.run(wanted_engines(cfg))
        shown = [*rows, *earlier_rows(trial.builder, rows, cfg.budget_ms)]
        table.write(folder, shown, cfg.budget_ms)
        selected = _selection(record, shown)
    Console(markup=False).print(table.terminal(shown))  # else '[openvino]' is read as markup, and lost
    for note in table.notes(shown):
        print(f"note:   {note}")
    print(f"table:  {folder / 'table.md'} (also .csv, .png)")
    print(selected)
    _show(cfg, record, shown)
    return rows


def wanted_engines(cfg: DictConfig) -> "list[tuple[Backend, str]]":
    """Return the engines and precisions that `cfg` asks for."""
    from emolab.engines.registry import backend

    wanted: list[tuple[Backend, str]] = []
    for name, settings in cfg.engine.backends.items():
        one = backend(name, _plain(settings.options))
        wanted += [(one, precision) for precision in ([cfg.precision] if cfg.precision else settings.precisions)]
    return wanted


def _trial(cfg: DictConfig, record: "RunRecord", prepared: "PreparedData") -> "Trial":
    from emolab.engines.backends.tensorflow import limit_threads
    from emolab.engines.build import Builder
    from emolab.engines.latency import Plan
    from emolab.engines.trial import Trial
    from emolab.processor import usable_cores

    check_judges(record, prepared)
    limit_threads(cfg.threads or usable_cores())
    trusted = list(cfg.trusted_modules)
    builder = Builder(record, prepared, temperature_of(record, prepared, trusted), cfg.calibration_images, trusted)
    plan = Plan(**_plain(cfg.latency))
    return Trial(record, prepared, builder, cfg.threads, plan, cfg.budget_ms, cfg.batch_size, cfg.resamples)


def check_judges(record: "RunRecord", prepared: "PreparedData") -> None:
    """Refuse data that can't judge the run's engines, and say where others than the run's own do.

    Raises:
        DataError: if classes or size aren't the run's, or there are no validation images.
    """
    from emolab.runs.evaluation import check_fits
    from emolab.runs.sameness import learned_from

    check_fits(record, prepared)
    if not len(prepared.rows("validation")):
        raise DataError(
            f"{prepared.folder} has no validation images, and engines are judged on these: set data.split.validation"
        )
    if not learned_from(record, prepared):
        print(f"note: the engines are judged on {prepared.name}, not on the data that the run was trained on")


def temperature_of(record: "RunRecord", prepared: "PreparedData", trusted_modules: Sequence[str]) -> float:
    """Return the run's temperature; a run that was never evaluated gets it now, from its own validation images.

    From other data's it is fitted for these engines alone: the run, its report and the viewer keep none.
    """
    known = record.fields.get("temperature")
    if known is not None:
        return float(known)
    from emolab.evaluation.calibration import fit_temperature
    from emolab.runs.judge import Judge, classifier
    from emolab.runs.network import load_network
    from emolab.runs.sameness import learned_from

    judge = Judge(classifier(load_network(record, trusted_modules)), prepared, record.classes, record.classes, 256)
    temperature = fit_temperature(judge.predict(judge.rows("validation")))
    if learned_from(record, prepared):
        record.update(temperature=temperature)
    else:
        print(f"note: the run has no temperature yet, and these engines get that of {prepared.name}: evaluate it first")
    return temperature


def _selection(record: "RunRecord", rows: "Sequence[Row]") -> str:
    """Select the fastest engine that passes; return what to tell the user."""
    from emolab.engines.gates import fastest
    from emolab.engines.selection import engine_folder, select

    passing = [row.facts for row in rows if row.passed]
    best = fastest(passing)
    if best is None:
        return _nothing_selected(record)
    times = best["latency_ms"]
    reason = (
        f"the fastest of {len(passing)} that pass every gate: p95 {times['p95']:.2f} ms, "
        f"accuracy {best['parity']['accuracy_engine']:.3f}"
    )
    folder = engine_folder(record, best["engine"], best["precision"])
    select(record, folder, reason)
    return f"selected: {folder.name}, {reason}"


def _nothing_selected(record: "RunRecord") -> str:
    """Say which engine stays selected; one that no longer passes its gates doesn't."""
    from emolab.engines import account
    from emolab.engines.gates import failed
    from emolab.engines.selection import deselect, selected_engine

    before = selected_engine(record)
    if before is not None and failed(account.read(before).get("gates", {})):
        deselect(record)
        before = None
    return f"selected: no engine passes every gate; {f'{before.name} stays' if before else 'none is selected'}"


def _show(cfg: DictConfig, record: "RunRecord", rows: "Sequence[Row]") -> None:
    """Show the table's numbers and picture to the configured logger."""
    if cfg.get("logger") is None:
        return
    import cv2
    import numpy as np
    from hydra.utils import instantiate

    from emolab.engines.table import picture
    from emolab.tracking.jsonlines import JsonLines

    logger = instantiate(cfg.logger)
    if isinstance(logger, JsonLines):
        return  # the record has a summary of its training, and the table is a file
    logger.start(record, _plain(cfg))
    image = cv2.imdecode(np.frombuffer(picture(rows, cfg.budget_ms), np.uint8), cv2.IMREAD_COLOR_RGB)
    logger.log_images(0, np.asarray(image)[None], ["engines: accuracy against latency"])
    numbers = {
        f"engines/{row.engine}-{row.precision}/{key}": row.facts["latency_ms"][key]
        for row in rows
        if row.facts
        for key in ("p50", "p95", "p99")
    }
    logger.finish(record.status, numbers)


def _plain(node: DictConfig) -> dict[str, Any]:
    values: Any = OmegaConf.to_container(node, resolve=True)
    return values


def _main(cfg: DictConfig) -> int:
    rows = export(cfg)
    tried = [row for row in rows if row.tried]
    if not tried:
        reasons = "; ".join(f"{row.engine}-{row.precision}: {row.reason}" for row in rows if row.reason)
        raise RunError(f"none of the engines can run here: {reasons or 'none was asked for'}")
    enough = any if cfg.engine.name == "auto" else all
    return 0 if enough(row.passed for row in tried) else FAILED


main = verb("emolab.export", _main)

if __name__ == "__main__":
    main()
