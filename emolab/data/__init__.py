"""Photographs -> prepared arrays -> batches.

Names load when they are asked for: the viewer needs the crop and mustn't wait for pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emolab.data.build import prepare
    from emolab.data.crop import CROP_VERSION, SquareBox, crop_and_resize, square_box
    from emolab.data.datamodule import DataModule
    from emolab.data.image import Limits, UnusableImageError, read_image
    from emolab.data.options import Options
    from emolab.data.prepared import PreparedData
    from emolab.data.stream import Stream

__all__ = [
    "CROP_VERSION",
    "DataModule",
    "Limits",
    "Options",
    "PreparedData",
    "SquareBox",
    "Stream",
    "UnusableImageError",
    "crop_and_resize",
    "prepare",
    "read_image",
    "square_box",
]

_HOME = {
    "Options": "options",
    "prepare": "build",
    "CROP_VERSION": "crop",
    "SquareBox": "crop",
    "crop_and_resize": "crop",
    "square_box": "crop",
    "DataModule": "datamodule",
    "Limits": "image",
    "UnusableImageError": "image",
    "read_image": "image",
    "PreparedData": "prepared",
    "Stream": "stream",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
