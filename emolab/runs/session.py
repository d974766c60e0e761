"""One training as a run: its record begins, goes on and ends with a status, whatever happens in between."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from emolab.data.datamodule import DataModule
from emolab.data.left_out import listed_names
from emolab.errors import ConfigError, DivergedError, EmolabError, Pruned, printable
from emolab.models.pretrained import DOWNLOAD_SECONDS, FirstWeights
from emolab.runs import RunRecord, resolve
from emolab.runs.ancestors import with_parents
from emolab.runs.checkpoints import tag_of
from emolab.runs.first_weights import first_weights, run_of
from emolab.runs.sameness import change_of_data, change_of_settings, config_text
from emolab.runs.select import is_artifact
from emolab.runs.teachers import find_teachers
from emolab.tracking import LoggerGroup


def check_named(cfg: DictConfig) -> None:
    """Find the runs and files that a training names, so that no data are prepared for one that can't begin.

    Imports no TensorFlow and downloads nothing: ImageNet's weights and W&B's artifacts are left for later, and so is
    what only the data can tell, such as whether the classes are a teacher's.

    Raises:
        ConfigError: if the first weights aren't there, or a teacher of the run to resume has others than it had.
        DataError: if the list of what to leave out can't be read.
        RunError: if there's no such run to resume or to learn from, or a run's weights are missing or changed.
    """
    if cfg.trainer.leave_out is not None:
        listed_names(Path(cfg.trainer.leave_out))
    if cfg.resume is not None and is_artifact(cfg.resume):
        return  # whether it needs first weights, and from whom it learns, stands in it
    begun = None if cfg.resume is None else _to_resume(cfg)
    if cfg.model.weights not in DOWNLOAD_SECONDS and (begun is None or not begun.can_go_on):
        first_weights(cfg.model.weights, cfg.model.name)
    find_teachers(cfg, begun)


def run_to_resume(cfg: DictConfig, data: DataModule) -> RunRecord | None:
    """Return the run that `cfg.resume` names, None if a new one is to begin.

    Raises:
        ConfigError: if it was begun with another configuration or other data; the message lists what differs.
        RunError: if there's no such run.
    """
    if cfg.resume is None:
        return None
    found = _to_resume(cfg)
    _check_same(cfg, found, data)
    return found


def weights_to_begin_from(cfg: DictConfig, resumed: RunRecord | None) -> FirstWeights:
    """Return the first weights of a training.

    A run that goes on from a saved state needs none: those it began with may be gone by now.

    Args:
        cfg: the configuration.
        resumed: the run that goes on; None where one is to begin.

    Raises:
        ConfigError: if the weights that were asked for can't be had.
    """
    if resumed is not None and resumed.can_go_on:
        return FirstWeights(cfg.model.weights, str(resumed.facts.model.weights.used), None)
    return first_weights(cfg.model.weights, cfg.model.name)


def begin(
    cfg: DictConfig,
    data: DataModule,
    weights: FirstWeights,
    choices: Mapping[str, str],
    overrides: Sequence[str] = (),
) -> RunRecord:
    """Begin a run folder; return its record.

    Args:
        cfg: the configuration.
        data: what it learns from.
        weights: that it begins from.
        choices: group of the configuration -> what was chosen of it.
        overrides: of the command, which is told when the run is resumed.
    """
    fields = {**_fields(cfg, data, weights, choices), "command": list(overrides)}
    return RunRecord.create(Path(cfg.paths.runs), str(cfg.name), fields, config_text(cfg))


def take_up(run: RunRecord, data: DataModule) -> RunRecord:
    """Take up a run that isn't finished; return its record, to write to.

    Raises:
        RunError: if another process is training it.
    """
    record = RunRecord.resume(run.folder)
    record.truncate_metrics(_steps_done(record) // data.steps_per_epoch)
    return record


@contextmanager
def recorded(record: RunRecord, loggers: LoggerGroup) -> Iterator[None]:
    """Give the run its final status: finished, pruned, interrupted or failed."""
    try:
        yield
    except Pruned as reason:
        print(f"pruned: {reason}", flush=True)
        loggers.finish("pruned", record.facts.monitor.model_dump())
    except KeyboardInterrupt:
        loggers.finish("interrupted", {})
        saved = "the state is saved" if record.can_go_on else "nothing was saved yet"
        raise KeyboardInterrupt(f"{saved}; go on with the same command and resume={record.id}") from None
    except EmolabError as error:
        loggers.finish("failed", {"error": str(error), "diverged": isinstance(error, DivergedError)})
        raise
    except BaseException as error:  # recorded and raised again: a run never ends without a status
        loggers.finish("failed", {"error": f"{type(error).__name__}: {error}"})
        raise


def command_of(run: RunRecord) -> str:
    """Return the command that began the run, as one types it."""
    return printable(shlex.join(["python", "-m", "emolab.train", *run.facts.command]))


def longer(run: RunRecord) -> str:
    """Return a line on how to train longer than was planned: the learning rate of a run follows its length."""
    return f"longer: its trainer.epochs stay; a new run can go on from its best weights, by model.weights={run.folder}"


def _steps_done(record: RunRecord) -> int:
    name = record.facts.checkpoints.get("last")
    return 0 if name is None else tag_of("last", name)


def _fields(cfg: DictConfig, data: DataModule, weights: FirstWeights, choices: Mapping[str, str]) -> dict[str, Any]:
    parent = run_of(weights.requested)
    return {
        "group": dict(cfg.group),
        "choices": {group: str(choice) for group, choice in choices.items() if "/" not in group and choice is not None},
        "classes": list(data.classes),
        "image_size": data.image_size,
        "monitor": {"name": cfg.trainer.monitor, "mode": cfg.trainer.mode},
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "content": data.content,
            "grey": data.grey,
            "notice": cfg.data.get("notice"),
            "left_out": _left_out(data),
        },
        "model": {
            "name": cfg.model.name,
            "parameters": None,
            "weights": {"requested": weights.requested, "used": weights.used},
        },
        "seed": cfg.seed,
        "ancestors": [one.model_dump() for one in with_parents((), [] if parent is None else [parent])],
    }


def _to_resume(cfg: DictConfig) -> RunRecord:
    return resolve(cfg.resume, Path(cfg.paths.runs), needs="last")[0]


def _check_same(cfg: DictConfig, found: RunRecord, data: DataModule) -> None:
    instead = f"Give the command that began it, {command_of(found)}, or leave out resume"
    if changed := change_of_settings(cfg, found, instead) or change_of_data(found, data, data.left_out):
        raise ConfigError(f"resume={cfg.resume}: {changed}")


def _left_out(data: DataModule) -> dict[str, Any] | None:
    found = data.left_out
    return None if found is None else {"file": str(found.file), "images": len(found.rows), "sha256": found.digest}
