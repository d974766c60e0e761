"""Photographs of files into probabilities, many at a time."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from emolab.data.crop import crop_and_resize
from emolab.data.image import Limits, UnreadableImageError, UnusableImageError, read_image
from emolab.data.names import as_text
from emolab.errors import DataError
from emolab.processor import usable_cores
from emolab.progress import track
from realtime.frame import Classifier

AHEAD = 2  # batches that are read while one is classified


@dataclass(frozen=True)
class Predicted:
    """What was predicted.

    Attributes:
        probabilities: float64 (N, C), the mean over recognisers and mirror images; rows of unusable files are 0.
        unreadable: row -> reason.
    """

    probabilities: np.ndarray
    unreadable: dict[int, str]


@dataclass(frozen=True)
class _Batch:
    images: dict[int, np.ndarray]  # size -> uint8 (n, size, size, 3)
    reasons: list[str]  # of each file: empty where it could be read


def predict(
    files: Sequence[Path],
    recognisers: Sequence[Classifier],
    batch_size: int = 256,
    flip: bool = False,
    limits: Limits | None = None,
    workers: int | None = None,
    stream: TextIO | None = None,
) -> Predicted:
    """Return the probabilities of each file; every photograph goes the way that it goes in `prepare`.

    Args:
        files: of photographs.
        recognisers: of the same classes; their probabilities are averaged.
        batch_size: photographs at a time.
        flip: whether each is averaged with its mirror image.
        limits: what a file may cost.
        workers: threads that read; None: one a core.
        stream: where progress goes; None: standard error.

    Raises:
        DataError: if a file can't be read now and may be another time, when it would get a class of its own.
    """
    sizes = sorted({recogniser.image_size for recogniser in recognisers})
    batches = [files[start : start + batch_size] for start in range(0, len(files), batch_size)]
    with ThreadPoolExecutor(workers or usable_cores()) as pool:
        read = _read_ahead(batches, sizes, limits or Limits(), pool)
        chunks = (list(zip(_mean(batch, recognisers, flip), batch.reasons, strict=True)) for batch in read)
        rows = list(track(chunks, len(files), "predicting", stream))
    unreadable = {number: reason for number, (_, reason) in enumerate(rows) if reason}
    return Predicted(np.array([row for row, _ in rows]), unreadable)


def _read_ahead(
    batches: Sequence[Sequence[Path]], sizes: Sequence[int], limits: Limits, pool: ThreadPoolExecutor
) -> Iterator[_Batch]:
    waiting: deque[list[Future[tuple[list[np.ndarray], str]]]] = deque()
    for batch in batches:
        waiting.append([pool.submit(_read, path, sizes, limits) for path in batch])
        if len(waiting) > AHEAD:
            yield _gathered(waiting.popleft(), sizes)
    while waiting:
        yield _gathered(waiting.popleft(), sizes)


def _gathered(futures: Sequence["Future[tuple[list[np.ndarray], str]]"], sizes: Sequence[int]) -> _Batch:
    done = [future.result() for future in futures]
    images = {size: np.stack([squares[place] for squares, _ in done]) for place, size in enumerate(sizes)}
    return _Batch(images, [reason for _, reason in done])


def _read(path: Path, sizes: Sequence[int], limits: Limits) -> tuple[list[np.ndarray], str]:
    try:
        # Anew for each size: how a JPEG is decoded depends on it, and must be as it was for training.
        return [crop_and_resize(read_image(path, limits, at_least=size), None, size) for size in sizes], ""
    except UnreadableImageError as error:
        told = as_text(str(path))
        raise DataError(f"{told}: {error}. Give the same command again when it can be read") from error
    except UnusableImageError as error:
        return [np.zeros((size, size, 3), np.uint8) for size in sizes], str(error)


def _mean(batch: _Batch, recognisers: Sequence[Classifier], flip: bool) -> np.ndarray:
    seen = []
    for recogniser in recognisers:
        images = batch.images[recogniser.image_size]
        seen.append(recogniser(images))
        if flip:
            seen.append(recogniser(np.ascontiguousarray(images[:, :, ::-1])))
    mean = np.asarray(np.mean(seen, axis=0, dtype=np.float64))
    mean[[bool(reason) for reason in batch.reasons]] = 0.0
    return mean
