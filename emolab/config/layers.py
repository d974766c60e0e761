"""Layers by name, as `conf/aug` has them; the runs and configs of before had lists."""

from typing import Any

STAGES = ("layers", "camera", "blends")  # of an augmentation, in the order in which an image meets them


def named(layers: Any) -> Any:
    """Return a list of layers as name -> layer, in the same order; what is no such list is returned as it came.

    A layer gets the name of its class, as in `conf/aug`: keras_cv.layers.RandomFlip is flip, keras.layers.MixUp is
    mixup; a second flip is flip2.

    Args:
        layers: nodes with a `_target_`, from a configuration that may have come from anywhere.
    """
    if not isinstance(layers, list):
        return layers
    found: dict[str, Any] = {}
    for layer in layers:
        if not isinstance(layer, dict) or not isinstance(layer.get("_target_"), str):
            return layers
        found[_free(_name(layer["_target_"]), found)] = layer
    return found


def _name(target: str) -> str:
    return target.rpartition(".")[2].removeprefix("Random").lower()


def _free(name: str, taken: dict[str, Any]) -> str:
    number = 1
    while (free := f"{name}{number}" if number > 1 else name) in taken:
        number += 1
    return free
