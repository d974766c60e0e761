"""The engines there are. Add one: see ARCHITECTURE.md, "Where to add"."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from emolab.checked import told
from emolab.config.suggest import listed
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
    text = json.dumps(dict(options or {}))  # strict, pydantic makes a dataclass of nothing else
    try:
        return TypeAdapter(BACKENDS[name]).validate_json(text)
    except ValidationError as error:
        has = listed(field.name for field in fields(BACKENDS[name]))
        raise RunError(f"the engine {name} can't be made with {text}: {told(error)}. It takes: {has}") from None
