"""`engine.json`: what an engine is, where it was made, and what was proved of it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emolab import files
from emolab.engines.schema import EngineFacts, Hardware, check_engine
from emolab.errors import RunError
from emolab.plain import plain
from emolab.runs import environment
from emolab.runs.layout import clear_write_errors

if TYPE_CHECKING:
    from emolab.runs import RunRecord

FACTS = "engine.json"
_ROUNDING = 0.001  # of a temperature: another number of threads adds in another order, and fits it a little otherwise


def read(folder: Path) -> EngineFacts:
    """Return the facts of the engine in `folder`.

    Raises:
        RunError: if there is no engine, or its `engine.json` is damaged; the message names the field.
    """
    return check_engine(_saved(folder), Path(folder) / FACTS)


def _saved(folder: Path) -> Any:
    path = Path(folder) / FACTS
    try:
        return files.read_json(path)
    except FileNotFoundError:
        raise RunError(f"{folder} holds no engine: it has no {FACTS}. Make one: python -m emolab.export") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} can't be read: {error}. Export it again") from error


def verified(folder: Path) -> EngineFacts:
    """Return the facts of an engine after comparing the SHA-256 of each of its files.

    Raises:
        RunError: if a file is missing, was added or changed.
    """
    facts = read(folder)
    found = {path.relative_to(folder).as_posix() for path in _content(folder)}
    if found != set(facts.sha256):
        differing = ", ".join(sorted(found ^ set(facts.sha256)))
        raise RunError(f"the engine {folder} isn't whole: its files and {FACTS} differ in {differing}. Export it again")
    for name, expected in facts.sha256.items():
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


def amend(folder: Path, **fields: Any) -> EngineFacts:
    """Replace these fields of `engine.json`, such as parity and latency; return all of them.

    Raises:
        RunError: if there is no engine, its `engine.json` is damaged, or can't be written.
    """
    read(folder)  # refuses a damaged one
    amended = {**_saved(folder), **plain(fields)}
    facts = check_engine(amended, folder / FACTS)
    with clear_write_errors(folder):
        files.write_json(folder / FACTS, amended)
    return facts


def problem_with_run(facts: EngineFacts, run: "RunRecord") -> str | None:
    """Return why an engine with these facts doesn't say what the run's network says now, or None.

    The temperatures of a run that has none yet were fitted for its engines alone.
    """
    if run.classes != tuple(facts.classes):
        return f"it is for other classes. It has: {', '.join(facts.classes)}. Expected: {', '.join(run.classes)}"
    if facts.weights != run.best_weights_sha256:
        return "it was made of other weights than the run's best ones of now"
    made = facts.temperatures
    for name, fitted in run.temperatures.items() if run.facts.temperatures is not None else ():
        if name not in made or not math.isclose(fitted, made[name], rel_tol=_ROUNDING):
            return f"it was made with the temperature {made.get(name)} of {name}, and the run's is {fitted} now"
    return None


def this_hardware() -> Hardware:
    """Return what an engine's speed depends on here."""
    return Hardware(**{key: value for key, value in environment.hardware().items() if key in Hardware.model_fields})


def problem_with_hardware(hardware: Hardware, bound: bool) -> str | None:
    """Return why an engine that is bound to the hardware it was made on can't run here, or None."""
    made, here = hardware.gpus, this_hardware().gpus
    if bound and made != here:
        return f"it was made for the GPUs {made}, here are {here}: export it again on this machine"
    return None


def note_on_hardware(hardware: Hardware) -> str | None:
    """Return a note where the engine was made, and its speed measured, on another kind of machine."""
    made, here = hardware.model_dump(), this_hardware().model_dump()
    differing = [key for key in ("processor", "cores", "gpus") if made[key] != here[key]]
    if not differing:
        return None
    said = "; ".join(f"{key} {made[key]} there, {here[key]} here" for key in differing)
    return f"made on another machine ({said}); its latency was measured there"


def _content(folder: Path) -> list[Path]:
    """All files but the facts; and linked folders, which aren't entered: no engine is built with one."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() or (path.is_symlink() and path.is_dir()))
    return [path for path in paths if path.name != FACTS and not _is_unfinished(path.name)]


def _is_unfinished(name: str) -> bool:
    """Whether it is what a kill left of facts that were being written."""
    return name.startswith(files.UNFINISHED) and name.endswith(FACTS)
