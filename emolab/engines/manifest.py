"""`engine.json`: what an engine is, where it was made, and what was proved of it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emolab import files
from emolab.engines.schema import check_engine
from emolab.errors import RunError
from emolab.plain import plain
from emolab.runs import environment
from emolab.runs.layout import clear_write_errors

if TYPE_CHECKING:
    from emolab.runs import RunRecord

FACTS = "engine.json"
_ROUNDING = 0.001  # of a temperature: another number of threads adds in another order, and fits it a little otherwise


def read(folder: Path) -> dict[str, Any]:
    """Return the facts of the engine in `folder`.

    Raises:
        RunError: if there is no engine, or its `engine.json` is damaged; the message names the field.
    """
    path = Path(folder) / FACTS
    try:
        facts = files.read_json(path)
    except FileNotFoundError:
        raise RunError(f"{folder} holds no engine: it has no {FACTS}. Make one: python -m emolab.export") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} can't be read: {error}. Export it again") from error
    return check_engine(facts, path)


def verified(folder: Path) -> dict[str, Any]:
    """Return the facts of an engine after comparing the SHA-256 of each of its files.

    Raises:
        RunError: if a file is missing, was added or changed.
    """
    facts = read(folder)
    found = {path.relative_to(folder).as_posix() for path in _content(folder)}
    if found != set(facts["sha256"]):
        differing = ", ".join(sorted(found ^ set(facts["sha256"])))
        raise RunError(f"the engine {folder} isn't whole: its files and {FACTS} differ in {differing}. Export it again")
    for name, expected in facts["sha256"].items():
        arrived = files.sha256_of(folder / name)
        if arrived != expected:
            raise RunError(
                f"{folder / name} was changed or damaged: its SHA-256 is {arrived}, {FACTS} says {expected}. "
                "Export it again"
            )
    return facts


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the facts of the engine in `folder`, with the digests of its files."""
    digests = {path.relative_to(folder).as_posix(): files.sha256_of(path) for path in _content(folder)}
    size = sum(path.stat().st_size for path in _content(folder))
    files.write_json(folder / FACTS, plain({**facts, "sha256": digests, "bytes": size}))


def amend(folder: Path, **fields: Any) -> dict[str, Any]:
    """Replace these fields of `engine.json`, such as parity and latency; return all of them.

    Raises:
        RunError: if there is no engine, its `engine.json` is damaged, or can't be written.
    """
    facts = {**read(folder), **plain(fields)}
    with clear_write_errors(folder):
        files.write_json(folder / FACTS, facts)
    return facts


def problem_with_run(facts: Mapping[str, Any], run: "RunRecord") -> str | None:
    """Return why an engine with these facts doesn't say what the run's network says now, or None.

    The temperatures of a run that has none yet were fitted for its engines alone.
    """
    if run.classes != tuple(facts["classes"]):
        return f"it is for other classes. It has: {', '.join(facts['classes'])}. Expected: {', '.join(run.classes)}"
    if facts.get("weights") != run.best_weights_sha256:
        return "it was made of other weights than the run's best ones of now"
    made = facts["temperatures"]
    for name, fitted in run.temperatures.items() if run.facts.temperatures is not None else ():
        if name not in made or not math.isclose(fitted, made[name], rel_tol=_ROUNDING):
            return f"it was made with the temperature {made.get(name)} of {name}, and the run's is {fitted} now"
    return None


def this_hardware() -> dict[str, Any]:
    """Return what an engine's speed depends on: processor, cores, GPUs."""
    found = environment.hardware()
    return {key: found[key] for key in ("system", "processor", "cores", "gpus")}


def problem_with_hardware(facts: Mapping[str, Any], bound: bool) -> str | None:
    """Return why an engine that is bound to the hardware it was made on can't run here, or None."""
    made, here = facts["hardware"].get("gpus"), this_hardware()["gpus"]
    if bound and made != here:
        return f"it was made for the GPUs {made}, here are {here}: export it again on this machine"
    return None


def note_on_hardware(facts: Mapping[str, Any]) -> str | None:
    """Return a note where the engine was made, and its speed measured, on another kind of machine."""
    made, here = facts["hardware"], this_hardware()
    differing = [key for key in ("processor", "cores", "gpus") if made.get(key) != here[key]]
    if not differing:
        return None
    said = "; ".join(f"{key} {made.get(key)} there, {here[key]} here" for key in differing)
    return f"made on another machine ({said}); its latency was measured there"


def _content(folder: Path) -> list[Path]:
    """All files but the facts; and linked folders, which aren't entered: no engine is built with one."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() or (path.is_symlink() and path.is_dir()))
    return [path for path in paths if path.name != FACTS and not _is_unfinished(path.name)]


def _is_unfinished(name: str) -> bool:
    """Whether it is what a kill left of facts that were being written."""
    return name.startswith(files.UNFINISHED) and name.endswith(FACTS)
