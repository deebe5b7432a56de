"""Send a body to an address that somebody else has named: public addresses only, over TLS, no redirects.

The name is resolved once; every address that it has must be public, and the connection is made to
one of those that were looked at, so that no second answer of a name server can lead elsewhere.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import closing, contextmanager
from ipaddress import IPv4Network, IPv6Network, ip_address
from threading import Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Networks = tuple[IPv4Network | IPv6Network, ...]
TIMEOUT = 10.0  # seconds for each of: connecting, TLS, and then all of request and answer
_OPEN: _Networks = (
    IPv4Network("0.0.0.0/0"),
    IPv6Network("2000::/3"),
)  # what carries an IPv4 address lies mostly outside
# What IANA lists as special within those, reachable or not; what Python calls global is another matter in each version.
_SPECIAL: _Networks = (
    *map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
            *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
        ),
    ),
    *map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")),
)


class Unreachable(Exception):
    """No answer was had; the words say why, for whoever looks after the webhook."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status that was answered, whatever it is; the answer itself is not read."""
    parts = urlsplit(url)
    try:
        connection = _Pinned(parts.hostname or "", _port(parts), _checked_address(parts))
        with closing(connection), _deadline(connection):
            connection.request("POST", parts._replace(scheme="", netloc="").geturl() or "/", body, dict(headers))
            return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(_words(error)) from error


def is_forbidden(url: str) -> bool:
    """Whether the address is a number that is never sent to; of a name nothing is known yet."""
    parts = urlsplit(url)
    try:
        return not (_is_public(parts.hostname or "") or _is_allowed(parts))
    except ValueError:
        return False


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address, which has to prove that it is the host it was asked for by name."""

    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self.address = address

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), TIMEOUT)
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


@contextmanager
def _deadline(connection: _Pinned) -> Iterator[None]:
    """Cut a receiver off that answers a byte at a time: a timeout of the socket begins anew with each."""
    connection.connect()
    timer = Timer(TIMEOUT, connection.sock.shutdown, [socket.SHUT_RDWR])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _checked_address(parts: SplitResult) -> str:
    found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not (_is_allowed(parts) or all(map(_is_public, addresses))):
        raise Unreachable("The name leads to an address that is not public.")
    return addresses[0]


def _is_allowed(parts: SplitResult) -> bool:
    return f"{parts.hostname}:{_port(parts)}" in settings.WEBHOOK_ALLOW


def _is_public(address: str) -> bool:
    """Whether the address is one of the open internet; not those that carry another one within."""
    known: Any = ip_address(address)
    return any(known in each for each in _OPEN) and not any(known in each for each in _SPECIAL)


def _port(parts: SplitResult) -> int:
    return parts.port or 443


def _words(error: Exception) -> str:
    """What happened in one short line; some errors quote what the receiver sent."""
    return "".join(each for each in f"{type(error).__name__}: {error}" if each.isprintable())[:200]
