import numpy as np
import pytest

from emolab.config.command import check_command, composed
from realtime.detectors.full_frame import FullFrame
from realtime.viewer import step_maker


class SixtyPercent:
    """A recogniser that is happy about every face, with a probability of 0.6."""

    classes = ("happy", "sad")
    image_size = 16

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return np.tile(np.array([0.6, 0.4], np.float32), (len(images), 1))


@pytest.mark.parametrize(
    ("settings", "uncertain_below", "label"),
    [
        ([], None, "happy"),
        ([], 0.7, None),
        (["smoothing.threshold=0.5"], 0.7, "happy"),
        (["smoothing.threshold=0.65"], None, None),
        (["smoothing.threshold=0"], 0.7, "happy"),  # below the hysteresis
    ],
)
def test_the_runs_own_threshold_decides_unless_the_user_sets_one(
    settings: list[str], uncertain_below: float | None, label: str | None
) -> None:
    check_command("viewer", settings)
    cfg = composed("viewer", settings)
    step = step_maker(cfg, FullFrame(), SixtyPercent(), uncertain_below)()
    (face,) = step(np.zeros((64, 64, 3), np.uint8), at=0.0).faces
    assert face.label == label
