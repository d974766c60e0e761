import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_photographs import picture

from emolab.data.crop import SquareBox, centred_square, crop_and_resize, square_box


def test_a_square_of_the_right_size_comes_back_byte_for_byte():
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    result = crop_and_resize(image, None, 48)
    assert np.array_equal(result, image)
    result[:] = 0
    assert image.any()  # not a view


def test_without_a_box_the_centred_square_is_taken():
    image = np.zeros((10, 30, 3), np.uint8)
    image[:, 10:20] = 200
    assert (crop_and_resize(image, None, 10) == 200).all()


def test_shrinking_averages_every_pixel():
    image = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(255)  # a chequerboard that sampling would alias
    result = crop_and_resize(np.repeat(image[:, :, None].astype(np.uint8), 3, axis=2), None, 16)
    assert (abs(result.astype(int) - 127) <= 1).all()


def test_a_box_over_the_edge_repeats_the_edge():
    image = picture(1, 20, 20)
    result = crop_and_resize(image, SquareBox(-5, 3, 10), 10)
    assert np.array_equal(result[:, 5:], image[3:13, :5])
    assert np.array_equal(result[:, 0], image[3:13, 0])


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(-60, 60), st.integers(-60, 60), st.integers(1, 80),
    st.integers(1, 64),
)  # fmt: skip
def test_any_box_that_touches_the_picture_gives_the_asked_size(width, height, left, top, side, size):
    image = np.full((height, width, 3), 77, np.uint8)
    if left < width and top < height and left + side > 0 and top + side > 0:
        result = crop_and_resize(image, SquareBox(left, top, side), size)
        assert result.shape == (size, size, 3)
        assert (result == 77).all()
    else:
        with pytest.raises(ValueError, match="outside the picture"):
            crop_and_resize(image, SquareBox(left, top, side), size)


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(1, 1e4), st.floats(1, 1e4), st.floats(0.5, 3))
def test_the_square_box_shares_the_centre_of_the_face(left, top, width, height, scale):
    box = square_box(left, top, width, height, scale)
    assert abs(box.side - max(width, height) * scale) <= 0.51
    assert abs(box.left + box.side / 2 - (left + width / 2)) <= 0.51
    assert abs(box.top + box.side / 2 - (top + height / 2)) <= 0.51


def test_the_centred_square_is_the_largest_one():
    assert centred_square(30, 11) == SquareBox(9, 0, 11)
    assert centred_square(11, 30) == SquareBox(0, 9, 11)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_other_arrays_are_refused(image):
    with pytest.raises(ValueError, match="expected a uint8 image"):
        crop_and_resize(image, None, 8)


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (0, 0, 5, -1), (0, 0, float("nan"), 5)])
def test_a_face_box_without_extent_is_refused(box):
    with pytest.raises(ValueError, match="above 0"):
        square_box(*box)
