"""YuNet's file: the one that was named, the one in the cache, or downloaded once from its publisher."""

from pathlib import Path

from emolab.cache import YUNET
from emolab.download import DownloadError, fetch
from emolab.errors import ConfigError
from emolab.files import make_folder, sha256_of

# The publisher's digest and size stand in the repository's Git LFS pointer of this file.
ADDRESS = (
    f"https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/{Path(YUNET).name}"
)
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def yunet_file(path: Path | None, cache: Path, seconds: float, address: str = ADDRESS, sha256: str = SHA256) -> Path:
    """Return YuNet's ONNX file.

    Args:
        path: the user's own, taken as it is; None: the publisher's.
        cache: folder of downloads.
        seconds: how long a download may take in all.
        address: of the publisher's file.
        sha256: what its bytes must be.

    Raises:
        ConfigError: if the user's file isn't there or can't be looked at, or there is none in the cache and it can't be
            downloaded.
    """
    if path is not None:
        try:
            if not path.is_file():
                raise ConfigError(f"detector.path={path}: no such file")
        except OSError as error:
            raise ConfigError(f"detector.path={path} can't be read: {error.strerror}") from error
        return path
    kept = cache / YUNET
    if not kept.is_file() or sha256_of(kept) != sha256:
        _download(address, sha256, kept, seconds)
    return kept


def _download(address: str, sha256: str, target: Path, seconds: float) -> None:
    try:
        make_folder(target.parent)
        fetch(address, target, f"sha256:{sha256}", seconds)
    except (DownloadError, OSError) as error:
        raise ConfigError(
            f"YuNet's file can't be downloaded from {address}: {error}. Download it elsewhere and give it as "
            "detector.path, or take detector=haar"
        ) from error
