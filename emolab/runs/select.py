"""Which run `ckpt=` means: a run id, a folder, `last`, `best`, or a W&B artifact."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from emolab.config.suggest import did_you_mean, listed
from emolab.errors import RunError, printable
from emolab.flat import flat
from emolab.runs import layout
from emolab.runs.artifact import PREFIX, fetch
from emolab.runs.record import RunRecord

log = logging.getLogger(__name__)
_SHOWN = 12


def chosen_run(cfg: DictConfig, ckpt: str | None = None, notice: bool = True) -> RunRecord:
    """Return the run that a verb's configuration means; print which it is, why, and what its data say of it.

    Args:
        cfg: with `ckpt` (run, where) and `paths.runs`.
        ckpt: one of several that `cfg.ckpt.run` lists; None where it names one.
        notice: whether to print what the data say; a report has it, too.

    Raises:
        RunError: if nothing fits; the message lists what exists.
    """
    return told_run(cfg.ckpt.run if ckpt is None else ckpt, Path(cfg.paths.runs), cfg.ckpt.where, notice)


def told_run(ckpt: str | Path, root: Path, where: Mapping[str, Any] | None = None, notice: bool = True) -> RunRecord:
    """Return the run that `resolve` finds, and print which it is, why, and what its data say of it, if `notice`."""
    record, reason = resolve(ckpt, root, where)
    print(printable(f"run {record.folder}: {reason}"))
    if notice and record.notice:
        print(printable(f"note: {record.notice}"))
    return record


def resolve(
    ckpt: str | Path, root: Path, where: Mapping[str, Any] | None = None, needs: str = "best"
) -> tuple[RunRecord, str]:
    """Return the run that `ckpt` means, and one sentence why it is that one.

    Args:
        ckpt: a run id, a run folder, `last` (the newest run with what is needed), `best` (the best monitored
            value among finished runs; one that was trained with `debug` only where no other fits), or
            `wandb:entity/project/name:alias`.
        root: folder of all runs (`paths.runs`).
        where: narrows `last` and `best`: a nested mapping of fields of `run.json`, such as
            {"model": {"name": "vgg19"}}; {"model": "vgg19"} says the same.
        needs: the checkpoint without which a run isn't the `last`: "best" to be used, "last" to go on with.

    Raises:
        RunError: if nothing fits; the message lists what exists.
    """
    text, root = str(ckpt).strip(), Path(root)
    if text == "best":
        return _best(list_runs(root), root, where or {})
    if text == "last":
        return _last(list_runs(root), root, where or {}, needs)
    if is_artifact(text):
        return fetch(text, root), f"{text}: downloaded from W&B"
    if folders := _folders(text, root):
        return RunRecord.open(folders[0]), f"the folder {folders[0]}, as asked for"
    return _by_id(text, root)


def check_distinct(key: str, names: Sequence[str], runs: Sequence[RunRecord]) -> None:
    """Check that no run is given twice under two names, such as `best` and its id: it would count double.

    Args:
        key: of the configuration, that lists them.
        names: as they were given.
        runs: what each of them means.

    Raises:
        RunError: with the first two that are one.
    """
    meant: dict[Path, str] = {}  # folder -> the name that it was given by
    for name, run in zip(names, runs, strict=True):
        folder = run.folder.resolve()
        if folder in meant:
            raise RunError(
                f"{key}: {meant[folder]} and {name} are the same run, {run.id}, expected each run once: leave out one"
            )
        meant[folder] = name


def is_artifact(ckpt: str | Path) -> bool:
    """Whether `resolve` would ask W&B for it."""
    return str(ckpt).strip().startswith(PREFIX)


def list_runs(root: Path) -> list[RunRecord]:
    """Return the runs below `root` (`root/<name>/<id>`), oldest first; warn of damaged ones."""
    found = []
    for folder in sorted(Path(root).glob("*/*")):
        if _hidden(folder) or not folder.is_dir():
            continue
        try:
            found.append(RunRecord.open(folder))
        except RunError as error:
            log.warning("skipping a run folder that can't be used: %s", error)
    return sorted(found, key=lambda run: (run.facts.started, run.id))


def _folders(text: str, root: Path) -> list[Path]:
    """The run folders that `text` may name, the likeliest first."""
    try:
        places = (Path(text).expanduser(), root / text)
        return [place for place in places if text and (place / layout.FACTS).is_file()]
    except (OSError, RuntimeError):  # a name too long for the system; the home of nobody
        return []


def _by_id(text: str, root: Path) -> tuple[RunRecord, str]:
    folders = [folder for folder in root.glob("*/*") if folder.name == text and not _hidden(folder)]
    runs = [] if folders else list_runs(root)
    folders = folders or [run.folder for run in runs if run.id == text]  # of a folder that was renamed
    if len(folders) == 1:
        return RunRecord.open(folders[0]), f"the run {text}, as asked for"
    if folders:
        choices = ", ".join(map(str, folders))
        raise RunError(f"ckpt={text} fits {len(folders)} runs; give one folder: {choices}")
    raise RunError(
        f"ckpt={text!r} is neither a run folder nor a run id under {root}. Give an id, a folder, 'last', "
        f"'best' or '{PREFIX}entity/project/name:alias'.\n{_overview(runs, root)}"
    )


def _hidden(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.parent.name.startswith(".")


def _last(runs: Sequence[RunRecord], root: Path, where: Mapping[str, Any], needs: str) -> tuple[RunRecord, str]:
    fitting = [run for run in matching(runs, where) if needs in run.facts.checkpoints]
    if not fitting:
        wanted = {"best": "with weights", "last": "to go on with"}[needs]
        raise RunError(f"ckpt=last: no run {wanted}{_narrowed(where)}.\n{_overview(runs, root)}")
    return fitting[-1], f"{fitting[-1].id} is the newest of {len(fitting)} runs{_narrowed(where)}"


def _best(runs: Sequence[RunRecord], root: Path, where: Mapping[str, Any]) -> tuple[RunRecord, str]:
    finished = {run: value for run in matching(runs, where) if (value := _best_value(run)) is not None}
    if not finished:
        raise RunError(f"ckpt=best: no finished run{_narrowed(where)}.\n{_overview(runs, root)}")
    fitting = [run for run in finished if not _debug(run)] or list(finished)
    monitors = sorted({(run.facts.monitor.name, run.facts.monitor.mode) for run in fitting})
    if len(monitors) > 1:
        raise RunError(
            f"ckpt=best: the runs{_narrowed(where)} watch different values, which can't be compared: "
            f"{', '.join(f'{name} ({mode})' for name, mode in monitors)}. "
            f"Narrow them, such as ckpt.where.monitor={monitors[0][0]}"
        )
    name, mode = monitors[0]
    sign = -1 if mode == "min" else 1
    best = max(fitting, key=lambda run: sign * finished[run])
    direction = "lowest" if mode == "min" else "highest"
    left_out = f", not counting debug runs ({len(finished) - len(fitting)})" if len(fitting) < len(finished) else ""
    of = f"of {len(fitting)} finished runs{_narrowed(where)}{left_out}"
    return best, f"{best.id} has the {direction} {name}, {finished[best]:.4g}, {of}{_debugged(best)}{_unlike(fitting)}"


def _debug(run: RunRecord) -> str:
    """The choice of `debug` that a run was trained with, such as "smoke"; empty for none."""
    return run.facts.choices.get("debug", "")


def _debugged(run: RunRecord) -> str:
    """A warning where there was nothing but debug runs."""
    told = f". It was trained with debug={_debug(run)}, to try whether a training runs, and no other run fits"
    return told if _debug(run) else ""


def _unlike(runs: Sequence[RunRecord]) -> str:
    """A warning where runs of different data were compared."""
    data = [run.facts.data for run in runs]
    if len({(found.name, found.content) for found in data}) == 1:
        return ""
    names = sorted({found.name for found in data})
    narrowed = f"narrow them, such as ckpt.where.data={names[-1]}" if len(names) > 1 else "give the id of a run"
    return f". They learned from different data ({', '.join(names)}), whose values say little of each other: {narrowed}"


def _best_value(run: RunRecord) -> float | None:
    """The monitored value of a finished run's best weights; None where it has none."""
    return run.facts.monitor.best if run.status == "finished" and "best" in run.facts.checkpoints else None


def matching(runs: Sequence[RunRecord], where: Mapping[str, Any]) -> list[RunRecord]:
    """Return the runs that match `where`, in the same order.

    Raises:
        RunError: if `where` names a field that none of the runs has; the message lists those there are.
    """
    fields = [run.fields() for run in runs]
    for key in flat(where) if runs else ():
        _check_field(key, fields)
    return [run for run, known in zip(runs, fields, strict=True) if matches(known, where)]


def _check_field(key: str, nodes: Sequence[Mapping[str, Any]]) -> None:
    within = ""
    for word in key.split("."):
        known = sorted({name for node in nodes for name in node})
        if word not in known:
            raise RunError(
                f"where.{key}: no run has such a field.{did_you_mean(word, known)} "
                f"{within or 'A run'} has: {listed(known)}"
            )
        within = f"{within}.{word}".lstrip(".")
        nodes = [node[word] for node in nodes if isinstance(node.get(word), Mapping)]


def matches(fields: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Whether every value of the nested mapping `where` equals the one of `fields`.

    Where `fields` has a mapping and `where` a single value, its `name` is compared: {"model": "vgg19"}.
    """
    return all(_equal(fields.get(key), wanted) for key, wanted in where.items())


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and matches(value, wanted)
    if isinstance(value, Mapping):
        value = value.get("name")
    return bool(value == wanted)


def _narrowed(where: Mapping[str, Any]) -> str:
    pairs = ", ".join(f"{key}={value}" for key, value in flat(where).items())
    return f" where {pairs}" if pairs else ""


def _overview(runs: Sequence[RunRecord], root: Path) -> str:
    if not runs:
        return f"There are no runs under {root.resolve()}: train one, or set paths.runs."
    lines = [_line(run) for run in runs[-_SHOWN:]]
    more = f"\n  ... and {len(runs) - _SHOWN} older ones" if len(runs) > _SHOWN else ""
    return f"Runs under {root.resolve()}, oldest first:\n" + "\n".join(lines) + more


def _line(run: RunRecord) -> str:
    facts = run.facts
    best = f"{facts.monitor.name}={facts.monitor.best}"
    names = f"model={facts.model.name} data={facts.data.name}"
    renamed = "" if run.folder.name == run.id else f"  in {run.folder.parent.name}/{run.folder.name}"
    return f"  {run.id}  {run.name}  {run.status}  {names}  {best}{renamed}"
