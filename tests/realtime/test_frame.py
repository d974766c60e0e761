import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_ins import CLASSES, Boxes, Brightness, plain

from emolab.data.crop import crop_and_resize, square_box
from realtime.boxes import FaceBox
from realtime.frame import STAGES, FrameStep, StepSettings, face_images

LEFT, RIGHT = FaceBox(4, 4, 20, 20), FaceBox(36, 4, 20, 20)


def test_all_faces_of_a_frame_are_classified_in_one_batch_and_come_from_left_to_right() -> None:
    classify = Brightness()
    frame = plain(20)
    frame[:, 32:] = 240
    faces = FrameStep(Boxes(RIGHT, LEFT), classify)(frame, 0.0).faces
    assert classify.batches == [2]
    assert [(face.label, face.box.left) for face in faces] == [("dark", 4), ("light", 36)]
    assert faces[0].confidence == pytest.approx(0.8)


def test_a_frame_without_faces_costs_no_classification_and_times_every_stage() -> None:
    classify = Brightness()
    ticks = iter(range(10))
    result = FrameStep(Boxes(), classify, timer=lambda: float(next(ticks)))(plain(20), 0.0)
    assert result.faces == []
    assert classify.batches == []
    assert result.seconds == dict.fromkeys(STAGES, 1.0)


def test_the_network_sees_what_the_crop_of_training_gives_in_rgb() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    box = FaceBox(10, 12, 20, 30)
    (image,) = face_images(frame, [box], Boxes(crop_scale=1.2), 24)
    expected = crop_and_resize(np.ascontiguousarray(frame[:, :, ::-1]), square_box(*box, scale=1.2), 24)
    np.testing.assert_array_equal(image, expected)


def test_the_same_frames_at_another_rate_end_with_the_same_probabilities() -> None:
    def ending(times: list[float]) -> np.ndarray:
        step = FrameStep(Boxes(LEFT), Brightness(), StepSettings(time_constant=0.5))
        step(plain(20), 0.0)
        return [step(plain(240), at).faces[0].probabilities for at in times][-1]

    fast, slow = ending([number / 60 for number in range(1, 61)]), ending([0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(fast, slow, atol=1e-5)
    assert 0.1 < ending([0.25])[0] < 0.8  # neither the old nor the new alone


def test_a_face_keeps_its_identity_and_a_moment_of_something_else_changes_no_label() -> None:
    detector = Boxes(LEFT)
    step = FrameStep(detector, Brightness(), StepSettings(time_constant=0.4))
    first = step(plain(20), 0.0).faces[0]
    detector.boxes = [LEFT._replace(left=8)]
    flash = step(plain(240), 0.04).faces[0]
    later = [step(plain(240), 0.04 + number / 10).faces[0] for number in range(1, 15)][-1]
    assert (first.label, flash.label, later.label) == ("dark", "dark", "light")
    assert first.id == flash.id == later.id


def test_each_photograph_is_searched_and_named_by_itself() -> None:
    detector = Boxes(LEFT)
    step = FrameStep(detector, Brightness(), StepSettings(time_constant=10, detect_every=10))
    (first,) = step(plain(20), 0.0, "a.png").faces
    detector.boxes = [LEFT._replace(left=8)]
    (second,) = step(plain(240), 0.1, "b.png").faces
    assert (first.label, second.label) == ("dark", "light")
    assert second.confidence == pytest.approx(0.8)
    assert (second.box.left, second.id) == (8, 2)


@pytest.mark.parametrize(("file", "max_faces", "found"), [("", None, 8), ("a.png", None, 70), ("a.png", 3, 3)])
def test_of_a_photograph_every_face_is_named_and_of_a_live_frame_the_largest(
    file: str, max_faces: int | None, found: int
) -> None:
    boxes = [FaceBox(place, 4, 10 + place, 10 + place) for place in np.arange(70) / 4]
    classify = Brightness()
    faces = FrameStep(Boxes(*boxes), classify, StepSettings(max_faces=max_faces))(plain(20), 0.0, file).faces
    assert len(faces) == found
    assert [face.box for face in faces] == boxes[-found:]
    assert max(classify.batches) <= 64  # a crowd doesn't cost more memory


def test_what_is_too_little_sure_has_no_label() -> None:
    (face,) = FrameStep(Boxes(LEFT), Brightness(), StepSettings(threshold=0.9))(plain(20), 0.0).faces
    assert (face.label, face.name) == (None, "not sure")
    assert face.confidence == pytest.approx(0.8)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-200, 200), st.floats(-200, 200), st.floats(0, 300), st.floats(0, 300)), max_size=12),
    st.floats(0.3, 3),
)
def test_no_box_that_a_detector_may_give_breaks_the_step(boxes: list[tuple[float, ...]], scale: float) -> None:
    step = FrameStep(Boxes(*(FaceBox(*box) for box in boxes), crop_scale=scale), Brightness())
    faces = step(plain(20), 0.0).faces
    assert len(faces) <= 8
    assert all(face.label in (*CLASSES, None) for face in faces)


def test_faces_are_searched_again_after_a_while_and_at_once_in_a_frame_of_another_size() -> None:
    detector = Boxes(LEFT)
    step = FrameStep(detector, Brightness(), StepSettings(detect_every=0.05))
    step(plain(20), 1.0)
    detector.boxes = [RIGHT]
    assert [face.box for face in step(plain(20), 1.033).faces] == [LEFT]
    assert [face.box for face in step(plain(20), 1.067).faces] == [RIGHT]
    detector.boxes = [LEFT]
    assert [face.box for face in step(plain(20, height=50), 1.08).faces] == [LEFT]
    detector.boxes = []
    assert step(plain(20, height=50), 0.0).faces == []  # a video that begins again
