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
    named, record = None if requested is None else there(requested), run_of(requested)
    if named is None or record is None:
        return imagenet_or_file(requested, model)
    path = record.checkpoint_path("best")
    if named.is_file() and named.resolve() != path.resolve():
        raise ConfigError(f"model.weights={requested}: the run's best weights are {path.name}; give the run's folder")
    trained = record.facts.model.name
    if trained != model:
        raise ConfigError(f"model.weights={requested} is a run of model={trained}, this training's is model={model}")
    return FirstWeights(requested, str(path), path, record.classes)


def run_of(requested: str | None) -> RunRecord | None:
    """Return the run that `model.weights` names, if it names one, which has learned from images already.

    Raises:
        RunError: if the run is damaged.
    """
    named = None if requested is None else there(requested)
    folder = None if named is None else _run_folder(named)
    return None if folder is None else RunRecord.open(folder)


def _run_folder(path: Path) -> Path | None:
    """The run that `path` is, or that the file `path` lies in."""
    folder = path.parent.parent if path.is_file() else path
    return folder if (folder / layout.FACTS).is_file() else None
