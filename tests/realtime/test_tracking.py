import pytest

from realtime.boxes import FaceBox, overlap
from realtime.tracking import Tracker

A, B = FaceBox(0, 0, 40, 40), FaceBox(100, 0, 40, 40)


def _ids(tracker: Tracker, boxes: list[FaceBox], at: float) -> list[int]:
    return [track.id for track in tracker.update(boxes, at)]


def test_overlap_of_the_same_of_apart_and_of_half() -> None:
    assert overlap(A, A) == 1
    assert overlap(A, B) == 0
    assert overlap(A, A._replace(left=20)) == pytest.approx(1 / 3)


def test_two_faces_keep_their_identities_whatever_order_they_come_in() -> None:
    tracker = Tracker()
    assert _ids(tracker, [A, B], 0.0) == [1, 2]
    assert _ids(tracker, [B._replace(left=104), A._replace(left=6)], 0.1) == [2, 1]


def test_two_faces_that_come_near_each_other_take_the_greatest_overlap() -> None:
    tracker = Tracker()
    tracker.update([FaceBox(0, 0, 40, 40), FaceBox(30, 0, 40, 40)], 0.0)
    assert _ids(tracker, [FaceBox(26, 0, 40, 40), FaceBox(4, 0, 40, 40)], 0.1) == [2, 1]


def test_a_face_that_was_hidden_for_a_moment_is_the_same_and_after_long_a_new_one() -> None:
    tracker = Tracker(forget_after=1.0)
    tracker.update([A], 0.0)
    tracker.update([], 0.5)
    assert _ids(tracker, [A], 0.9) == [1]
    tracker.update([], 1.5)
    assert _ids(tracker, [A], 2.5) == [2]


def test_a_video_that_begins_again_begins_with_new_faces() -> None:
    tracker = Tracker()
    tracker.update([A], 60.0)
    assert _ids(tracker, [A], 0.0) == [2]
