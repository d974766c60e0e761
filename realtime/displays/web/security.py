"""Who may talk to the page's server. Pure functions of what a request says.

A page on any other site can make a browser send requests to 127.0.0.1. So the name that the browser used (`Host`)
must be an address or a name we know, or else a foreign name that resolves to us would pass for us; and the page that
a WebSocket comes from (`Origin`) must be ours.
"""

import hmac
from collections import deque
from collections.abc import Set
from ipaddress import ip_address
from urllib.parse import urlsplit

LOCAL_NAMES = frozenset({"localhost"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def host_is_known(host: str | None, names: Set[str]) -> bool:
    """Return whether `Host` is an IP address, localhost, or one of `names`; a port may follow."""
    name = _name(host) if host else None
    if name is None:
        return False
    if name in LOCAL_NAMES or name in names:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def origin_is_ours(origin: str | None, host: str | None) -> bool:
    """Return whether a WebSocket comes from a page of ours: its `Origin` names the same host and port as `Host`."""
    if not origin or not host:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:  # such as a broken IPv6 address
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def cookie_name(port: int | None) -> str:
    """Return the name of the cookie that holds the token; browsers share cookies among a machine's ports."""
    return f"emolab_token_{port}"


def token_is_right(given: str | None, token: str | None) -> bool:
    """Return whether `given` is the token, in a time that doesn't tell how much of it is right."""
    return token is None or (given is not None and hmac.compare_digest(_bytes(given), _bytes(token)))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")  # a header may hold any bytes


def _name(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # an error if it's none
        return parts.hostname if parts.netloc == host else None
    except ValueError:  # such as a broken IPv6 address
        return None


class RateLimit:
    """Counts messages.

    Args:
        most: messages within a second.
    """

    def __init__(self, most: int) -> None:
        self._times: deque[float] = deque(maxlen=most)

    def allows(self, now: float) -> bool:
        """Note a message at `now` (seconds) and return whether it's within the limit."""
        full = len(self._times) == self._times.maxlen and now - self._times[0] < 1.0
        self._times.append(now)
        return not full
