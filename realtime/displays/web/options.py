"""How the page is served; imports no server, so that a wrong choice is refused at once."""

import secrets
from collections.abc import Sequence
from importlib.util import find_spec
from ipaddress import ip_address

from realtime.displays.display import DisplayError


class Web:
    """`display=web`; `conf/display/web.yaml` explains each argument.

    Attributes:
        token: that every request needs; None where only this machine can reach the page, and none was asked for: then
            every account of this machine can.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8770,
        token: str | None = None,
        names: Sequence[str] = (),
        connections: int = 4,
        message_bytes: int = 1_000_000,
        frame_pixels: int = 2_100_000,
        rate: int = 60,
    ) -> None:
        self.host = host
        self.port = port
        self.names = frozenset(name.lower() for name in (*names, host))  # the address that is printed has `host`
        self.token = token if token or (is_local(host) and not names) else secrets.token_urlsafe(24)
        self.connections = connections
        self.message_bytes = message_bytes
        self.frame_pixels = frame_pixels
        self.rate = rate

    def open(self) -> None:
        """Check that the server is installed.

        Raises:
            DisplayError: if it isn't.
        """
        if find_spec("aiohttp") is None:
            raise DisplayError("display=web needs aiohttp: pip install -e '.[web]' -c constraints/main.txt")

    def close(self, complete: bool) -> None:
        """Nothing to end: the server ends itself."""


def is_local(host: str) -> bool:
    """Return whether only this machine can reach what listens on `host`."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
