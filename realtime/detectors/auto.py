"""The best detector that loads here."""

from typing import Any

from emolab.errors import ConfigError
from realtime.detectors.haar import Haar
from realtime.detectors.yunet import YuNet
from realtime.frame import Detector

SHARED = ("longer_side", "crop_scale")  # what means the same to both


def best_detector(**yunet: Any) -> Detector:
    """Return YuNet, or Haar where YuNet can't be had, and say which and why.

    Args:
        **yunet: arguments of `YuNet`; Haar takes those that it has, too.

    Raises:
        ConfigError: if a file was named that can't be used, or neither loads.
    """
    try:
        detector: Detector = YuNet(**yunet)
    except ConfigError as error:
        if yunet.get("path"):
            raise
        detector = Haar(**{name: yunet[name] for name in SHARED if name in yunet})
        print(f"detector: haar, which finds fewer faces than yunet; {error}")
    else:
        print("detector: yunet, the best that there is")
    return detector
