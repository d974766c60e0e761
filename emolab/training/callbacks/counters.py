"""What a callback counts for itself, such as early stopping its patience: a resumed training goes on counting."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np


def counters_of(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """Return the plain attributes (numbers, words, lists and tables of them) that a callback keeps for itself.

    Those named like an argument of its constructors are settings: they come from the config again. Keras's
    `EarlyStopping` turns the sign of its `min_delta` in its first epoch; restored, it would be turned twice.

    NumPy's single values count as plain. Tensors and variables don't: they aren't saved.
    """
    others = _settings_of(callback) | vars(keras.callbacks.Callback()).keys()
    own = {name: _without_numpy(value) for name, value in vars(callback).items() if name not in others}
    return {name: value for name, value in own.items() if _is_plain(value)}


def restore_counters(callback: keras.callbacks.Callback, counters: Mapping[str, Any]) -> None:
    """Give a callback what `counters_of` returned of one like it; its settings stay, whatever else was saved."""
    settings = _settings_of(callback)
    vars(callback).update({name: value for name, value in counters.items() if name not in settings})


def _settings_of(callback: keras.callbacks.Callback) -> set[str]:
    constructors = [vars(kind)["__init__"] for kind in type(callback).__mro__ if "__init__" in vars(kind)]
    return {name for constructor in constructors for name in inspect.signature(constructor).parameters}


def _without_numpy(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return isinstance(value, bool | int | float | str | None)
