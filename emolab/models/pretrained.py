"""Where a backbone's first weights come from: ImageNet's if they can be had, a file, or chance.

`auto` never keeps anybody waiting: a whole file in Keras's cache is taken; else a download is tried, and given up
when it's slow or takes three minutes (`emolab.download`; `keras.utils.get_file` would wait for ever); else the weights
are random and a warning says so. `imagenet` waits as long as something arrives.
"""

import logging
import math
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from emolab.download import DownloadError, difference_of, fetch
from emolab.errors import ConfigError

log = logging.getLogger(__name__)

# What `model.weights` may say besides null and a path, and how many seconds a download may take then. At 450 kB/s
# VGG19's 80 MB come in 180 s; the training that waits for them may be one of 300 s.
DOWNLOAD_SECONDS = {"auto": 180.0, "imagenet": math.inf}
LEAST_RATES = {"auto": 100_000.0, "imagenet": 3_000.0}  # bytes a second below which a download is given up
WITHOUT_IMAGENET = "RANDOM WEIGHTS: ImageNet's couldn't be had, and without them {} learns slower and ends lower"
HDF5 = b"\x89HDF\r\n\x1a\n"  # how every file of weights begins
_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class PublishedFile:
    """A file of ImageNet weights without top: its address and digest as `keras.applications` pins them."""

    url: str
    digest: str | None

    @property
    def file_name(self) -> str:
        """The name under which Keras caches it."""
        return self.url.rsplit("/", 1)[-1]


IMAGENET = {
    "vgg19": PublishedFile(
        f"{_ADDRESS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "md5:253f8cb515780f3b799900260a226db6",
    ),
    "resnet50": PublishedFile(
        f"{_ADDRESS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "md5:4d473c1dd8becc155b73f8504c6f6626",
    ),
    "mobilenetv2": PublishedFile(  # Keras pins no digest for it: only how it begins is checked
        f"{_ADDRESS}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", None
    ),
}


@dataclass(frozen=True)
class FirstWeights:
    """What was asked for, and what is used: "imagenet", "random" or a path.

    `classes` are those of the run that the file comes from, where it's known.
    """

    requested: str | None
    used: str
    path: Path | None
    classes: tuple[str, ...] | None = None


def imagenet_or_file(requested: str | None, model: str) -> FirstWeights:
    """Decide on the first weights of `model`.

    Args:
        requested: "auto", "imagenet", None (random) or the path of a file; `emolab.runs.first_weights` knows runs too.
        model: name of the model, such as "vgg19".

    Raises:
        ConfigError: if "imagenet" or a file was asked for and can't be had.
    """
    if requested is None:
        return FirstWeights(None, "random", None)
    if requested not in DOWNLOAD_SECONDS:
        return FirstWeights(requested, requested, _existing(requested))
    path, reason = _imagenet(model, DOWNLOAD_SECONDS[requested], LEAST_RATES[requested])
    if path is not None:
        return FirstWeights(requested, "imagenet", path)
    if requested == "imagenet":
        raise ConfigError(f"model.weights=imagenet can't be had for {model}: {reason}. {_remedy(model)}")
    if model in IMAGENET:
        log.warning("%s (%s). %s", WITHOUT_IMAGENET.format(model), reason, _remedy(model))
    return FirstWeights(requested, "random", None)


def there(requested: str) -> Path | None:
    """Return the file or folder of this name, in which `~` is a home, or None where there is none."""
    try:
        place = Path(requested).expanduser()
        return place if place.exists() else None
    except (OSError, RuntimeError):  # a name too long for the system; the home of nobody
        return None


def cache_folder() -> Path:
    """Keras's own folder for downloaded models (`KERAS_HOME`/models, by default ~/.keras/models)."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def _existing(path: str) -> Path:
    place = there(path)
    if place is None or not place.is_file():
        raise ConfigError(
            f"model.weights={path} is not a file; expected auto, imagenet, null, a run's folder or a weights file"
        )
    return place


def _imagenet(model: str, seconds: float, least_rate: float) -> tuple[Path | None, str]:
    published = IMAGENET.get(model)
    if published is None:
        return None, "none are published"
    cached = cache_folder() / published.file_name
    if cached.is_file() and difference_of(cached, published.digest, HDF5) is None:
        return cached, ""
    state = f"{cached} is damaged" if cached.is_file() else f"not in {cache_folder()}"
    try:
        download = partial(fetch, least_rate=least_rate, show=partial(_show, model), beginning=HDF5)
        return download(published.url, cached, published.digest, seconds), ""
    except (DownloadError, OSError) as error:
        return None, f"{state}, and the download failed: {error}"


def _show(model: str, progress: str) -> None:
    print(f"downloading ImageNet weights for {model}: {progress}", flush=True)


def _remedy(model: str) -> str:
    published = IMAGENET.get(model)
    if published is None:
        return "Set model.weights=null for random weights, or give a file"
    return f"Put {published.file_name} into {cache_folder()}, or give its path as model.weights=<file>"
