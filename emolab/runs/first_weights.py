"""The first weights of a training: those of another run, or what `emolab.models.pretrained` finds."""

from pathlib import Path

from emolab.errors import ConfigError
from emolab.models.pretrained import FirstWeights, imagenet_or_file, there
from emolab.runs import layout
from emolab.runs.record import RunRecord


def first_weights(requested: str | None, model: str) -> FirstWeights:
    """Decide on the first weights of `model`.

    Args:
        requested: what `imagenet_or_file` takes, or a run's folder, or a file in its `checkpoints/`.
        model: name of the model, such as "vgg19".

    Raises:
        ConfigError: if what was asked for can't be had, or the run trained another model.
        RunError: if the run's weights are missing or changed.
    """
    named = None if requested is None else there(requested)
    folder = None if named is None else _run_folder(named)
    if named is None or folder is None:
        return imagenet_or_file(requested, model)
    record = RunRecord.open(folder)
    path = record.checkpoint_path("best")
    if named.is_file() and named.resolve() != path.resolve():
        raise ConfigError(f"model.weights={requested}: the run's best weights are {path.name}; give the run's folder")
    trained = record.facts.model.name
    if trained != model:
        raise ConfigError(f"model.weights={requested} is a run of model={trained}, this training's is model={model}")
    return FirstWeights(requested, str(path), path, record.classes)


def names_a_run(requested: str | None) -> bool:
    """Whether `model.weights` names a run, which has learned from images already."""
    named = None if requested is None else there(requested)
    return named is not None and _run_folder(named) is not None


def _run_folder(path: Path) -> Path | None:
    """The run that `path` is, or that the file `path` lies in."""
    folder = path.parent.parent if path.is_file() else path
    return folder if (folder / layout.FACTS).is_file() else None
