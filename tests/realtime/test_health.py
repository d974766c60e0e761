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


def test_a_slow_camera_is_told_in_one_sentence_until_it_is_clearly_quicker() -> None:
    health, at = Health(True, LIMITS), 0.0
    rates = [7.0, 8.5, 7.9, 8.2] * 20 + [5.0] * 20 + [20.0] * 20
    told: list[str | None] = []
    for seed, rate in enumerate(rates):
        at += 1 / rate
        health.observe(noisy(seed), at)
        told += [] if told and told[-1] == health.warning() else [health.warning()]
    assert told == [None, "the camera is slow: more light helps most webcams", None]


def test_one_late_frame_makes_no_slow_camera() -> None:
    health = Health(True, LIMITS)
    for seed, at in enumerate((0.0, 0.9, 0.93, 0.96)):
        health.observe(noisy(seed), at)
        assert health.warning() is None


def test_pauses_double_up_to_the_longest_and_begin_again_after_success() -> None:
    pauses = Pauses(0.5, 3.0)
    assert [pauses.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    pauses.reset()
    assert pauses.next() == 0.5
