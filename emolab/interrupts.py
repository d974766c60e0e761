"""Ctrl-C held back: from processes that their starter alone ends, and from what has to be finished."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker

from emolab.unread import STDERR, leave_terminal

HANG_UP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # its terminal was closed; Windows has no such


def end_signals() -> list[signal.Signals]:
    """Return what asks a program to end besides Ctrl-C: SIGTERM, and a hang-up unless `nohup` began it."""
    if HANG_UP is None or signal.getsignal(HANG_UP) is signal.SIG_IGN:
        return [signal.SIGTERM]
    return [signal.SIGTERM, HANG_UP]


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back, which reaches every process of a terminal; one that is started here never hears it.

    It inherits the mask; did it ignore Ctrl-C by itself, it would hear it while it starts. The handler is for this
    process, whose other threads hear Ctrl-C all the same: a start that is cut off in here is a traceback in there.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it comes with the first process, and where it starts, it lifts every mask
    held: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if held:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def interrupted_once() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C raise KeyboardInterrupt at most once in here, so that it can't cut off what it set about itself.

    Yields what is to be called when there's something to finish that even a first one mustn't cut off. One that comes
    after either is answered with a sentence, and the next ends the process at once: whatever hangs can be ended.
    What else ends in KeyboardInterrupt, as SIGTERM does in the viewer, counts as Ctrl-C; but a hang-up, which the shell
    and the kernel each send, never ends the process at once.
    """
    is_held = False

    def hold() -> None:
        nonlocal is_held
        is_held = True

    def hear(number: int, _: object) -> None:
        if number == HANG_UP:
            leave_terminal()
        if not is_held:
            hold()
            raise KeyboardInterrupt
        if number == HANG_UP:
            return
        for each in {*heard} - {HANG_UP}:
            signal.signal(each, signal.SIG_DFL)
        with suppress(OSError):  # nobody reads it any more
            os.write(STDERR, b"ending; press Ctrl-C again to end at once: what isn't finished by then is lost\n")

    heard = [number for number in (signal.SIGINT, *end_signals()) if _raises(number)]
    for number in heard:
        signal.signal(number, hear)
    try:
        yield hold
    finally:
        for number in heard:
            signal.signal(number, signal.default_int_handler)


def _raises(number: signal.Signals) -> bool:
    """Whether the signal raises KeyboardInterrupt, and this thread may decide what it does."""
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(number) is signal.default_int_handler
