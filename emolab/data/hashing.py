"""Digests of prepared images: exact, and perceptual for near duplicates."""

import hashlib

import cv2
import numpy as np
from scipy.fft import dct

SIDE = 32  # pixels of the grey image that is transformed
LOW = 8  # the LOW x LOW lowest frequencies give 64 bits
FLAT = 2.0  # standard deviation of grey values (0 to 255) below which an image has no features to hash

_MIRROR = np.where(np.arange(LOW) % 2, -1, 1).astype(np.float32)  # odd frequencies of a mirror image change sign
_BASIS = dct(np.eye(SIDE), axis=0, norm="ortho")[:LOW].astype(np.float32)


def pixel_digest(image: np.ndarray) -> str:
    """Return the SHA-256 of an image's bytes as 64 hexadecimal digits."""
    return hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()


def grey(images: np.ndarray, side: int) -> np.ndarray:
    """Return uint8 RGB images (N, H, W, 3) as float32 grey (N, side, side), 0 to 255."""
    small = np.empty((len(images), side, side), np.float32)
    for row, image in enumerate(images):
        method = cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_LINEAR
        small[row] = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (side, side), interpolation=method)
    return small


def perceptual_hashes(images: np.ndarray) -> np.ndarray:
    """Return the 64-bit DCT hashes of each image and of its mirror image (uint64, (N, 2)); 0 for a flat image.

    The signs, against their median, of the 64 lowest frequencies of the cosine transform of the grey image at
    32x32, the mean brightness left out (Zauner 2010, "Implementation and benchmarking of perceptual image
    hash functions", section 3.2.1). Scaling, brightness, contrast and JPEG change few of the bits.

    Args:
        images: uint8 RGB (N, H, W, 3).
    """
    small = grey(images, SIDE)
    low = _BASIS @ small @ _BASIS.T
    both = np.stack([low, low * _MIRROR], axis=1).reshape(len(small), 2, LOW * LOW)
    bits = both > np.median(both[..., 1:], axis=-1, keepdims=True)
    bits[..., 0] = False
    bits[small.std(axis=(1, 2)) < FLAT] = False
    return np.packbits(bits, axis=-1).view(">u8").astype(np.uint64)[..., 0]
