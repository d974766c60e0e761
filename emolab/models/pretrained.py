"""Where a backbone's first weights come from: ImageNet's if they can be had, a file, or chance.

`auto` never keeps anybody waiting: a file in Keras's cache is taken; else a download is tried, each wait for
the server limited to seconds; else the weights are random and a warning says so. pooch downloads, because it
checks the digest, writes whole files only and limits every wait, which `keras.utils.get_file` doesn't.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from emolab.errors import ConfigError

log = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class Published:
    """A file of ImageNet weights without top: its address and MD5 as `keras.applications` pins them."""

    url: str
    md5: str | None

    @property
    def file_name(self) -> str:
        """The name under which Keras caches it."""
        return self.url.rsplit("/", 1)[-1]


IMAGENET = {
    "vgg19": Published(
        f"{_ADDRESS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "253f8cb515780f3b799900260a226db6",
    ),
    "resnet50": Published(
        f"{_ADDRESS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    "mobilenetv2": Published(  # Keras pins no digest for it
        f"{_ADDRESS}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", None
    ),
}


@dataclass(frozen=True)
class InitialWeights:
    """What was asked for, and what is used: "imagenet", "random" or a path."""

    requested: str | None
    used: str
    path: Path | None


def initial_weights(requested: str | None, model: str) -> InitialWeights:
    """Decide on the first weights of `model`.

    Args:
        requested: "auto", "imagenet", None (random) or the path of a file.
        model: name of the model, such as "vgg19".

    Raises:
        ConfigError: if "imagenet" or a file was asked for and can't be had.
    """
    if requested is None:
        return InitialWeights(None, "random", None)
    if requested not in ("auto", "imagenet"):
        return InitialWeights(requested, requested, _existing(requested))
    path, reason = _imagenet(model)
    if path is not None:
        return InitialWeights(requested, "imagenet", path)
    if requested == "imagenet":
        raise ConfigError(f"model.weights=imagenet can't be had for {model}: {reason}. {_remedy(model)}")
    if model in IMAGENET:
        log.warning(
            "RANDOM WEIGHTS: no ImageNet weights for %s (%s); it learns slower and ends lower. %s",
            model,
            reason,
            _remedy(model),
        )
    return InitialWeights(requested, "random", None)


def cache_folder() -> Path:
    """Keras's own folder for downloaded models (`KERAS_HOME`/models, by default ~/.keras/models)."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def _existing(path: str) -> Path:
    if not Path(path).is_file():
        raise ConfigError(
            f"model.weights={path} is not a file; expected auto, imagenet, null or the path of a weights file"
        )
    return Path(path)


def _imagenet(model: str) -> tuple[Path | None, str]:
    published = IMAGENET.get(model)
    if published is None:
        return None, "none are published"
    cached = cache_folder() / published.file_name
    if cached.is_file():
        return cached, ""
    return _download(published)


def _download(published: Published) -> tuple[Path | None, str]:
    import pooch  # late: it imports requests, which a run with weights at hand doesn't need
    import requests

    try:
        path = pooch.retrieve(
            published.url,
            known_hash=None if published.md5 is None else f"md5:{published.md5}",
            fname=published.file_name,
            path=cache_folder(),
            downloader=pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS), progressbar=False),
        )
    except (requests.RequestException, OSError, ValueError) as error:
        return None, f"not in {cache_folder()}, and the download failed: {_first_line(error)}"
    return Path(path), ""


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:160]


def _remedy(model: str) -> str:
    published = IMAGENET.get(model)
    if published is None:
        return "Set model.weights=null for random weights, or give a file"
    return f"Put {published.file_name} into {cache_folder()}, or give its path as model.weights=<file>"
