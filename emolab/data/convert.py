"""Records into rows of `images.npy`, in this process or in many."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emolab.data.crop import crop_and_resize
from emolab.data.hashing import perceptual_hashes, pixel_digest
from emolab.data.image import Limits, Photograph, UnreadableImageError, UnusableImageError, read_photograph
from emolab.data.records import Record
from emolab.interrupts import interrupts_held

CHUNK = 32  # photographs a worker takes at once: small enough to share the large ones out evenly
# How a worker ends that is killed from outside, as by the kernel when memory runs out; no decoder ends one so.
_KILLED = frozenset({-signal.SIGKILL, -signal.SIGTERM})


class Outcome(NamedTuple):
    """What became of one record: its size in the file, digests, perceptual hashes, and the reason if it can't be used.

    `passing` is a reason that may not be there another time.
    """

    width: int = 0
    height: int = 0
    sha256: str = ""
    phash: int = 0
    mirrored_phash: int = 0
    reason: str = ""
    passing: bool = False


class _DeathError(Exception):
    """A worker of a pool ended before its work; with the exit codes of all its workers, as far as they're known."""

    def __init__(self, exit_codes: Set[int | None]) -> None:
        super().__init__(exit_codes)
        self.exit_codes = exit_codes


@dataclass(frozen=True, slots=True)
class Task:
    """Records that go to the rows `first`, `first` + 1, ... of the array in `images`."""

    records: Sequence[Record]
    first: int
    images: Path
    limits: Limits


def convert(records: Sequence[Record], images: Path, limits: Limits, workers: int) -> Iterator[list[Outcome]]:
    """Fill the rows of `images` and yield the outcomes chunk by chunk, in the order of the records.

    Args:
        records: One a row of the array.
        images: An existing uint8 array (N, S, S, 3) in NumPy's format; rows of unusable records stay zero.
        limits: What a file may cost.
        workers: Processes; 1 means this one.
    """
    firsts = range(0, len(records), CHUNK)
    tasks = [Task(records[first : first + CHUNK], first, images, limits) for first in firsts]
    yield from map(convert_chunk, tasks) if workers == 1 else _in_processes(tasks, workers)


def convert_chunk(task: Task) -> list[Outcome]:
    """Convert the records of one task, writing the images into its array."""
    array = np.lib.format.open_memmap(task.images, mode="r+")
    rows = array[task.first : task.first + len(task.records)]
    outcomes = [_convert_one(record, rows[at], task.limits) for at, record in enumerate(task.records)]
    hashes = perceptual_hashes(rows).tolist()
    return [
        outcome if outcome.reason else outcome._replace(phash=own, mirrored_phash=mirrored)
        for outcome, (own, mirrored) in zip(outcomes, hashes, strict=True)
    ]


def _in_processes(tasks: Sequence[Task], workers: int) -> Iterator[list[Outcome]]:
    done = 0
    while done < len(tasks):
        try:
            with _pool(min(workers, len(tasks) - done), tasks[done:]) as results:
                for result in results:
                    outcomes = result.result()
                    done += 1
                    yield outcomes
        except _DeathError:  # a file brought its decoder, and with it a worker, down; or the kernel did
            yield _one_by_one(tasks[done])
            done += 1


def _one_by_one(task: Task) -> list[Outcome]:
    """Convert the records of one task in one process, in order: the first without an outcome is what ends it."""
    singles = [replace(task, records=[record], first=task.first + at) for at, record in enumerate(task.records)]
    outcomes: list[Outcome] = []
    while len(outcomes) < len(singles):
        try:
            with _pool(1, singles[len(outcomes) :]) as results:
                for result in results:
                    outcomes += result.result()
        except _DeathError as death:
            outcomes.append(_outcome_of(death))
    return outcomes


def _outcome_of(death: _DeathError) -> Outcome:
    """What became of the photograph on which the only worker of a pool died."""
    if death.exit_codes <= _KILLED:  # none is known of one that ended at its start, without a photograph
        return Outcome(reason="its reader was killed, as the system does when memory runs out", passing=True)
    return Outcome(reason="brings its decoder down")


@contextmanager
def _pool(workers: int, tasks: Sequence[Task]) -> Iterator[list[Future[list[Outcome]]]]:
    """Yield what each of `tasks` will give; left by an exception, such as Ctrl-C's, the workers end at once.

    Raises:
        _DeathError: if a worker ended by itself.
    """
    # spawn, not fork: a fork of a process that holds TensorFlow's threads can hang.
    context = multiprocessing.get_context("spawn")
    others, started = set(multiprocessing.active_children()), set[BaseProcess]()
    try:
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
            try:
                with interrupts_held():  # a pool starts its workers as it gets tasks
                    results = [pool.submit(convert_chunk, task) for task in tasks]
                    started = set(multiprocessing.active_children()) - others
                yield results
            except BaseException:  # and raised again
                for worker in set(multiprocessing.active_children()) - others:
                    worker.terminate()
                raise
    except BrokenProcessPool as error:  # the pool has waited for the end of its workers
        raise _DeathError({worker.exitcode for worker in started}) from error


def _convert_one(record: Record, row: np.ndarray, limits: Limits) -> Outcome:
    try:
        photograph = _photograph(record, limits, len(row))
    except UnusableImageError as error:
        return Outcome(reason=str(error), passing=isinstance(error, UnreadableImageError))
    row[:] = crop_and_resize(photograph.pixels, None, len(row))
    return Outcome(photograph.width, photograph.height, pixel_digest(row))


def _photograph(record: Record, limits: Limits, size: int) -> Photograph:
    if record.pixels is not None:
        pixels = record.pixels
        rgb = np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels
        return Photograph(rgb, pixels.shape[1], pixels.shape[0])
    if record.path is None:
        raise UnusableImageError("the record has neither a file nor pixels")
    return read_photograph(record.path, limits, at_least=size)


def _start_worker() -> None:
    cv2.setNumThreads(1)  # the processes already use the cores
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed can't stop its workers, and they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
