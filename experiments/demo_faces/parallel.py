"""Work on every core, one process each, with progress; Ctrl-C ends it at once.

New processes have a second use: Mitsuba crashes in one that has loaded TensorFlow, so only these ever load it.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from emolab.interrupts import interrupts_held
from emolab.processor import usable_cores
from emolab.progress import track

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Job], Result], jobs: Sequence[Job], title: str) -> Iterator[Result]:
    """Yield `work(job)` for each of `jobs`, in order, and show how many are done and the time left.

    Args:
        work: a function of a module, so that a new process can find it.
        jobs: what it gets.
        title: what is being done.
    """
    context = multiprocessing.get_context("spawn")
    with interrupts_held():
        pool = context.Pool(min(usable_cores(), max(1, len(jobs))))
    with pool:
        yield from track(([result] for result in pool.imap(work, jobs)), len(jobs), title)
