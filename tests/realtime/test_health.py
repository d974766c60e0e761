import numpy as np
from stand_ins import noisy, plain

from realtime.health import FaultLimits, Health, Pauses

LIMITS = FaultLimits(frozen=2.0, black=1.0, slow=8.0)


def _observed(images: list[np.ndarray], every: float, live: bool = True) -> Health:
    health = Health(live, LIMITS)
    for number, image in enumerate(images):
        health.observe(image, number * every)
    return health


def test_good_frames_give_no_warning() -> None:
    health = _observed([noisy(seed) for seed in range(60)], 1 / 30)
    assert health.warning() is None
    assert not health.is_frozen()


def test_the_same_live_frame_for_two_seconds_is_frozen_and_a_file_never_is() -> None:
    still = [noisy(0)] * 21
    assert _observed(still, 0.1).is_frozen()
    assert not _observed(still[:20], 0.1).is_frozen()
    assert not _observed(still, 0.1, live=False).is_frozen()


def test_black_for_a_second_is_said_and_a_dark_room_isnt_black() -> None:
    dark = [noisy(seed, value=25) for seed in range(20)]
    assert "black" in str(_observed([plain(3)] * 20, 0.1).warning())
    assert _observed(dark, 0.1).warning() is None


def test_a_file_that_is_black_or_slow_is_as_it_was_made() -> None:
    assert _observed([plain(3)] * 20, 0.1, live=False).warning() is None
    assert _observed([noisy(seed) for seed in range(20)], 0.25, live=False).warning() is None


def test_a_slow_camera_is_named_with_its_rate() -> None:
    assert "4.0 frames a second" in str(_observed([noisy(seed) for seed in range(20)], 0.25).warning())


def test_pauses_double_up_to_the_longest_and_begin_again_after_success() -> None:
    pauses = Pauses(0.5, 3.0)
    assert [pauses.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    pauses.reset()
    assert pauses.next() == 0.5
