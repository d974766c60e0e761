"""The page's server in a thread."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from realtime.displays.web.options import Web
from realtime.displays.web.server import address, application, runner_of, start
from realtime.displays.web.session import Session
from realtime.frame import Detector, FrameStep, StepSettings
from realtime.hung import HungThreads
from realtime.sources.source import Source
from realtime.sources.synthetic import Synthetic


@contextmanager
def served(
    options: Web,
    classify: object,
    detector: Detector,
    source: type[Source] = Synthetic,
    settings: StepSettings | None = None,
) -> Iterator[str]:
    """Yield the address of a running server."""
    loop = asyncio.new_event_loop()
    step = lambda: FrameStep(detector, classify, settings)  # noqa: E731
    runner = runner_of(application(options, source, step, Session(33.0), HungThreads()))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(start(runner, options), loop).result(60)
        yield address(options, port)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
