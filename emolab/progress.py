"""Saying how far the work is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

Item = TypeVar("Item")


def track(
    chunks: Iterable[list[Item]], total: int, title: str, stream: TextIO | None = None, every: float = 10.0
) -> Iterator[Item]:
    """Yield the items of `chunks` and show how many of `total` are done, with the time left.

    Args:
        chunks: Lists of items.
        total: Items in all of them.
        title: What is being done.
        stream: Where to show it; `None` means standard error.
        every: Seconds between lines when `stream` isn't a terminal.
    """
    stream = stream or sys.stderr
    if stream.isatty():
        yield from _with_bar(chunks, total, title, stream)
    else:
        yield from _with_lines(chunks, total, title, stream, every)


def _with_bar(chunks: Iterable[list[Item]], total: int, title: str, stream: TextIO) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream)) as progress:
        task = progress.add_task(title, total=total)
        for chunk in chunks:
            yield from chunk
            progress.advance(task, len(chunk))


def _with_lines(chunks: Iterable[list[Item]], total: int, title: str, stream: TextIO, every: float) -> Iterator[Item]:
    start = shown = time.monotonic()
    done = first = 0
    for chunk in chunks:
        yield from chunk
        done += len(chunk)
        now = time.monotonic()
        if now - shown >= every:
            left = f", about {(now - start) / (done - first) * (total - done):.0f} s left" if 0 < first < done else ""
            print(f"{title}: {done} of {total}{left}", file=stream, flush=True)
            shown = now
        if not first:  # the time is counted from here: to start workers takes long, and once
            start, first = now, done
