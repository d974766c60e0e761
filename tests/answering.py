"""A web server on this machine, whose answers a test makes."""

import http.server
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress


@contextmanager
def answering(body: Callable[[str], Iterable[bytes]], headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield `host:port` of a server that answers any path with 200, these headers and what `body` makes of it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # the client may have gone
                for part in body(self.path):
                    self.wfile.write(part)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
