"""The server of the page: aiohttp, because one package of one maintained project serves pages and WebSockets."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from string import Template

from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler, Middleware

from emolab.data.image import Limits
from emolab.notices import EXPRESSION, LAW, NOTICE
from realtime.displays.web.browser_camera import BrowserCamera
from realtime.displays.web.options import Web, is_every_address
from realtime.displays.web.security import HEADERS, cookie_name, host_is_known, origin_is_ours, token_is_right
from realtime.displays.web.server_source import ServerSource
from realtime.displays.web.session import Session
from realtime.frame import FrameStep
from realtime.hung import HungThreads
from realtime.loop import Stop, Summary
from realtime.sources.source import Source

PAGE = Path(__file__).with_name("page")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEARTBEAT = 10.0  # seconds; a connection that doesn't answer is closed
GOODBYE = 1.0  # seconds that a connection may take to answer the server's goodbye


def serve(
    options: Web,
    make_source: Callable[[], Source],
    make_step: Callable[[], FrameStep],
    budget_ms: float,
    notice: str,
    stop: Stop,
    hung: HungThreads,
) -> Summary:
    """Serve the page until Ctrl-C, which is its usual end, or until `stop` says so; return what all were shown.

    Args:
        options: of the server.
        make_source: gives this machine's source, not yet opened; called when somebody looks at it.
        make_step: gives a frame step; called for each browser's camera, and whenever the source begins to be read.
        budget_ms: milliseconds that a frame may take.
        notice: what the page says of the network at its foot.
        stop: when to stop, of the frames of all connections together.
        hung: gets the threads that hang in a driver.

    Raises:
        DisplayError: if the address can't be listened on.
    """
    session, began = Session(budget_ms, stop), time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        app = application(options, make_source, make_step, session, hung, notice)
        asyncio.run(_serve(options, app, session))
    return Summary(session.timings, None, time.monotonic() - began, ended=hung.count == 0, interrupted=False)


async def _serve(options: Web, app: web.Application, session: Session) -> None:
    runner = runner_of(app)
    try:
        port = await start(runner, options)
        print(invitation(options, port), flush=True)
        await session.over()
    finally:
        await runner.cleanup()


def runner_of(app: web.Application) -> web.AppRunner:
    """Return what runs it, without a line for each request: that would show the token."""
    return web.AppRunner(app, access_log=None, shutdown_timeout=1.0)


async def start(runner: web.AppRunner, options: Web) -> int:
    """Listen, and return the port.

    Raises:
        DisplayError: if the address can't be listened on.
    """
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port)
    try:
        await site.start()
    except OSError as error:
        raise options.refusal(error) from error
    return int(runner.addresses[0][1])


def invitation(options: Web, port: int) -> str:
    """Return what to tell whoever started the server; `0.0.0.0` and `::`, every address, lead nowhere elsewhere."""
    told = f"open {address(options, port)}   (Ctrl-C ends it)"
    if not is_every_address(options.host):
        return told
    return f"{told}\non another device put this machine's own IP address in the place of {_in_url(options.host)}"


def address(options: Web, port: int) -> str:
    """Return the address to open in a browser, with the token where there is one."""
    return f"http://{_in_url(options.host)}:{port}/" + (f"?token={options.token}" if options.token else "")


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def application(
    options: Web,
    make_source: Callable[[], Source],
    make_step: Callable[[], FrameStep],
    session: Session,
    hung: HungThreads,
    notice: str = NOTICE,
) -> web.Application:
    """Return the server's application; `session` notes each frame, the other arguments are those of `serve`."""
    app = web.Application(middlewares=[_guard(options)], client_max_size=1024)
    source = make_source()
    classes = list(make_step().classify.classes)
    named = {"source": source.description, "mirror": source.faces_user}
    greeting = {"budget": session.budget_ms, "classes": classes, **named}
    live = _Live(options, make_source, make_step, session, hung, greeting)
    said = {"notice": notice, "expression": EXPRESSION, "law": LAW}
    said["selected"] = "" if source.faces_user else "selected"  # a camera is the default: nobody asked for it
    files = {path.name: _file(path, said) for path in sorted(PAGE.iterdir())}  # and no others, whatever is asked for
    app.router.add_get("/", _index(options, files["index.html"]))
    for name, file in files.items():
        app.router.add_get(f"/{name}", file)
    app.router.add_get("/live/{mode}", live.connect)
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(live.close)
    app.on_cleanup.append(live.end)
    return app


def _guard(options: Web) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not host_is_known(request.headers.get("Host"), options.names):
            raise web.HTTPMisdirectedRequest(text="unknown name of this server; add it to display.names\n")
        given = request.query.get("token") or request.cookies.get(cookie_name(request.url.port))
        if not token_is_right(given, options.token):
            raise web.HTTPForbidden(text="open the address with its token, as the viewer printed it\n")
        return await handler(request)

    return guard


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add them to whatever is answered, refusals and faults, too."""
    response.headers.update(HEADERS)


def _index(options: Web, show: Handler) -> Handler:
    async def index(request: web.Request) -> web.StreamResponse:
        if options.token is None or "token" not in request.query:
            return await show(request)
        response = web.Response(status=303, headers={"Location": "/"})  # the token leaves the address and its history
        # Lax, because a browser keeps a Strict one back on the way here from a link on another site.
        response.set_cookie(cookie_name(request.url.port), options.token, httponly=True, samesite="Lax")
        return response

    return index


def _file(path: Path, said: Mapping[str, str]) -> Handler:
    content = _content(path, said)
    kind = TYPES[path.suffix]

    async def file(request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return file


def _content(path: Path, said: Mapping[str, str]) -> bytes:
    """What is served of a file: the page itself says what it can't do and what the law says before any script runs."""
    if path.suffix != ".html":
        return path.read_bytes()
    page = Template(path.read_text("utf-8"))
    return page.substitute({name: escape(text) for name, text in said.items()}).encode()


class _Live:
    """The WebSockets."""

    def __init__(
        self,
        options: Web,
        make_source: Callable[[], Source],
        make_step: Callable[[], FrameStep],
        session: Session,
        hung: HungThreads,
        greeting: Mapping[str, object],
    ) -> None:
        self._options = options
        self._make_step = make_step
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="faces")
        self._session = session
        self._source = ServerSource(make_source, make_step, self._executor, session, hung)
        self._greeting = greeting
        self._open: set[web.WebSocketResponse] = set()

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket."""
        if not origin_is_ours(request.headers.get("Origin"), request.headers.get("Host")):
            raise web.HTTPForbidden(text="this page isn't ours\n")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, max_msg_size=self._options.message_bytes, compress=False, timeout=GOODBYE
        )
        await socket.prepare(request)
        if len(self._open) >= self._options.connections:  # said only now: of a refused handshake no page learns why
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"all connections are in use")
            return socket
        self._open.add(socket)
        try:
            await self._talk(socket, request.match_info["mode"])
        except ConnectionError:  # it's gone
            pass
        except Exception:  # logged by aiohttp; the page must not wait for an answer that never comes
            await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=b"a fault of the viewer's; see its terminal")
            raise
        finally:
            self._open.discard(socket)
        return socket

    async def close(self, app: web.Application) -> None:
        """End every connection."""
        for socket in list(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")

    async def end(self, app: web.Application) -> None:
        """Stop the work, when no request uses it any more."""
        await self._source.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _talk(self, socket: web.WebSocketResponse, mode: str) -> None:
        await socket.send_json(self._greeting)
        if mode == "source":
            await self._source.show(socket)
        else:
            limits = Limits(pixels=self._options.frame_pixels, bytes=self._options.message_bytes)
            step, rate = self._make_step(), self._options.rate
            await BrowserCamera(socket, step, self._executor, self._session, limits, rate).run()
