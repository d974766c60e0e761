"""The pack: photographs rendered into the folder of a Kaggle competition.

A photograph that is already there isn't rendered again, so that a pack that was interrupted goes on where it was.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path

from emolab.errors import ConfigError
from emolab.files import read_json, write_atomically, write_json
from experiments.demo_faces.card import write_card
from experiments.demo_faces.casting import Shot, plan
from experiments.demo_faces.parallel import in_parallel
from experiments.demo_faces.photograph import encode_jpeg
from experiments.demo_faces.sheets import write_contact_sheet
from experiments.demo_faces.studio import Quality, photograph, portrait_of
from experiments.demo_faces.tables import write_tables

SETTINGS = "pack.json"  # what the pack was rendered from


@dataclass(frozen=True)
class PackSettings:
    """What decides every byte of a pack, but for the renderer's own version.

    Attributes:
        seed: of everything that is drawn.
        people: all of them, a multiple of 20; each gives nine photographs.
        test_people: how many of them are in the test folder, a multiple of 20.
        quality: of the photographs.
    """

    seed: int = 0
    people: int = 240
    test_people: int = 60
    quality: Quality = field(default_factory=Quality)


def render_pack(folder: Path, settings: PackSettings) -> None:
    """Render the whole pack into `folder`, or what is missing of it; show progress.

    Raises:
        ConfigError: if the folder was begun with other settings, or the renderer isn't installed.
    """
    claim(folder, settings)
    shots = plan(settings.seed, settings.people, settings.test_people)
    by_person = [list(group) for _, group in groupby(shots, key=lambda shot: shot.person)]
    jobs = [(folder, settings, missing) for group in by_person if (missing := _missing(folder, group))]
    for _ in in_parallel(render_person, jobs, "rendering people"):
        pass
    write_tables(folder, settings.seed, shots)
    write_contact_sheet(folder, shots)
    write_card(folder, settings.seed, shots)


def shots_of(folder: Path) -> list[Shot]:
    """Return the plan of the pack in `folder`.

    Raises:
        ConfigError: if there's no pack.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise ConfigError(f"{folder} holds no pack: {SETTINGS} is missing. Render one with the verb `pack`")
    settings = read_json(path)
    return plan(settings["seed"], settings["people"], settings["test_people"])


def claim(folder: Path, settings: PackSettings) -> None:
    """Write the settings into the folder, or check that it was begun with the same."""
    path, wanted = folder / SETTINGS, asdict(settings)
    if not path.is_file():
        write_json(path, wanted)
    elif read_json(path) != wanted:
        raise ConfigError(f"{folder} was begun with {read_json(path)}, now {wanted}: empty it or name another folder")


def check_seed(folder: Path, seed: int) -> None:
    """See that no pack of another seed is in the folder, whose video would be replaced by one that isn't its own.

    Raises:
        ConfigError: if there is one.
    """
    path = folder / SETTINGS
    if path.is_file() and (packed := read_json(path)["seed"]) != seed:
        raise ConfigError(
            f"{folder} holds the pack of seed {packed}, and its video, not those of seed {seed}: name another folder "
            f"with --output, or take --seed {packed}"
        )


def _missing(folder: Path, shots: Sequence[Shot]) -> list[Shot]:
    return [shot for shot in shots if not (folder / shot.path).is_file()]


def render_person(job: tuple[Path, PackSettings, list[Shot]]) -> None:
    """Render photographs of one person into their files: (folder, settings, shots)."""
    folder, settings, shots = job
    portrait = portrait_of(settings.seed, shots[0].person)
    for shot in shots:
        taken = photograph(portrait, shot.label, settings.quality)
        with write_atomically(folder / shot.path) as temporary:
            encode_jpeg(temporary, taken.picture, taken.view.jpeg_quality)
