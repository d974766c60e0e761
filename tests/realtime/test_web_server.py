"""What the page's server lets in, through real sockets."""

import asyncio
import gc
import html
import io
import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest
from PIL import Image
from stand_ins import CLASSES, Brightness, Unsure, plain
from waiting import wait_for

from benchmarks.live.served import served
from emolab.notices import EXPRESSION, LAW, NOTICE
from realtime.capture import Capture
from realtime.detectors.full_frame import FullFrame
from realtime.displays.display import DisplayError
from realtime.displays.web import server, server_source
from realtime.displays.web.options import Web
from realtime.displays.web.security import (
    HEADERS,
    RateLimit,
    cookie_name,
    host_is_known,
    origin_is_ours,
    token_is_right,
)
from realtime.displays.web.server import invitation, serve
from realtime.frame import STAGES, FrameStep, StepSettings
from realtime.hung import HungThreads
from realtime.loop import Stop
from realtime.sources.source import Frame
from realtime.sources.synthetic import Synthetic
from realtime.timings import WHOLE


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    options = Web(port=0, connections=2, message_bytes=100_000, frame_pixels=200_000, rate=20)
    with served(options, Brightness(), FullFrame(), settings=StepSettings(forget_after=60.0)) as address:
        yield address


def jpeg(image: np.ndarray, number: int = 1) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG")
    return number.to_bytes(4, "big") + buffer.getvalue()


def talk(
    address: str,
    action: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[Any]],
    autoclose: bool = True,
    **headers: str,
) -> Any:
    """Open a WebSocket as the page would, read the greeting, and do something."""

    async def run() -> Any:
        origin = {"Origin": address.rstrip("/"), **headers}
        url = f"{address}live/browser"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, headers=origin, autoclose=autoclose) as socket,
        ):
            assert json.loads((await socket.receive(timeout=60)).data)["classes"] == list(CLASSES)
            return await action(socket)

    return asyncio.run(run())


def get(address: str, **headers: str) -> tuple[int, dict[str, str], str]:
    async def run() -> tuple[int, dict[str, str], str]:
        jar = aiohttp.CookieJar(unsafe=True)  # which keeps cookies of addresses without a name, too
        async with aiohttp.ClientSession(cookie_jar=jar) as session, session.get(address, headers=headers) as answer:
            return answer.status, dict(answer.headers), await answer.text()

    return asyncio.run(run())


async def _closing(socket: aiohttp.ClientWebSocketResponse, *messages: bytes | str) -> int | None:
    async def heard() -> int | None:
        while not socket.closed:
            message = await socket.receive(timeout=60)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data  # of the server's goodbye; ours may come too late for a busy machine
        return socket.close_code

    hearing = asyncio.create_task(heard())
    with suppress(aiohttp.ClientConnectionResetError):  # the server may have closed before the last is sent
        for message in messages:
            await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
            await asyncio.sleep(0)
    return await hearing


def test_frames_come_back_with_their_numbers_and_faces(page: str) -> None:
    async def action(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
        answers = []
        for number, value in ((7, 20), (8, 20)):
            await socket.send_bytes(jpeg(plain(value), number))
            answers.append(json.loads((await socket.receive(timeout=60)).data))
        return answers

    first, second = talk(page, action)
    assert (first["frame"], second["frame"]) == (7, 8)
    assert first["faces"][0]["label"] == "dark"
    assert first["faces"][0]["box"] == [0.125, 0.0, 0.75, 1.0]
    assert first["faces"][0]["id"] == second["faces"][0]["id"]
    assert len(first["faces"][0]["probabilities"]) == 3


def test_the_newest_of_many_frames_wins(page: str) -> None:
    async def action(socket: aiohttp.ClientWebSocketResponse) -> list[int]:
        for number in range(1, 16):
            await socket.send_bytes(jpeg(np.zeros((300, 400, 3), np.uint8), number))
        seen = []
        while not seen or seen[-1] < 15:
            seen.append(json.loads((await socket.receive(timeout=60)).data)["frame"])
        return seen

    seen = talk(page, action)
    assert seen == sorted(seen)
    assert seen[-1] == 15
    assert len(seen) < 15


def test_a_page_that_sends_too_often_is_answered_less_often_and_stays(page: str) -> None:
    async def action(socket: aiohttp.ClientWebSocketResponse) -> tuple[int, int]:
        for number in range(1, 61):  # three times the rate
            await socket.send_bytes(jpeg(plain(20), number))
        answers = 1
        while (answer := json.loads((await socket.receive(timeout=60)).data))["frame"] < 60:
            answers += 1
        return answers, answer["dropped"]

    answers, dropped = talk(page, action)
    assert answers + dropped == 60
    assert dropped > 0


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["hello"], 1003),
        ([b"\0\0\0\1no picture"], 1003),
        ([b""], 1003),
        ([jpeg(plain(9))[:60]], 1003),
        ([jpeg(np.zeros((600, 600, 3), np.uint8))], 1003),
        ([b"\0" * 200_000], 1009),
    ],
    ids=["text", "no JPEG", "empty", "half a JPEG", "too many pixels", "too many bytes"],
)
def test_a_bad_frame_closes_its_connection_and_nothing_else(page: str, messages: list[bytes | str], code: int) -> None:
    assert talk(page, lambda socket: _closing(socket, *messages)) == code

    async def fine(socket: aiohttp.ClientWebSocketResponse) -> str:
        await socket.send_bytes(jpeg(plain(20)))
        return (await socket.receive(timeout=60)).data

    assert "dark" in talk(page, fine)


def test_a_page_that_floods_the_server_loses_its_connection() -> None:
    with served(Web(port=0, rate=1), Brightness(), FullFrame()) as address:  # a slow machine sends ten a second, too
        assert talk(address, lambda socket: _closing(socket, *[jpeg(plain(9))] * 200)) == 1008


class Waiting(Brightness):
    """A recogniser that answers when it's told to."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        assert self.told.wait(10)
        return super().__call__(images)


def test_an_answer_that_comes_after_the_refusal_does_not_cut_off_the_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GOODBYE", 60.0)
    recogniser = Waiting()

    async def action(socket: aiohttp.ClientWebSocketResponse) -> int:
        for _ in range(20):
            await socket.send_bytes(jpeg(plain(9)))
        refusal = await socket.receive(timeout=60)
        recogniser.told.set()
        await asyncio.sleep(0.3)
        await socket.send_bytes(b"still there")  # which the server, waiting for the goodbye, hears
        return refusal.data

    with served(Web(port=0, rate=1), recogniser, FullFrame()) as address:
        assert talk(address, action, autoclose=False) == 1008


def test_connections_are_counted_and_one_too_many_is_told_why(page: str) -> None:
    async def third(_: aiohttp.ClientWebSocketResponse) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session:
            headers = {"Origin": page.rstrip("/")}
            async with session.ws_connect(f"{page}live/browser", headers=headers):
                refused = await session.ws_connect(f"{page}live/browser", headers=headers)
                goodbye = await refused.receive(timeout=60)
                return goodbye.data, goodbye.extra

    assert talk(page, third) == (1013, "all connections are in use")  # no 503: a page couldn't see its text


def test_what_asks_for_no_websocket_where_there_is_one_is_told_so(page: str) -> None:
    status, _, text = get(f"{page}live/source", Origin=page.rstrip("/"))
    assert status == 400
    assert "WebSocket" in text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
def test_a_foreign_page_gets_no_connection(page: str, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        talk(page, lambda socket: socket.receive(), Origin=origin)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost:99999", "localhost:abc", "localhost:80?x", "127.0.0.1:8:8"]
)
def test_a_foreign_name_gets_nothing(page: str, host: str) -> None:
    status, headers, _ = get(page, Host=host)
    assert status == 421
    assert headers.items() >= HEADERS.items()


def test_the_page_takes_nothing_from_elsewhere_and_no_other_page_frames_it(page: str) -> None:
    status, headers, text = get(page)
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "http://" not in text
    assert "https://" not in text


@pytest.mark.parametrize("path", ["", "index.html"])
def test_the_page_says_what_it_cant_do_and_what_the_law_says_before_anything_runs(page: str, path: str) -> None:
    text = html.unescape(get(f"{page}{path}")[2])
    for said in (NOTICE, EXPRESSION, LAW):
        assert said in text


@pytest.mark.parametrize("path", ["../server.py", "page/index.html", "..%2fserver.py", "style.css/"])
def test_only_the_pages_files_are_served(page: str, path: str) -> None:
    assert get(f"{page}{path}")[0] == 404


def test_another_address_than_this_machines_needs_the_token_which_no_log_shows(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)  # as Hydra sets it
    options = Web(host="0.0.0.0", port=0)
    assert options.token is not None
    with served(options, Brightness(), FullFrame()) as address:
        base, _, token = address.replace("0.0.0.0", "127.0.0.1").partition("?token=")
        assert get(base)[0] == 403
        assert get(f"{base}?token={token}x")[0] == 403
        assert get(f"{base}style.css")[0] == 403
        status, _, text = get(f"{base}?token={token}")  # the redirect keeps the cookie
        assert status == 200
        assert token not in text
        with pytest.raises(aiohttp.WSServerHandshakeError):
            talk(base, lambda socket: socket.receive())
        assert talk(base, lambda socket: socket.close(), Cookie=f"{cookie_name(urlsplit(base).port)}={token}")
        with socket.create_connection(("127.0.0.1", urlsplit(base).port)) as raw:  # as no browser would send it
            name = cookie_name(urlsplit(base).port).encode()
            raw.sendall(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nCookie: " + name + b"=\xe9\xff\r\n\r\n")
            assert b" 403 " in raw.recv(4096).splitlines()[0]
    assert token not in caplog.text


def test_a_broken_origin_is_refused(page: str) -> None:
    assert get(f"{page}live/source", Origin="http://[bad")[0] == 403


def test_a_page_behind_another_name_needs_the_token_too() -> None:
    assert Web(names=["lab.example.org"]).token is not None
    assert [Web(host=host).token for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost")] == [None] * 4


def test_the_name_that_the_page_is_served_under_is_known() -> None:
    options = Web(host="Lab.example.org")
    assert host_is_known("lab.example.org:8770", options.names)
    assert options.token is not None


class Failing(Brightness):
    """A recogniser that is broken."""

    def __call__(self, images: np.ndarray) -> np.ndarray:
        raise RuntimeError("broken")


def test_a_fault_in_the_step_ends_the_connection_so_that_nobody_waits() -> None:
    with served(Web(port=0), Failing(), FullFrame()) as address:
        assert talk(address, lambda socket: _closing(socket, jpeg(plain(9)))) == 1011
        assert asyncio.run(_looked(address, 1)) == [1011]


def test_a_face_that_no_class_is_sure_of_has_no_label() -> None:
    async def action(socket: aiohttp.ClientWebSocketResponse) -> Any:
        await socket.send_bytes(jpeg(plain(20)))
        return json.loads((await socket.receive(timeout=60)).data)["faces"][0]["label"]

    with served(Web(port=0), Unsure(), FullFrame()) as address:
        assert talk(address, action) is None


class SlowlyClosing(Synthetic):
    """A source that takes its time to be given free, as webcams do."""

    def close(self) -> None:
        time.sleep(0.5)
        super().close()


def test_who_comes_while_the_source_is_being_closed_gets_frames() -> None:
    with served(Web(port=0), Brightness(), FullFrame(), SlowlyClosing) as address:
        assert asyncio.run(_looked(address, 3)) == ["frame"] * 3


def test_no_connection_waits_for_a_source_that_is_being_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []

    class Watched(Capture):
        def close(self, timeout: float = 1.0) -> bool:
            waited.append(asyncio._get_running_loop() is not None)  # on the thread of all connections
            return super().close(timeout)

    monkeypatch.setattr(server_source, "Capture", Watched)
    with served(Web(port=0), Brightness(), FullFrame()) as address:
        asyncio.run(_looked(address, 1))
        wait_for(lambda: waited)
    assert not any(waited)


async def _looked(address: str, times: int) -> list[str | int | None]:
    """Look at the server's source, and leave, several times in a row; what came first each time."""
    seen: list[str | int | None] = []
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            async with session.ws_connect(f"{address}live/source", headers={"Origin": address.rstrip("/")}) as socket:
                await socket.receive(timeout=60)  # the greeting
                first = await socket.receive(timeout=60)
                seen.append("frame" if first.type is aiohttp.WSMsgType.BINARY else socket.close_code)
    return seen


def test_the_server_ends_quietly_while_somebody_looks_at_its_source(caplog: pytest.LogCaptureFixture) -> None:
    async def run(address: str, ending: ExitStack) -> int | None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{address}live/source", headers={"Origin": address.rstrip("/")}) as socket,
        ):
            for _ in range(3):
                await socket.receive(timeout=60)
                await socket.send_str("next")
            leaving = asyncio.create_task(asyncio.to_thread(ending.close))
            while not socket.closed:
                await socket.receive(timeout=60)
                with suppress(ConnectionError):
                    await socket.send_str("next")
            await leaving
            return socket.close_code

    with ExitStack() as ending:
        address = ending.enter_context(served(Web(port=0), Brightness(), FullFrame()))
        assert asyncio.run(run(address, ending)) == 1001
    gc.collect()  # asyncio tells of an error that nobody asked for when its task goes
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_the_time_of_a_frame_of_the_servers_source_holds_the_making_of_its_picture() -> None:
    step = FrameStep(FullFrame(), Brightness(), timer=lambda: 0.0)  # by whose clock a frame takes no time
    message, seconds = server_source._message(Frame(plain(20, 720, 1280), 0.0, 0), step, None, 0)
    length = int.from_bytes(message[:4], "big")
    assert json.loads(message[4 : 4 + length])["milliseconds"] > 0
    assert seconds is not None
    assert seconds["encode"] == sum(seconds.values()) > 0


async def _connected(session: aiohttp.ClientSession, origin: str, mode: str) -> aiohttp.ClientWebSocketResponse:
    for _ in range(2000):
        with suppress(aiohttp.ClientConnectorError):
            return await session.ws_connect(f"{origin}/live/{mode}", headers={"Origin": origin})
        await asyncio.sleep(0.01)
    raise TimeoutError(f"there was no server at {origin} within twenty seconds")


async def _look(port: int, mode: str, most: int) -> None:
    """Open the page's connection as soon as there's a server, and take frames until it ends, or `most` are seen."""
    async with aiohttp.ClientSession() as session:
        socket = await _connected(session, f"http://127.0.0.1:{port}", mode)
        await socket.receive(timeout=60)
        for number in range(most):
            with suppress(ConnectionError):  # the server may have ended meanwhile
                await (socket.send_str("next") if mode == "source" else socket.send_bytes(jpeg(plain(20), number)))
            if (await socket.receive(timeout=60)).type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                return
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("mode", "stage", "frames", "most"),
    [("browser", "decode", 3, 99), ("source", "encode", 3, 99), ("source", "encode", None, 9)],
)
def test_the_server_ends_after_so_many_frames_or_with_ctrl_c_and_tells_how_long_each_stage_took(
    mode: str, stage: str, frames: int | None, most: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    step = lambda: FrameStep(FullFrame(), Brightness())  # noqa: E731
    with ThreadPoolExecutor(1) as other:
        looking = other.submit(lambda: asyncio.run(_look(port, mode, most)))
        summary = serve(Web(port=port), Synthetic, step, 33.0, NOTICE, Stop(frames, seconds=300), HungThreads())
        looking.result()
    assert summary.seconds < 300  # its frames or Ctrl-C have ended it, not its seconds
    assert 3 <= summary.timings.frames < 50  # by Ctrl-C alone the first two would have 99
    assert summary.timings.percentiles().keys() == {*STAGES, stage, WHOLE}
    assert not summary.interrupted  # it's the usual end
    assert "frames in" in summary.text()


def test_the_server_tells_that_its_source_hangs_as_it_ends() -> None:
    let_go = threading.Event()

    class Hanging(Synthetic):
        def read(self) -> tuple[np.ndarray, float]:
            let_go.wait(30)
            return super().read()

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    step = lambda: FrameStep(FullFrame(), Brightness())  # noqa: E731
    with ThreadPoolExecutor(1) as other:
        looking = other.submit(lambda: asyncio.run(_look(port, "source", 1)))
        summary = serve(Web(port=port), Hanging, step, 33.0, NOTICE, Stop(seconds=30), HungThreads())
        looking.result()
    assert not summary.ended
    let_go.set()


def test_the_server_ends_after_so_many_seconds_though_nobody_looks() -> None:
    step = lambda: FrameStep(FullFrame(), Brightness())  # noqa: E731
    summary = serve(Web(port=0), Synthetic, step, 33.0, NOTICE, Stop(seconds=0.1), HungThreads())
    assert summary.text().startswith("0 frames in ")
    assert summary.ended


def test_the_servers_source_comes_with_its_faces_and_only_when_asked(page: str) -> None:
    async def run() -> list[bytes]:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{page}live/source", headers={"Origin": page.rstrip("/")}) as socket,
        ):
            greeting = json.loads((await socket.receive(timeout=60)).data)
            assert (greeting["source"], greeting["mirror"]) == ("synthetic frames", False)
            messages = []
            while len(messages) < 3:
                messages.append((await socket.receive(timeout=60)).data)
                await socket.send_str("next")
            return messages

    for message in asyncio.run(run()):
        length = int.from_bytes(message[:4], "big")
        facts = json.loads(message[4 : 4 + length])
        if facts["frame"] is not None:
            assert len(facts["faces"]) == 1
            assert Image.open(io.BytesIO(message[4 + length :])).size == (640, 480)
    assert facts["frame"] is not None


@pytest.mark.parametrize(
    ("host", "opened", "elsewhere"),
    [
        ("127.0.0.1", "http://127.0.0.1:8770/?token=", ""),
        ("0.0.0.0", "http://0.0.0.0:8770/?token=", "in the place of 0.0.0.0"),
        ("::", "http://[::]:8770/?token=", "in the place of [::]"),
        ("lab.example", "http://lab.example:8770/?token=", ""),
    ],
)
def test_an_address_that_leads_nowhere_from_elsewhere_is_printed_with_what_does(
    host: str, opened: str, elsewhere: str
) -> None:
    told = invitation(Web(host=host, token="0123456789abcdef"), 8770)
    assert told.startswith(f"open {opened}0123456789abcdef ")
    assert told.endswith(elsewhere or "(Ctrl-C ends it)")


def test_a_port_in_use_and_a_host_of_another_machine_are_refused_as_the_display_is_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DisplayError, match=rf"display\.port={port}: .*in use; .* a port that is free"):
            Web(port=port).open()
    Web(port=port).open()  # and leaves it free
    socket.create_server(("127.0.0.1", port)).close()
    for host in ("192.0.2.1", "a..b"):  # of the documentation's network; no name at all
        with pytest.raises(DisplayError, match=rf"display\.host={host} .*: \w.*; take a host of this machine's"):
            Web(host=host, port=0).open()


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8770", True),
        ("localhost", True),
        ("[::1]:8770", True),
        ("lab.example:8770", True),
        ("LAB.example", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("localhost:8770/evil.example", False),
        ("[::1", False),
        ("", False),
        (None, False),
    ],
)
def test_which_names_are_known(host: str | None, known: bool) -> None:
    assert host_is_known(host, {"lab.example"}) is known


def test_origins_and_tokens_are_compared_whole() -> None:
    assert origin_is_ours("http://127.0.0.1:8770", "127.0.0.1:8770")
    assert not origin_is_ours("http://127.0.0.1:8770.evil.example", "127.0.0.1:8770")
    assert not origin_is_ours(None, "127.0.0.1:8770")
    assert token_is_right(None, None)
    assert not token_is_right(None, "right")
    assert not token_is_right("rightly", "right")


def test_the_rate_is_counted_over_a_second() -> None:
    limit = RateLimit(3)
    assert [limit.allows(at) for at in (0.0, 0.1, 0.2, 0.3)] == [True, True, True, False]
    assert limit.allows(2.0)
