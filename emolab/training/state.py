"""The full state of a training in one file: weights, optimizer, counters. Nothing is pickled.

The file is NumPy's `.npz`: an array a variable, in order, and a JSON text with their paths and what else has
to be known. Number and shapes are compared before anything is assigned, so that a wrong file changes nothing.
"""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emolab.errors import RunError
from emolab.files import read_arrays

_PROGRESS = "facts"  # the name in the file


def variables_of(module: keras.Model) -> list[Any]:
    """Return every variable whose value decides how the training goes on, in a fixed order."""
    return [*module.variables, *module.optimizer.variables]


def save_state(path: Path, module: keras.Model, progress: dict[str, Any]) -> None:
    """Write all variables of `module` and its optimizer, and `progress` (JSON values), to `path` (.npz)."""
    variables = variables_of(module)
    arrays = {f"{number:05d}": variable.numpy() for number, variable in enumerate(variables)}
    text = json.dumps({**progress, "paths": [variable.path for variable in variables]})
    arrays[_PROGRESS] = np.frombuffer(text.encode(), np.uint8)
    np.savez(path, **arrays)


def load_state(path: Path, module: keras.Model) -> dict[str, Any]:
    """Assign the saved values to `module` and its optimizer; return the progress that was saved with them.

    Raises:
        RunError: if the file is damaged, or was written by another network or optimizer.
    """
    variables = variables_of(module)
    try:
        saved = read_arrays(path)
        progress = json.loads(saved[_PROGRESS].tobytes())
        values = [saved[f"{number:05d}"] for number in range(len(progress["paths"]))]
    except (ValueError, KeyError) as error:
        raise RunError(f"{path} is not a whole training state: {error}") from error
    _check_fit(path, variables, progress.pop("paths"), values)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return progress


def _check_fit(path: Path, variables: list[Any], paths: list[str], values: list[np.ndarray]) -> None:
    if len(variables) != len(values):
        raise RunError(
            f"{path} holds {len(values)} variables, this training has {len(variables)}: resume with the same config. "
            "If that is the same, it was begun with an emolab that trained other layers: begin anew"
        )
    for variable, name, value in zip(variables, paths, values, strict=True):
        if tuple(variable.shape) != value.shape:
            raise RunError(
                f"{path}: {name} has shape {value.shape}, this training's {variable.path} {tuple(variable.shape)}: "
                "resume with the same config"
            )
