"""This machine's source on the page: read while somebody looks, and given free when nobody does."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

from aiohttp import WSCloseCode, WSMsgType, web

from realtime.capture import Capture
from realtime.displays.web.frames import as_jpeg, faces_as_json, with_picture
from realtime.displays.web.newest import Newest
from realtime.displays.web.session import Session
from realtime.frame import FrameStep
from realtime.hung import HungThreads
from realtime.sources.source import Frame, Source, SourceError

PATIENCE = 0.2  # seconds that a frame is waited for before what is wrong is told


class ServerSource:
    """Reads the source once for all who look at it.

    Args:
        make_source: gives the source, not yet opened.
        make_step: gives a frame step.
        executor: one thread that all connections share.
        session: notes each frame, once for all who look.
        hung: gets the threads that hang; too many keep the source from being read, whoever comes.
    """

    def __init__(
        self,
        make_source: Callable[[], Source],
        make_step: Callable[[], FrameStep],
        executor: Executor,
        session: Session,
        hung: HungThreads,
    ) -> None:
        self._make_source = make_source
        self._make_step = make_step
        self._executor = executor
        self._session = session
        self._hung = hung
        self._lookers: list[Newest[bytes]] = []
        self._reading: asyncio.Task[None] | None = None

    async def show(self, socket: web.WebSocketResponse) -> None:
        """Send frames with their faces to one connection, each when the one before has arrived ("next")."""
        newest: Newest[bytes] = Newest()
        self._lookers.append(newest)
        try:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read())
            reading = self._reading
            await socket.send_bytes(await self._next_of(newest, reading))
            async for message in socket:
                if message.type is not WSMsgType.TEXT or message.data != "next":
                    await socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b'expected "next"')
                    return
                await socket.send_bytes(await self._next_of(newest, reading))
        finally:
            self._lookers.remove(newest)

    async def close(self) -> None:
        """Stop reading, and wait for that: a frame must not be sent to an executor that has ended."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        """Read until nobody looks; a source that ended or can't be read is said again and again."""
        step = self._make_step()
        while self._lookers:  # again, if somebody came while the source was being closed
            await self._read_while_seen(step)

    async def _read_while_seen(self, step: FrameStep) -> None:
        loop = asyncio.get_running_loop()
        capture = Capture(self._make_source, hung=self._hung)
        capture.start()
        try:
            while self._lookers:
                frame, problem = await asyncio.to_thread(_next, capture)
                work = partial(_message, frame, step, problem, capture.counts.dropped)
                message, seconds = await loop.run_in_executor(self._executor, work)
                for looker in self._lookers:
                    looker.put(message)
                if seconds is not None:
                    self._session.add(seconds)
        finally:
            await asyncio.to_thread(capture.close)  # which waits for a driver that hangs, as no connection must

    async def _next_of(self, newest: Newest[bytes], reading: asyncio.Task[None]) -> bytes:
        """Wait for a message; raise what ended the reading, if that comes first."""
        taking = asyncio.ensure_future(newest.take())
        try:
            await asyncio.wait([taking, reading], return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                reading.result()
            return await taking
        finally:
            taking.cancel()


def _next(capture: Capture) -> tuple[Frame | None, str | None]:
    try:
        frame = capture.next(PATIENCE)
    except SourceError as error:
        time.sleep(PATIENCE)
        return None, str(error)
    if frame is None and capture.ended:
        time.sleep(PATIENCE)
        return None, f"{capture.source.description} has ended"
    return frame, capture.problem


def _message(
    frame: Frame | None, step: FrameStep, problem: str | None, dropped: int
) -> tuple[bytes, dict[str, float] | None]:
    """Return what is sent, and the seconds of each stage, None where there's no frame."""
    facts = {"frame": None, "faces": None, "milliseconds": None, "dropped": dropped, "problem": problem}
    if frame is None:  # the page keeps its picture
        return with_picture(facts, b""), None
    result = step(frame.image, frame.at, frame.file)
    began = time.perf_counter()
    jpeg = as_jpeg(frame.image)
    seconds = {**result.seconds, "encode": time.perf_counter() - began}
    height, width = frame.image.shape[:2]
    seen = {
        "frame": frame.number,
        "faces": faces_as_json(result.faces, width, height),
        "milliseconds": round(sum(seconds.values()) * 1e3, 2),
    }
    return with_picture({**facts, **seen}, jpeg), seconds
