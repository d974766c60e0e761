"""The engines there are. Add one: see ARCHITECTURE.md, "Where to add"."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from emolab.checked import told
from emolab.engines.backends.base import Backend
from emolab.engines.backends.litert import LiteRt
from emolab.engines.backends.onnxruntime import OnnxRuntime
from emolab.engines.backends.openvino import OpenVino
from emolab.engines.backends.tensorflow import TensorFlow
from emolab.engines.backends.tftrt import TfTrt
from emolab.errors import RunError

BACKENDS: dict[str, type[Backend]] = {kind.name: kind for kind in (TensorFlow, TfTrt, OnnxRuntime, OpenVino, LiteRt)}


def backend(name: str, options: Mapping[str, Any] | None = None) -> Backend:
    """Return the backend `name` with its options, such as {"providers": ["CPUExecutionProvider"]}.

    Raises:
        RunError: if there is no such backend, or it has no such option, or that has another type.
    """
    if name not in BACKENDS:
        raise RunError(f"there is no engine {name!r}; choose from {', '.join(BACKENDS)}")
    try:
        made = BACKENDS[name](**(options or {}))
        _check_types(made)
    except TypeError as error:
        raise RunError(f"the engine {name} can't be made with {dict(options or {})}: {error}") from error
    return made


def _check_types(made: Backend) -> None:
    """Refuse an option of another type than the backend says: it may come from a stranger's `engine.json`."""
    types = get_type_hints(type(made))
    for option in fields(made):
        try:
            TypeAdapter(types[option.name]).validate_python(getattr(made, option.name), strict=True)
        except ValidationError as error:
            raise TypeError(told(error, option.name)) from None
