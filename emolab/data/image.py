"""Opening one photograph safely: limits before decoding, upright, RGB, or a one-line reason why not."""

import io
import re
import stat
import struct
import warnings
import zlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from emolab.errors import first_line

READING_VERSION = 3  # raise it when other photographs can be used, or their pixels come otherwise
# Only what photographs come in: every further decoder is code that runs on a stranger's bytes.
# Naming the plug-ins loads them, which Image.open doesn't when it's told the formats. JPEG includes MPO.
PLUGINS = (JpegImageFile, PngImageFile, WebPImageFile, BmpImageFile, GifImageFile)
FORMATS = tuple(str(plugin.format) for plugin in PLUGINS)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
JPEG = b"\xff\xd8\xff"  # how one begins
# How a scan of a JPEG begins: its marker, the length of its header, and how many components it has, which belong
# together (ITU T.81, B.2.3). The marker alone stands by chance in what follows a photograph, such as a phone's film.
_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
# What Pillow raises on damaged files, as its plug-ins do (PNG answers a broken chunk with SyntaxError).
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
)
ORIENTATION = 0x0112  # EXIF's tag (TIFF 6.0, tag 274)
# By orientation, what turns the stored pixels upright; 1, and whatever else stands there, is upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SHORTEST_SIDE = 8  # pixels; below, there is no face to see
MOST_SCANS = 100  # of a JPEG; progressive ones have about 10. Each goes through all pixels, and takes a few bytes
MATTE = (127, 127, 127)  # behind transparent pixels: mid-grey, the mean of no class


class UnusableImageError(Exception):
    """A photograph that can't be used; the message is one line for the quarantine table."""


class UnreadableImageError(UnusableImageError):
    """A photograph that can't be read now and may be another time: a drive, rights or memory are in the way."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single file may cost.

    Attributes:
        pixels: Largest width times height, read from the header before anything is decoded.
        bytes: Largest size of the file.
    """

    pixels: int = 64_000_000
    bytes: int = 64 * 2**20


class Photograph(NamedTuple):
    """A decoded photograph.

    Attributes:
        pixels: uint8 RGB (H, W, 3), upright; smaller than the file's size where decoding could shrink it.
        width: Width in the file in pixels, upright.
        height: Height in the file in pixels, upright.
    """

    pixels: np.ndarray
    width: int
    height: int


def read_image(source: Path | bytes, limits: Limits | None = None, at_least: int | None = None) -> np.ndarray:
    """Return the photograph as uint8 RGB (H, W, 3), upright.

    Of 16-bit pixels the upper 8 bits count; grey ones that stay below 4096 throughout are taken for 12-bit ones.

    Args:
        source: A file, or its bytes.
        limits: What the file may cost; `None` means the defaults of `Limits`.
        at_least: Pixels that the shorter side must keep. JPEG then decodes at 1/2, 1/4 or 1/8 where that
            leaves at least twice as many, which is many times faster for large photographs.

    Raises:
        UnusableImageError: with a one-line reason; an `UnreadableImageError` where it isn't the photograph's fault.
    """
    return read_photograph(source, limits, at_least).pixels


def read_photograph(source: Path | bytes, limits: Limits | None = None, at_least: int | None = None) -> Photograph:
    """Return the photograph and its size in the file; arguments and errors as for `read_image`."""
    limits = limits or Limits()
    data = source if isinstance(source, bytes) else _read_bytes(source, limits)
    _check_bytes(len(data), limits)
    _check_scans(data)
    try:
        # What is damaged is told by its reason, not by warnings.
        with warnings.catch_warnings(action="ignore"), _open(io.BytesIO(data)) as image:
            _check_size(image.width, image.height, limits)
            return _decode(image, at_least)
    except Image.UnidentifiedImageError as error:
        raise UnusableImageError(f"not an image of a known format ({', '.join(FORMATS)})") from error
    except Image.DecompressionBombError as error:
        raise UnusableImageError(f"too many pixels: above the limit of {limits.pixels}") from error
    except MemoryError as error:
        raise UnreadableImageError("too large for this machine's memory") from error
    except DAMAGE as error:
        raise UnusableImageError(f"damaged: {first_line(error)}") from error


def is_photograph(path: Path) -> bool:
    """Whether a file begins as a photograph does; what may be one and can't be read now passes for one."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return False
        with warnings.catch_warnings(action="ignore"), path.open("rb") as file:
            if found.st_size > Limits().bytes:
                return _is_claimed(file.read(16))
            with _open(file):
                return True
    except (Image.UnidentifiedImageError, Image.DecompressionBombError, FileNotFoundError):
        return False
    except DAMAGE as error:
        return isinstance(error, OSError)


def _is_claimed(first: bytes) -> bool:
    """Whether a format takes a file of these first bytes for its own; opening it may read it whole, as WebP does."""
    accepting = (Image.OPEN[name][1] for name in FORMATS)
    return any(accept is not None and bool(accept(first)) for accept in accepting)


def _read_bytes(path: Path, limits: Limits) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe or device could hang the reader for ever
            raise UnusableImageError("not a regular file")
        _check_bytes(found.st_size, limits)
        return path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(why_unreadable(error)) from error


def why_unreadable(error: OSError) -> str:
    """Return in a few words why a file can't be read."""
    return "no such file" if isinstance(error, FileNotFoundError) else f"can't be read: {error.strerror}"


def _check_bytes(count: int, limits: Limits) -> None:
    if count == 0:
        raise UnusableImageError("empty file")
    if count > limits.bytes:
        raise UnusableImageError(f"too many bytes: above the limit of {limits.bytes}")


def _check_scans(data: bytes) -> None:
    begun = islice(_SCAN.finditer(data), MOST_SCANS + 1) if data.startswith(JPEG) else ()
    if sum(1 for _ in begun) > MOST_SCANS:
        raise UnusableImageError(f"too many scans: above the limit of {MOST_SCANS}")


def _check_size(width: int, height: int, limits: Limits) -> None:
    if min(width, height) < SHORTEST_SIDE:
        raise UnusableImageError(f"too small: a side of less than {SHORTEST_SIDE} pixels")
    if width * height > limits.pixels:
        raise UnusableImageError(f"too many pixels: above the limit of {limits.pixels}")


class _Jpeg(JpegImageFile):
    """A JPEG of which Pillow doesn't seek the resolution in EXIF: an odd block there makes it refuse the picture."""

    def _read_dpi_from_exif(self) -> None:
        """Nothing here asks for it."""


def _open(file: BinaryIO) -> Image.Image:
    is_jpeg = file.read(len(JPEG)) == JPEG
    file.seek(0)
    return _Jpeg(file) if is_jpeg else Image.open(file, formats=FORMATS)


def _decode(image: Image.Image, at_least: int | None) -> Photograph:
    width, height = image.size
    if at_least is not None:
        # Twice the pixels, so that the area average after it, and not the decoder's filter, sets the look.
        image.draft(None, (2 * at_least, 2 * at_least))
    image.load()
    orientation = _orientation(image)
    if orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[orientation])
    pixels = np.ascontiguousarray(_to_rgb(image))
    return Photograph(pixels, *((height, width) if orientation in (5, 6, 7, 8) else (width, height)))


def _orientation(image: Image.Image) -> Any:
    """Return EXIF's orientation, 1 where it can't be read; the rest of the block may be as odd as it likes.

    `ImageOps.exif_transpose` isn't used: it encodes the whole block anew, and many a camera's can't be.
    """
    try:
        return image.getexif().get(ORIENTATION, 1)
    except (*DAMAGE, ArithmeticError, AttributeError):
        return 1


def _to_rgb(image: Image.Image) -> np.ndarray:
    if image.mode == "RGB":
        return np.asarray(image)
    if image.mode.startswith("I"):
        return _from_16_bit(np.asarray(image))
    if image.mode == "F":
        raise UnusableImageError("floating-point pixels can't be converted")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        flat = Image.new("RGB", image.size, MATTE)
        flat.paste(rgba, mask=rgba.getchannel("A"))
        return np.asarray(flat)
    return np.asarray(image.convert("RGB"))


def _from_16_bit(grey: np.ndarray) -> np.ndarray:
    """Return 16-bit grey as uint8 RGB; where no value reaches 4096, it's taken for 12-bit grey."""
    darkest, brightest = int(grey.min()), int(grey.max())
    if darkest < 0 or brightest > 65535:
        raise UnusableImageError("pixels of more than 16 bits can't be converted")
    white = 4095 if brightest < 4096 else 65535
    return np.repeat((grey.astype(np.int32) * 255 // white).astype(np.uint8)[:, :, None], 3, axis=2)
