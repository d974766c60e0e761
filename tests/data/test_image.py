import io
import os
import re
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_photographs import encoded, picture, png_header_bomb, write
from PIL import Image

from emolab.data.image import MATTE, MOST_SCANS, Limits, UnusableImageError, is_photograph, read_image, read_photograph

JPEG = encoded(picture(0, 80, 60), quality=95)
ORIENTATION_6 = (0x0112, 3, 1, 6)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"this is a letter, not a face\n" * 20, "not an image"),
        (JPEG[: len(JPEG) // 2], "damaged"),
        (JPEG[:30], "damaged|not an image"),
        (encoded(picture(0), "PNG")[:-40], "damaged"),
        (encoded(picture(0), "TIFF"), "not an image of a known format"),
        (png_header_bomb(), "too many pixels"),
        (png_header_bomb(9_000, 9_000), "too many pixels"),
    ],
    ids=["empty", "text", "truncated", "header only", "truncated png", "unknown format", "bomb", "small bomb"],
)
def test_a_file_that_cant_be_used_says_why_in_one_line(data, reason):
    with pytest.raises(UnusableImageError, match=reason) as caught:
        read_image(data)
    assert "\n" not in str(caught.value)


def test_limits_hold_exactly_at_their_edge():
    assert read_image(JPEG, Limits(pixels=80 * 60, bytes=len(JPEG))).shape == (60, 80, 3)
    with pytest.raises(UnusableImageError, match="too many pixels"):
        read_image(JPEG, Limits(pixels=80 * 60 - 1))
    with pytest.raises(UnusableImageError, match="too many bytes"):
        read_image(JPEG, Limits(bytes=len(JPEG) - 1))


def test_too_many_bytes_are_noticed_before_they_are_read(tmp_path):
    path = write(tmp_path / "sparse.jpg", b"")
    os.truncate(path, 2**40)  # a terabyte that takes no disk
    with pytest.raises(UnusableImageError, match="too many bytes"):
        read_image(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", None])
def test_a_file_too_large_to_be_opened_is_known_by_its_first_bytes(tmp_path, kind):
    path = write(tmp_path / "sparse", encoded(picture(0), kind)[:200] if kind else b"ftypisom" * 25)
    os.truncate(path, 2**40)
    assert is_photograph(path) is (kind is not None)


def test_files_that_arent_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, reason in {
        "pipe.jpg": "not a regular file",
        "absent.jpg": "no such file",
        "x" * 300: "can't be read",
    }.items():
        with pytest.raises(UnusableImageError, match=reason):
            read_image(tmp_path / name)
    with pytest.raises(UnusableImageError, match="not a regular file"):
        read_image(tmp_path)


def test_the_scans_of_a_jpeg_are_limited_and_what_follows_it_is_none():
    whole = encoded(picture(0), progressive=True)
    _, *others = (at.start() for at in re.finditer(rb"\xff\xda", whole))
    more = whole[others[-1] : -2] * (MOST_SCANS - 1 - len(others))  # the last one, which refines, again and again
    most = whole[:-2] + more
    film = b"\xff\xda\x77\x08" * 2 * MOST_SCANS  # of a phone, behind the photograph; the marker is there by chance
    assert read_image(most + whole[-2:] + film).shape == (64, 64, 3)
    with pytest.raises(UnusableImageError, match=f"too many scans: above the limit of {MOST_SCANS}"):
        read_image(most + whole[others[-1] :])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photograph_comes_upright(orientation):
    upright = picture(3, 64, 32)
    stored = _turned(upright, orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = read_photograph(encoded(stored, "PNG", exif=exif))
    assert np.array_equal(found.pixels, upright)
    assert (found.width, found.height) == (64, 32)


def _turned(upright: np.ndarray, orientation: int) -> np.ndarray:
    """How a camera stores the picture under each EXIF orientation (TIFF 6.0, tag 274)."""
    return {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]


def test_a_rotated_jpeg_comes_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = picture(3, 64, 32)
    found = read_image(encoded(np.rot90(upright, 1), exif=exif, quality=100, subsampling=0))
    assert found.shape == upright.shape
    assert abs(found.astype(int) - upright).mean() < 3


def _exif(*entries: tuple[int, int, int, int], rest: bytes = b"") -> bytes:
    """An EXIF block of ORIENTATION_6 and the entries (tag, type, count, value or offset)."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted([*entries, ORIENTATION_6]))
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries) + 1) + packed + b"\0\0\0\0" + rest


# As a camera writes it: turned, a resolution, a date, and a block of its own with the time of exposure.
CAMERAS = _exif(
    (0x011A, 5, 1, 76),
    (0x0128, 3, 1, 2),
    (0x0132, 2, 20, 84),
    (0x8769, 4, 1, 104),
    rest=struct.pack("<2xII20s", 300, 1, b"2020:01:01 12:00:00") + struct.pack("<HHHII4x", 1, 0x829A, 5, 1, 76),
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "block",
    [
        _exif((0x0132, 5, 1, 8)),
        _exif((0x8769, 4, 1, 38), rest=struct.pack("<HHHII", 1, 0x9003, 5, 1, 8)),
        _exif((0x011A, 2, 4, 0x393939)),
        _exif((0x011A, 5, 0, 0), (0x0128, 3, 1, 2)),
        _exif((0x011A, 2, 1, 0), (0x0128, 3, 1, 2)),
    ],
    ids=["a rational date", "a rational date in a sub-block", "a resolution in words", "no resolution", "an empty one"],
)
def test_a_photograph_is_turned_whatever_else_its_exif_holds(kind, block):
    upright = picture(3, 64, 32)
    found = read_image(encoded(np.rot90(upright, 1), kind, exif=block, quality=100))
    assert found.shape == upright.shape
    assert abs(found.astype(int) - upright).mean() < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("block", [b"garbage", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\5\1\x12\0"])
def test_a_photograph_whose_exif_cant_be_read_is_taken_as_it_is_stored(kind, block):
    plain = read_image(encoded(picture(3, 64, 32), kind))
    assert np.array_equal(read_image(encoded(picture(3, 64, 32), kind, exif=b"Exif\0\0" + block)), plain)


def test_cmyk_is_converted_and_not_inverted():
    buffer = io.BytesIO()
    Image.fromarray(picture(4)).convert("CMYK").save(buffer, "JPEG", quality=100)
    assert abs(read_image(buffer.getvalue()).astype(int) - picture(4)).mean() < 4


def test_16_bit_grey_keeps_its_brightness():
    grey = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = read_image(encoded(grey, "PNG"))
    assert np.array_equal(found[..., 0], (grey // 257).astype(np.uint8))
    assert found.max() == 255


def test_12_bit_grey_in_a_16_bit_file_keeps_its_brightness():
    grey = np.linspace(0, 4095, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = read_image(encoded(grey, "PNG"))
    assert np.array_equal(found[..., 0], (grey * (255 / 4095)).astype(np.uint8))
    assert found.max() == 255
    grey[0, 0] = 4096
    assert read_image(encoded(grey, "PNG")).max() == 15


def test_transparency_lies_on_grey():
    image = np.zeros((8, 8, 4), np.uint8)
    image[:, 4:] = (10, 20, 30, 255)
    found = read_image(encoded(image, "PNG"))
    assert (found[:, :4] == MATTE).all()
    assert (found[:, 4:] == (10, 20, 30)).all()


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA"])
def test_every_mode_comes_as_three_channels(mode):
    buffer = io.BytesIO()
    Image.fromarray(picture(5)).convert(mode).save(buffer, "PNG")
    found = read_image(buffer.getvalue())
    assert (found.shape, found.dtype) == ((64, 64, 3), np.uint8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_every_format_is_read(kind):
    assert abs(read_image(encoded(picture(6), kind)).astype(int) - picture(6)).mean() < 12


def test_shrinking_while_decoding_keeps_twice_the_wanted_pixels_and_the_true_size():
    found = read_photograph(encoded(picture(7, 1600, 1200)), at_least=48)
    assert found.pixels.shape == (150, 200, 3)
    assert (found.width, found.height) == (1600, 1200)
    assert read_photograph(encoded(picture(7, 1600, 1200)), at_least=800).pixels.shape == (1200, 1600, 3)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "BMP", "GIF"]), st.data())
def test_no_damage_escapes_as_another_error(kind, data):
    whole = encoded(picture(8, 24, 24), kind, exif=CAMERAS)
    damaged = _damaged(whole, data)[: data.draw(st.integers(0, len(whole)))]
    with suppress(UnusableImageError):  # any other error fails the test
        found = read_image(damaged, Limits(pixels=1_000_000))
        assert found.dtype == np.uint8
        assert found.ndim == 3


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_no_damage_of_its_exif_costs_a_photograph(kind, data):
    stored = picture(8, 24, 16)
    block = b"Exif\0\0" + _damaged(CAMERAS[6:], data)
    found = read_image(encoded(stored, kind, exif=block, quality=100, subsampling=0))
    assert any(_is_close(found, _turned(stored, orientation)) for orientation in range(1, 9))


def _damaged(whole: bytes, data) -> bytes:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 12))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    return bytes(damaged)


def _is_close(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and abs(one.astype(int) - other).mean() < 20  # a wrong turn: 60
