"""What names the faces: an engine of the run, exported first where there's none, or the run's network itself."""

import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from emolab.config.overrides import override, typed
from emolab.engines.network import NetworkClassifier
from emolab.errors import ConfigError, DataError, RunError, one_line, printable
from emolab.exit_codes import FAILED
from realtime.frame import Classifier

if TYPE_CHECKING:
    from emolab.engines import Engine
    from emolab.engines.schema import Latency
    from emolab.runs import RunRecord

AUTO, SELECTED, NETWORK = "auto", "selected", "network"


@dataclass(frozen=True)
class Wanted:
    """Which recogniser a user wants, by the keys that `conf/viewer.yaml` and `conf/kaggle.yaml` have for it.

    Attributes:
        choice: "auto": the selected engine, or the fastest other where that can't run here; exported first where
            there's none, or the network where nothing can judge one; "selected": the selected engine, or the network
            where there's none; "network"; or the name of one of the run's engines, such as "onnxruntime-int8". An
            engine of older weights, or with other temperatures, is none that is selected, and refused by its name.
        threads: processor threads of an engine; None: every core.
        failed_gates: whether an engine that failed a gate may be used.
        cache: folder of prepared data (`paths.cache`), which an export judges the engine on.
        trusted_modules: modules of the user's own that the run may name.
        budget_ms: milliseconds that an exported engine may take for a face; None: the export's own.
    """

    choice: str
    threads: int | None = None
    failed_gates: bool = False
    cache: str = "cache"
    trusted_modules: tuple[str, ...] = ()
    budget_ms: float | None = None

    @classmethod
    def of(cls, cfg: DictConfig) -> "Wanted":
        """Return what a composed configuration asks for; one without `budget_ms` leaves it to the export."""
        modules = tuple(cfg.trusted_modules)
        return cls(cfg.recogniser, cfg.threads, cfg.failed_gates, cfg.paths.cache, modules, cfg.get("budget_ms"))


def recogniser(record: "RunRecord", wanted: Wanted, live: bool) -> Classifier:
    """Return what names the faces, and say which it is.

    Args:
        record: the run.
        wanted: by the user.
        live: whether time goes on without us. What isn't live takes the network where no exported engine passes.

    Raises:
        ConfigError: if there is no such engine, or it failed a gate and may not be used.
        RunError: if it can't be loaded or exported; of a live source, also if no exported engine passed its gates.
    """
    folder = _found(record, wanted.choice)
    if wanted.choice == AUTO and folder is None and _can_be_judged(record, Path(wanted.cache)):
        folder = _exported(record, wanted, live)
    if folder is None:
        print(f"recogniser: {NetworkClassifier.name}")
        return NetworkClassifier(record, wanted.trusted_modules)
    engine = _load(folder, record, wanted)
    print(f"recogniser: {engine.name} {engine.precision}{_measured(engine.facts.latency_ms)}")
    return engine


def _found(record: "RunRecord", choice: str) -> Path | None:
    from emolab.engines.selection import usable_engine

    if choice == NETWORK:
        return None
    if choice == AUTO:
        return usable_engine(record)
    return _selected(record) if choice == SELECTED else _named(record, choice)


def _selected(record: "RunRecord") -> Path | None:
    """Return the selected engine, or None where there's none; one that can't run here is refused."""
    from emolab.engines import selected_engine

    folder = selected_engine(record)
    problem = None if folder is None else _why_not_here(folder)
    if folder is None or problem is None:
        return folder
    raise RunError(
        f"the selected engine {folder.name} can't run here: {problem}. Take recogniser=auto for another of the run's "
        f"engines, recogniser=network for its network in TensorFlow, or export here: "
        f"python -m emolab.export {typed('ckpt', record.folder)}"
    )


def _why_not_here(folder: Path) -> str | None:
    from emolab.engines import manifest
    from emolab.engines.engine import problem_here

    return problem_here(manifest.read(folder))


def _load(folder: Path, record: "RunRecord", wanted: Wanted) -> "Engine":
    from emolab.engines import load_engine
    from emolab.engines.gates import why_not_used

    engine = load_engine(folder, wanted.threads, record)
    problem = why_not_used(engine.facts)
    if problem is not None and not wanted.failed_gates:
        raise ConfigError(
            f"the engine {folder} {problem}. Take another, export again (python -m emolab.export ckpt={record.id}), or "
            "use it all the same with failed_gates=true"
        )
    return engine


def _named(record: "RunRecord", choice: str) -> Path:
    from emolab.engines.selection import engine_names
    from emolab.runs.layout import ENGINES, inside

    found = engine_names(record)
    if choice not in found:
        right = ", ".join([AUTO, SELECTED, NETWORK, *found])
        raise ConfigError(f"recogniser={choice}: the run {record.id} has no such engine. Choose from: {right}")
    return inside(record.folder, f"{ENGINES}/{choice}")


def _can_be_judged(record: "RunRecord", cache: Path) -> bool:
    """Whether the run's own data are here, on which an export judges its engines; else say what to do for an engine.

    They aren't where a run was only copied, or downloaded, to a machine with a camera.
    """
    from emolab.engines.readiness import check_judges
    from emolab.judging.own_data import own_data, typed_data

    way_out = "copy the run again with its folder engines, from where it was exported"
    anew = f", or export here: python -m emolab.export {typed('ckpt', record.folder)} {typed_data(record)}"
    try:
        data, reason = own_data(record.facts.data, cache), f"the data that it was trained on aren't in {cache}"
    except DataError as error:  # damaged, say
        data, reason = None, one_line(error)
    if data is not None:
        try:
            check_judges(record, data)
        except DataError as error:  # these can't judge, and named they couldn't either
            reason, anew = one_line(error), ""
        else:
            return True
    print(printable(f"warning: no engine of the run {record.id} can be judged here: {reason}"))
    print("         it goes on with the network in TensorFlow, which is slower")
    print(printable(f"         for an engine {way_out}{anew}"))
    return False


def _exported(record: "RunRecord", wanted: Wanted, live: bool) -> Path | None:
    """Export in a process of its own, so that TensorFlow's memory and start-up don't stay with the viewer.

    What isn't live goes on without an engine, None, where none passed its gates.
    """
    from emolab.engines import selected_engine

    print(f"the run {record.id}, as it is now, has no engine that passed and runs here; exporting, which takes minutes")
    print("(recogniser=network does without). If one passes, it's kept", flush=True)
    settings = [override("ckpt", record.folder), "engine=auto", override("paths.cache", wanted.cache)]
    settings += [f"trusted_modules=[{','.join(wanted.trusted_modules)}]"]
    settings += [] if wanted.threads is None else [f"threads={wanted.threads}"]
    settings += [] if wanted.budget_ms is None else [f"budget_ms={wanted.budget_ms}"]
    command = [sys.executable, "-m", "emolab.export", *settings]
    done = subprocess.run(command, check=False)  # noqa: S603 - our own verb, with our own arguments
    folder = selected_engine(record)
    if folder is not None and _why_not_here(folder) is not None:  # it stays where none passed here
        folder = None
    if folder is None and (live or done.returncode != FAILED):
        raise RunError(
            f"no engine was exported (exit code {done.returncode}; see above). {_why_late(record)}recogniser=network "
            "takes the run's network in TensorFlow"
        )
    if folder is None:
        print("no engine passed its gates (see above): what isn't live goes on with the run's network")
    return folder


def _why_late(record: "RunRecord") -> str:
    """Say how slow the fastest engine is that failed the gate of latency alone, and what to do; empty without one."""
    from emolab.engines import manifest
    from emolab.engines.gates import failed, was_judged
    from emolab.engines.selection import engines_of

    judged = (facts for facts in engines_of(record) if was_judged(facts))
    late = [
        facts
        for facts in judged
        if failed(facts.gates) == ["latency"] and manifest.problem_with_run(facts, record) is None
    ]
    if not late:
        return ""
    best = min(late, key=lambda facts: facts.latency_ms.p95)
    name, p95 = f"{best.engine}-{best.precision}", best.latency_ms.p95
    return (
        f"The fastest, {name}, took {p95:.1f} ms a face (p95), more than budget_ms allows: try again when the machine "
        f"is less busy, allow more (budget_ms={math.ceil(1.2 * p95)}), or use it as it is (recogniser={name} "
        "failed_gates=true). "
    )


def _measured(latency: "Latency | None") -> str:
    return "" if latency is None else f", {latency.p95:.1f} ms a face (p95) when it was exported"
