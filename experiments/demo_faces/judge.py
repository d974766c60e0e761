"""What a network trained on photographs of real people makes of the rendered faces.

A network that has learned FER2013, which is grey, makes its pictures grey itself. Its recall a class tells whether a
recipe of action units looks like what people call by that name; the recipes in `expressions.py` were tuned on it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from emolab.data.crop import crop_and_resize
from emolab.errors import RunError
from experiments.demo_faces.expressions import CLASSES
from experiments.demo_faces.parallel import in_parallel
from experiments.demo_faces.studio import Quality, photograph, portrait_of

FIRST_JUDGED = 1_000_000  # people that no pack holds


def judge_recipes(folder: Path, seed: int, people: int, quality: Quality) -> dict[str, dict[str, float]]:
    """Return for each class that the run knows: how often each class is given to the faces that show it.

    Args:
        folder: the run's.
        seed: of the people and pictures.
        people: how many are rendered; each shows each class once.
        quality: of the pictures.

    Raises:
        RunError: if there's no such run, it names classes that no recipe is for, or its weights can't be used.
    """
    from emolab.judging.judge import classifier
    from emolab.runs import RunRecord
    from emolab.runs.network import load_network

    if not folder.is_dir():
        raise RunError(
            f"{folder}: no such run. The judge is a network trained on real faces; train one with: "
            "python -m emolab.train experiment=fer2013_custom_cnn data.path=fer2013.csv.gz"
        )
    record = RunRecord.open(folder)
    classes, size = list(record.classes), record.facts.image_size
    unknown = [name for name in classes if name not in CLASSES]
    if unknown:
        raise RunError(
            f"the run {record.id} names {', '.join(unknown)}, which no recipe is for. Judge with a run whose classes "
            f"are among: {', '.join(CLASSES)}"
        )
    pictures = render_judged(seed, people, classes, quality)
    classify = classifier(load_network(record))
    return {label: _shares(classify, faces, classes, size) for label, faces in pictures.items()}


def render_judged(seed: int, people: int, classes: Sequence[str], quality: Quality) -> dict[str, list[np.ndarray]]:
    """Return (S, S, 3) uint8 pictures by class, of people that are in no pack."""
    jobs = [(seed, FIRST_JUDGED + person, tuple(classes), quality) for person in range(people)]
    rendered = list(in_parallel(_render_person, jobs, "rendering people"))
    return {label: [pictures[place] for pictures in rendered] for place, label in enumerate(classes)}


def _render_person(job: tuple[int, int, tuple[str, ...], Quality]) -> list[np.ndarray]:
    seed, person, classes, quality = job
    portrait = portrait_of(seed, person)
    return [photograph(portrait, label, quality).picture for label in classes]


def _shares(
    classify: Callable[[np.ndarray], np.ndarray], faces: list[np.ndarray], classes: list[str], size: int
) -> dict[str, float]:
    images = np.stack([crop_and_resize(face, None, size) for face in faces])
    given = classify(images).argmax(axis=1)
    return {name: float(np.mean(given == place)) for place, name in enumerate(classes)}


def confusion_text(shares: dict[str, dict[str, float]]) -> str:
    """Return the shares as a table: a row a class that is shown, a column a class that is given, and the recalls."""
    names = list(shares)
    lines = ["shown     given: " + " ".join(f"{name[:8]:>8}" for name in names)]
    lines += [f"{shown:<16} " + " ".join(f"{shares[shown][name]:8.2f}" for name in names) for shown in names]
    recalls = [shares[name][name] for name in names]
    return "\n".join([*lines, f"mean recall {np.mean(recalls):.3f}"])
