"""The engines there are. Add one: see ARCHITECTURE.md, "Where to add"."""

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from emolab.checked import told
from emolab.engines.backends.base import Backend
from emolab.errors import RunError

BACKENDS = {
    "tensorflow": "tensorflow.TensorFlow",
    "tftrt": "tftrt.TfTrt",
    "onnxruntime": "onnxruntime.OnnxRuntime",
    "openvino": "openvino.OpenVino",
    "litert": "litert.LiteRt",
}


def backend(name: str, options: Mapping[str, Any] | None = None) -> Backend:
    """Return the backend `name` with its options, such as {"providers": ["CPUExecutionProvider"]}.

    Raises:
        RunError: if there is no such backend, or it has no such option, or that has another type.
    """
    if name not in BACKENDS:
        raise RunError(f"there is no engine {name!r}; choose from {', '.join(BACKENDS)}")
    module, _, kind = BACKENDS[name].partition(".")
    try:
        made: Backend = getattr(import_module(f"emolab.engines.backends.{module}"), kind)(**(options or {}))
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
