"""Which images are the same photograph: exact and near duplicates, as clusters."""

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from emolab.data.hashing import grey
from emolab.partitions import components

DUPLICATES_VERSION = 2  # raise it when other images count as duplicates
MANY = 100_000  # hashes above which three bands must agree instead of two: more keys, but far smaller groups
REACH = 64  # neighbours compared within a group: bounds the work where thousands share their bands
# Of two normalised grey images. Among the pairs of FER2013 that differ in up to 12 bits, those looked at
# were the same photograph from 0.9 on (cropped, shifted, watermarked); below, faces of two people mix in.
CORRELATION = 0.9
# Faces are nearly symmetrical: of mirrored pairs those below 0.95 were two people's, but for a few.
MIRRORED_CORRELATION = 0.95
SMALL = 24  # side of those grey images in pixels
PAIRS_AT_ONCE = 512

_PAIRS, _NIBBLES = np.uint64(0x5555_5555_5555_5555), np.uint64(0x3333_3333_3333_3333)
_BYTES, _ONES = np.uint64(0x0F0F_0F0F_0F0F_0F0F), np.uint64(0x0101_0101_0101_0101)


def duplicate_clusters(
    images: np.ndarray, digests: np.ndarray, hashes: np.ndarray, near_bits: int | None
) -> np.ndarray:
    """Return a cluster number for each image: int64 (N,), numbered by first appearance.

    Images with the same digest are one cluster. Those whose hashes differ in at most `near_bits` bits are
    compared on their pixels, and joined when these correlate by 0.9 or more; where one is mirrored, by 0.95 or more.
    Joining is transitive.

    Args:
        images: uint8 RGB (N, H, W, 3), possibly memory-mapped.
        digests: Digest of each image's pixels, (N,).
        hashes: Perceptual hashes of each image and of its mirror image, uint64 (N, 2); 0 marks a flat image, which has
            no near duplicates.
        near_bits: Largest Hamming distance, 0 to 16; `None` joins exact duplicates only.
    """
    _, first, group = np.unique(digests, return_index=True, return_inverse=True)
    if near_bits is not None and len(first) > 1:
        hashed = np.flatnonzero(hashes[first, 0])
        own, both = hashes[first[hashed], 0], hashes[first[hashed]].T.ravel()
        upright = hashed[near_pairs(own, near_bits)]
        mirrored = hashed[_crossing(near_pairs(both, near_bits), len(own))]
        links = [
            pairs[look_alike(images, first[pairs], turned)] for pairs, turned in ((upright, False), (mirrored, True))
        ]
        group = components(len(first), np.concatenate(links))[group]
    return pd.factorize(group)[0]


def near_pairs(hashes: np.ndarray, bits: int) -> np.ndarray:
    """Return the pairs (int64 (M, 2), in each the lower first) of hashes that differ in at most `bits` bits.

    Cut into `bits` + 2 bands, two such hashes agree in at least two of them (or `bits` + 3 and three, for
    many hashes), so only hashes that share those bands are compared: close to N log N, never N squared. Where
    more than 64 hashes share them, each is compared with the next 64 in the order of their values.
    """
    agreeing = 3 if len(hashes) > MANY else 2
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    found = np.empty(0, np.int64)
    for mask in _band_masks(bits + agreeing, agreeing):
        found = np.union1d(found, _pairs_that_share(mask, ranked, bits))
    return np.sort(order[np.stack(np.divmod(found, max(1, len(hashes))), axis=1)], axis=1)


def hamming(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return in how many bits uint64 values differ: uint8, same shape."""
    return _bits_set(first ^ second)


def _bits_set(bits: np.ndarray) -> np.ndarray:
    # Sums of neighbouring bits, then pairs, then nibbles (Warren, "Hacker's Delight", 5-1); NumPy 1 can't count.
    bits = bits - ((bits >> np.uint64(1)) & _PAIRS)
    bits = (bits & _NIBBLES) + ((bits >> np.uint64(2)) & _NIBBLES)
    bits = (bits + (bits >> np.uint64(4))) & _BYTES
    return ((bits * _ONES) >> np.uint64(56)).astype(np.uint8)


def _crossing(pairs: np.ndarray, count: int) -> np.ndarray:
    """Of pairs of `count` hashes and as many mirrored ones behind them, those of an image and another's mirror image.

    Returns:
        Pairs of images: int64 (M, 2).
    """
    one, other = pairs.T
    crossing = (one < count) & (other >= count) & (one != other - count)
    return np.stack([one[crossing], other[crossing] - count], axis=1)


def look_alike(images: np.ndarray, pairs: np.ndarray, mirrored: bool) -> np.ndarray:
    """Return for each pair of rows of `images` whether it is one photograph.

    Its grey pixels correlate by 0.9 or more; with the second image `mirrored`, by 0.95 or more.
    """
    least, step = (MIRRORED_CORRELATION, -1) if mirrored else (CORRELATION, 1)
    rows, place = np.unique(pairs, return_inverse=True)
    small, place = _shrunk(images, rows), place.reshape(pairs.shape)
    alike = np.empty(len(pairs), bool)
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        one, other = place[start : start + PAIRS_AT_ONCE].T
        alike[start : start + PAIRS_AT_ONCE] = _correlation(small[one], small[other][:, :, ::step]) >= least
    return alike


def _shrunk(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return these images small and grey, uint8 (M, SMALL, SMALL): a million are 0.6 GB, as float32 they'd be 2.3."""
    small = np.empty((len(rows), SMALL, SMALL), np.uint8)
    for start in range(0, len(rows), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        small[part] = grey(images[rows[part]], SMALL)
    return small


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.einsum("np,np->n", _normalised(first), _normalised(second))


def _normalised(small: np.ndarray) -> np.ndarray:
    flat = small.reshape(len(small), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def _band_masks(bands: int, agreeing: int) -> Iterator[np.uint64]:
    edges = np.linspace(0, 64, bands + 1).astype(int)
    masks = [sum(1 << bit for bit in range(low, high)) for low, high in pairwise(edges)]
    for chosen in combinations(masks, agreeing):
        yield np.uint64(sum(chosen))


def _pairs_that_share(mask: np.uint64, ranked: np.ndarray, bits: int) -> np.ndarray:
    """Return the pairs of places in the `ranked` hashes as single numbers, low * N + high: int64 (M,)."""
    # NumPy sorts 16 bits by counting, many times as fast as 64. Hashes that share the bits keep their order.
    quarters = (ranked & mask).view(np.uint16).reshape(-1, 4).T
    order = np.lexsort(np.ascontiguousarray(quarters))
    grouped = ranked[order]
    found = [np.empty(0, np.int64)]
    at = np.arange(len(ranked))
    for ahead in range(1, REACH + 1):
        at = at[: np.searchsorted(at, len(ranked) - ahead)]
        differing = grouped[at] ^ grouped[at + ahead]
        shared = differing & mask == 0
        at, differing = at[shared], differing[shared]
        if not len(at):
            break
        near = at[_bits_set(differing) <= bits]
        found.append(order[near] * len(ranked) + order[near + ahead])
    return np.concatenate(found)
