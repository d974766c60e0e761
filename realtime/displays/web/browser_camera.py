"""A connection that sends the frames of its browser's camera and gets their faces back."""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from emolab.data.image import Limits
from realtime.displays.web.frames import BadFrameError, faces_as_json, read_frame
from realtime.displays.web.newest import Newest
from realtime.displays.web.security import RateLimit
from realtime.displays.web.session import Session
from realtime.frame import FrameStep

ABUSE = 10  # times the rate: no screen draws so often, so that no page of ours sends it


class _RefusedError(Exception):
    """The page sent what it mustn't; its connection is closed with `code`."""

    def __init__(self, code: WSCloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class BrowserCamera:
    """Names the faces of one browser's frames.

    Args:
        socket: the connection.
        step: of this connection alone, because faces have identities.
        executor: one thread that all connections share; the recogniser is used by one at a time.
        session: notes each frame that is answered.
        limits: of a frame.
        rate: frames a second that are answered. Of more, the newest is; `ABUSE` times as many end the connection.
        clock: gives seconds that never go back.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        step: FrameStep,
        executor: Executor,
        session: Session,
        limits: Limits,
        rate: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._socket = socket
        self._step = step
        self._executor = executor
        self._session = session
        self._limits = limits
        self._seconds = 1.0 / rate
        self._abuse = RateLimit(ABUSE * rate)
        self._clock = clock
        self._newest: Newest[tuple[bytes, float]] = Newest()

    async def run(self) -> None:
        """Answer frames until the connection ends, which a bad frame or a fault of ours makes it do."""
        tasks = [asyncio.create_task(work) for work in (self._receive_all(), self._answer_all())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except _RefusedError as refused:
            refusal = refused
        else:
            return
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # No answer may be on its way by now: one that can't be sent any more would cut off the page's goodbye.
        await self._socket.close(code=refusal.code, message=str(refusal).encode()[:120])

    async def _receive_all(self) -> None:
        async for message in self._socket:
            now = self._clock()
            if message.type is not WSMsgType.BINARY:
                raise _RefusedError(WSCloseCode.UNSUPPORTED_DATA, "expected frames as binary messages")
            if not self._abuse.allows(now):
                raise _RefusedError(WSCloseCode.POLICY_VIOLATION, "too many frames a second")
            self._newest.put((message.data, now))

    async def _answer_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message, at = await self._newest.take()
            began = self._clock()
            try:
                answer, seconds = await loop.run_in_executor(self._executor, self._answer, message, at)
            except BadFrameError as error:
                raise _RefusedError(WSCloseCode.UNSUPPORTED_DATA, str(error)) from error
            await self._socket.send_str(json.dumps(answer))
            self._session.add(seconds)
            await asyncio.sleep(began + self._seconds - self._clock())  # meanwhile a newer frame replaces an older one

    def _answer(self, message: bytes, at: float) -> tuple[dict[str, Any], dict[str, float]]:
        """Name the faces of a frame; return the answer, and the seconds of each stage."""
        began = time.perf_counter()
        number, image = read_frame(message, self._limits)
        decoded = time.perf_counter() - began
        result = self._step(image, at)
        height, width = image.shape[:2]
        seconds = {"decode": decoded, **result.seconds}
        answer = {
            "frame": number,
            "faces": faces_as_json(result.faces, width, height),
            "milliseconds": round(sum(seconds.values()) * 1e3, 2),
            "dropped": self._newest.replaced,
        }
        return answer, seconds
