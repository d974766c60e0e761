"""The best detector that loads here."""

from typing import Any

from emolab.errors import ConfigError
from realtime.detectors.haar import Haar
from realtime.detectors.yunet import YuNet
from realtime.frame import Detector


def best_detector(**yunet: Any) -> Detector:
    """Return YuNet, or Haar where YuNet can't be had, and say which and why.

    Args:
        **yunet: arguments of `YuNet`.

    Raises:
        ConfigError: if neither loads.
    """
    try:
        detector: Detector = YuNet(**yunet)
    except ConfigError as error:
        detector = Haar()
        print(f"detector: haar, which finds fewer faces than yunet; {error}")
    else:
        print("detector: yunet, the best that there is")
    return detector
