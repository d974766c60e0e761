"""Which engines a run has, and which of them is the one to use."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emolab import files
from emolab.engines import manifest
from emolab.engines.engine import problem_here
from emolab.engines.gates import failed, fastest, gates, was_judged
from emolab.engines.schema import EngineFacts
from emolab.errors import RunError, printable
from emolab.runs.layout import ENGINES, clear_write_errors, inside

if TYPE_CHECKING:
    from emolab.runs import RunRecord

log = logging.getLogger(__name__)

SELECTED = "selected.json"


def engines_folder(run: "RunRecord") -> Path:
    """Return the folder of a run's engines; it may not exist yet."""
    return run.folder / ENGINES


def engine_folder(run: "RunRecord", engine: str, precision: str) -> Path:
    """Return where a run keeps this engine.

    Raises:
        RunError: if a link leads it out of the run folder.
    """
    return inside(run.folder, f"{ENGINES}/{_name(engine, precision)}")


def _name(engine: str, precision: str) -> str:
    return f"{engine}-{precision}"


def engine_names(run: "RunRecord") -> list[str]:
    """Return the names of a run's engines, such as "openvino-int8", sorted; damaged ones are among them."""
    return sorted(path.parent.name for path in engines_folder(run).glob(f"*/{manifest.FACTS}"))


def engines_of(run: "RunRecord") -> list[EngineFacts]:
    """Return the facts (`engine.json`) of a run's engines, sorted by name; warn of those that can't be read.

    They may be of weights that the run had before: see `problem_with_run`.
    """
    found = []
    for name in engine_names(run):
        try:
            facts = manifest.read(inside(run.folder, f"{ENGINES}/{name}"))
        except RunError as error:
            log.warning("skipping an engine that can't be used: %s", error)
            continue
        if name == _name(facts.engine, facts.precision):
            found.append(facts)
        else:
            log.warning("skipping %s/%s: somebody has renamed it, or it's a copy", engines_folder(run), name)
    return found


def selected_engine(run: "RunRecord") -> Path | None:
    """Return the folder of the engine that an export selected, or None where none is, or it's gone.

    One that was made before the run had the weights or the temperatures of now is none, nor is one that was never
    judged, because the export that built it anew was interrupted, or that couldn't be loaded or timed since.

    Raises:
        RunError: if the selection or the engine can't be read, or it leads out of the run's engines.
    """
    path = engines_folder(run) / SELECTED
    if not path.is_file():
        return None
    try:
        name = files.read_json(path)["engine"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged ({error}): export again, or name an engine's folder") from error
    if not isinstance(name, str):
        raise RunError(f"{path} names {name!r}, which is no engine of this run: refused")
    folder = inside(run.folder, f"{ENGINES}/{name}")
    if not folder.is_dir():
        return None
    facts = manifest.read(folder)
    return folder if was_judged(facts) and manifest.problem_with_run(facts, run) is None else None


def fastest_here(run: "RunRecord") -> Path | None:
    """Return the folder of the fastest of a run's engines that passed every gate and can run here, or None.

    How fast is what its export measured, perhaps on another machine.
    """
    current = (facts for facts in engines_of(run) if manifest.problem_with_run(facts, run) is None)
    best = fastest(facts for facts in current if problem_here(facts) is None)
    return None if best is None else engine_folder(run, best.engine, best.precision)


def usable_engine(run: "RunRecord") -> Path | None:
    """Return the folder of the selected engine or, where that can't run here, of the fastest other that can, or None.

    So it is where a run was copied from the machine that exported it; a warning says so.

    Raises:
        RunError: as `selected_engine` does.
    """
    folder = selected_engine(run)
    problem = None if folder is None else problem_here(manifest.read(folder))
    if folder is None or problem is None:
        return folder
    log.warning("%s", printable(f"the selected engine {folder.name} can't run here: {problem}"))
    return fastest_here(run)


def whole_selection(run: "RunRecord") -> Path | None:
    """Return what `selected_engine` does, and None where that can't be read: for an export, which mends it."""
    try:
        return selected_engine(run)
    except RunError:
        return None


def select_fastest(run: "RunRecord", passing: Sequence[EngineFacts], budget_ms: float) -> str:
    """Select the fastest engine of those that pass every gate; return what to tell the user.

    Args:
        run: whose engines they are.
        passing: their facts (`engine.json`), timed in turns; where there are none, the one that was selected stays if
            what was proved of it passes the budget, too.
        budget_ms: what the p95 of a face may be.
    """
    best = fastest(passing)
    if best is None:
        return _nothing_selected(run, budget_ms)
    reason = (
        f"the fastest of {len(passing)} that pass every gate: p95 {best.latency_ms.p95:.2f} ms, "
        f"accuracy {best.parity.accuracy_engine:.3f}"
    )
    folder = engine_folder(run, best.engine, best.precision)
    select(run, folder, reason)
    return f"selected: {folder.name}, {reason}"


def _nothing_selected(run: "RunRecord", budget_ms: float) -> str:
    """Say which engine stays selected: one that this export couldn't time, such as of another machine, and passes.

    One that fails a gate at the budget of now, was never judged, or is damaged doesn't.
    """
    before = whole_selection(run)
    if before is not None and _passes(manifest.read(before), budget_ms):
        return f"selected: no engine passes every gate; {before.name} stays"
    deselect(run)
    return "selected: no engine passes every gate; none is selected"


def _passes(facts: EngineFacts, budget_ms: float) -> bool:
    return was_judged(facts) and not failed(gates(facts.precision, facts.parity, facts.latency_ms, budget_ms))


def select(run: "RunRecord", folder: Path, reason: str) -> None:
    """Mark the engine in `folder` as the one to use, and say why."""
    with clear_write_errors(run.folder):
        files.write_json(engines_folder(run) / SELECTED, {"engine": folder.name, "reason": reason})


@contextmanager
def exporting(run: "RunRecord") -> Iterator[None]:
    """Keep other exports away from the run's engines: two at once would replace what the other is judging.

    What an export that was killed had half built goes.

    Raises:
        RunError: if another export is at work, or the run's folder can't be written.
    """
    busy = RunError(f"another export is at work on {engines_folder(run)}: wait for it, or stop it first")
    with clear_write_errors(run.folder):
        engines_folder(run).mkdir(parents=True, exist_ok=True)
        lock = files.own(engines_folder(run) / ".lock", busy)
    try:
        for left in engines_folder(run).glob(f"{files.UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()


def deselect(run: "RunRecord") -> None:
    """Let no engine of the run be the one to use."""
    with clear_write_errors(run.folder):
        (engines_folder(run) / SELECTED).unlink(missing_ok=True)
