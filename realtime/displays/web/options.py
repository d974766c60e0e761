"""How the page is served; imports no server, so that a wrong choice is refused at once."""

import asyncio
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
        self.token = token or (None if is_local(host) and not names else secrets.token_urlsafe(24))
        self.connections = connections
        self.message_bytes = message_bytes
        self.frame_pixels = frame_pixels
        self.rate = rate

    def open(self) -> None:
        """Check that the server is installed, and that its address is this machine's and free.

        Raises:
            DisplayError: if it isn't.
        """
        if find_spec("aiohttp") is None:
            raise DisplayError("display=web needs aiohttp: pip install -e '.[web]' -c constraints/main.txt")
        try:
            asyncio.run(_try_binding(self.host, self.port))
        except (OSError, UnicodeError) as error:  # the latter of a name that can't be one, such as a..b
            raise self.refusal(error) from error

    def refusal(self, error: Exception) -> DisplayError:
        """Return what to say where the address can't be listened on."""
        return DisplayError(
            f"display.host={self.host} display.port={self.port}: {getattr(error, 'strerror', None) or error}; "
            "take a host of this machine's, and a port that is free (0: any)"
        )


async def _try_binding(host: str, port: int) -> None:
    """Take the address as the server will, and leave it at once."""
    loop = asyncio.get_running_loop()
    (await loop.create_server(asyncio.Protocol, host, port, start_serving=False)).close()


def is_local(host: str) -> bool:
    """Return whether only this machine can reach what listens on `host`."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_every_address(host: str) -> bool:
    """Return whether `host` stands for all addresses of this machine, and so is none to open in a browser."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
