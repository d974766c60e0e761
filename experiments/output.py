"""The folder of a command's result: tested before the work, and named where it can't be written."""

from contextlib import AbstractContextManager
from pathlib import Path

from omegaconf import DictConfig

from emolab.errors import ConfigError
from emolab.files import clear_write_errors, make_folder, try_writing


def trainings_of(cfg: DictConfig) -> Path:
    """Return the folder of the plan and the logs of an experiment's trainings."""
    return Path(cfg.output) / "trainings" / cfg.name


def check_output(folder: Path) -> None:
    """Make the folder, and see that files can be written into it, before minutes of work whose result would be lost.

    Raises:
        ConfigError: if it can't be written.
    """
    with writing(folder):
        make_folder(folder)
        try_writing(folder)


def writing(folder: Path) -> AbstractContextManager[None]:
    """Return what turns any OSError inside it into a ConfigError that names `output`."""
    return clear_write_errors(f"output={folder}", "set another folder", ConfigError)
