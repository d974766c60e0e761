"""What a reader has to know of runs that are compared: which weren't judged, and whose data have changed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from omegaconf import DictConfig

from emolab.runs.sameness import free_to_change
from experiments.comparing.runs import ComparedRun


def notes_of(runs: Sequence[ComparedRun]) -> list[str]:
    """Return a sentence for each run without predictions, and for each data set that wasn't the same for all."""
    return [*(_not_judged(run) for run in runs if run.predictions is None), *_changed(runs)]


def notes_on_epochs(trainer: DictConfig) -> list[str]:
    """Return a sentence where the validation images that judge trainings have chosen the epoch of each, too."""
    if trainer.validate_every >= trainer.epochs:
        return []
    return [
        "Each training is judged by its best epoch on the images that chose it, which flatters those whose accuracy "
        f"goes up and down: trainer.validate_every={trainer.epochs} judges the last."
    ]


def _not_judged(run: ComparedRun) -> str:
    """With the command that judges it, and opens the test images only where they are asked for."""
    split, flip = run.split, run.flip
    unopened = split == "validation" and replace(run, split="test", flip=False).predictions is None
    command = f"python -m emolab.evaluate ckpt={run.record.id}{' flip=true' * flip}{' test=false' * unopened}"
    validated = split == "test" and replace(run, split="validation").predictions is not None
    mirrored = " and their mirror images" if flip else ""
    other = ", or split=validation, of which it has some" if validated else ""
    return f"{run.record.id} has no predictions of {split} images{mirrored}: {command}{other}"


def _changed(runs: Sequence[ComparedRun]) -> Iterator[str]:
    """Where runs have other settings of the data, the table shows it; here it's other photographs under the same ones.

    Where the files lie is no setting: a data set that was moved is the same, and one in another folder may not be.
    """
    found: dict[tuple[tuple[str, str], ...], dict[str, list[str]]] = {}  # settings -> digest -> runs
    for run in runs:
        named = tuple(
            (key, value) for key, value in run.settings.items() if key.startswith("data.") and not free_to_change(key)
        )
        digest = run.record.facts.data.content
        found.setdefault(named, {}).setdefault(digest, []).append(run.record.id)
    for by_digest in found.values():
        if len(by_digest) > 1:
            sets = "; ".join(", ".join(ids) for ids in by_digest.values())
            yield f"learned from different data: other photographs, labels or splits under the same settings: {sets}"
