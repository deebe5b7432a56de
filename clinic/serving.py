"""How gunicorn's threads are kept for requests that are there: each is waited for until it has arrived whole.

Gunicorn gives a connection to one of its few threads as soon as the first bytes arrive. Whoever sends
the rest slowly, or never, holds that thread, and a handful of them stop everybody. Here the loop that
accepts connections reads them, any number at a time and each for a bounded time only.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from functools import partial
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Any

from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from concurrent.futures import Future

PATIENCE = 20.0  # seconds, from the first byte of a request to its last
GOODBYE = 2.0  # seconds in which a client reads what it was told last; what it still sends is thrown away
MOST = 128  # requests that are waited for at once; for another one, the oldest is let go
LARGEST_HEAD = 32 * 1024
LARGEST_BODY = 1024 * 1024  # twice what any address takes: what is a little larger is refused there, in its own words
_READ = 64 * 1024
_ROOM = 256 * 1024  # of an answer that the kernel takes at once, so that no thread waits for whoever reads it slowly
_SEND_PATIENCE = struct.pack("ll", 5, 0)

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_EXPECT = re.compile(rb"^expect:[ \t]*100-continue[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_TOO_LATE, _CUT_SHORT, _TOO_LARGE, _HEAD_TOO_LARGE = (
    "408 Request Timeout",
    "400 Bad Request",
    "413 Content Too Large",
    "431 Request Header Fields Too Large",
)


class Arrival:
    """A request of which some has arrived."""

    def __init__(self, conn: Any, begun: bytes) -> None:
        self.conn = conn
        self.deadline = time.monotonic() + PATIENCE
        self.received = bytearray()
        self.length: int | None = None  # of head and body; not known before the head is there
        self.awaits_word = False
        self.take(begun)

    def take(self, more: bytes) -> None:
        seen = max(0, len(self.received) - 3)
        self.received += more
        end = _END_OF_HEAD.search(self.received, seen) if self.length is None else None
        if end:
            self._read_head(end.end())

    def _read_head(self, end: int) -> None:
        """What gunicorn would refuse is taken to have no body; it then refuses it."""
        head = self.received[:end]
        lengths = _LENGTH.findall(head)
        self.length = end + (int(lengths[0]) if len(lengths) == 1 else 0)
        self.awaits_word = bool(_EXPECT.search(head))

    @property
    def is_whole(self) -> bool:
        return self.length is not None and len(self.received) >= self.length

    @property
    def too_large(self) -> str | None:
        if self.length is None:
            return _HEAD_TOO_LARGE if len(self.received) > LARGEST_HEAD else None
        return _TOO_LARGE if self.length > LARGEST_HEAD + LARGEST_BODY else None


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn's threaded worker, which hands a request to a thread when all of it is there."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.arriving: dict[Any, Arrival] = {}  # the oldest first
        self.leaving: dict[Any, float] = {}  # answered for the last time, and until when they are listened to

    def enqueue_req(self, conn: Any) -> None:
        """In the place of handing a connection to a thread at once."""
        conn.sock.settimeout(0)
        self._arrive(Arrival(conn, _begun(conn)))

    def _arrive(self, arrival: Arrival) -> None:
        if arrival.is_whole and not arrival.too_large:
            self._hand_on(arrival)
            return
        if len(self.arriving) >= MOST:
            self._drop(next(iter(self.arriving)))
        self.arriving[arrival.conn] = arrival
        self.poller.register(arrival.conn.sock, EVENT_READ, partial(self._on_more, arrival))

    def _on_more(self, arrival: Arrival, sock: socket.socket) -> None:
        more = _read(sock) if arrival.conn in self.arriving else None  # it may have been let go a moment ago
        if more is None:
            return
        if not more:
            self._refuse(arrival, _CUT_SHORT)
            return
        arrival.take(more)
        if arrival.too_large:
            self._refuse(arrival, arrival.too_large)
        elif arrival.is_whole:
            self._forget(arrival.conn)
            self._hand_on(arrival)
        elif arrival.awaits_word:
            arrival.awaits_word = False
            _send(sock, "HTTP/1.1 100 Continue\r\n\r\n")

    def _hand_on(self, arrival: Arrival) -> None:
        """Gunicorn reads what is here and nothing from the connection, wherever it thinks that the request ends."""
        conn = arrival.conn
        conn.parser = RequestParser(self.cfg, iter([bytes(arrival.received)]), conn.client)
        conn.initialized = True
        super().enqueue_req(conn)

    def _refuse(self, arrival: Arrival, status: str) -> None:
        """A connection on which nothing was asked is closed without a word."""
        self._forget(arrival.conn)
        if arrival.received:
            said = f"{status}\n"
            head = f"Connection: close\r\nContent-Type: text/plain\r\nContent-Length: {len(said)}"
            _send(arrival.conn.sock, f"HTTP/1.1 {status}\r\n{head}\r\n\r\n{said}")
        self._leave(arrival.conn)

    def finish_request(self, conn: Any, fs: Future[bool]) -> None:
        """Gunicorn would stand still for two seconds here until the client has closed its end."""
        if fs.cancelled() or fs.exception() or not fs.result():
            self._leave(conn)
        else:
            super().finish_request(conn, fs)

    def _leave(self, conn: Any) -> None:
        """Close, but not before the client can have read the answer."""
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._on_goodbye, conn))
        except (OSError, ValueError):
            self._close(conn)
        else:
            self.leaving[conn] = time.monotonic() + GOODBYE

    def _on_goodbye(self, conn: Any, sock: socket.socket) -> None:
        if conn in self.leaving and _read(sock) == b"":
            self._drop(conn)

    def murder_pending(self) -> None:
        """Gunicorn asks this each second at least."""
        super().murder_pending()
        now = time.monotonic()
        for late in [each for each in self.arriving.values() if each.deadline < now]:
            self._refuse(late, _TOO_LATE)
        for conn in [each for each, until in self.leaving.items() if until < now]:
            self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """On the way to its end a worker answers what has begun to arrive; for the rest it does not wait."""
        super()._cap_keepalive(deadline)
        for each in self.arriving.values():
            if not each.received:
                each.deadline = min(each.deadline, deadline)

    def _drop(self, conn: Any) -> None:
        self._forget(conn)
        self._close(conn)

    def _forget(self, conn: Any) -> None:
        self.arriving.pop(conn, None)
        self.leaving.pop(conn, None)
        self.poller.unregister(conn.sock)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()


def _begun(conn: Any) -> bytes:
    """What came behind the request before, of a connection that had one; a new one is made ready."""
    if conn.parser:
        return bytes(conn.parser.unreader.take_buffered())
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_PATIENCE)
    return b""


def _read(sock: socket.socket) -> bytes | None:
    """What has come; nothing once the client has closed its end, None where it is too early to tell."""
    try:
        return sock.recv(_READ)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _send(sock: socket.socket, words: str) -> None:
    """A few words, which the kernel takes at once; whoever has gone does not hear them."""
    try:
        sock.send(words.encode())
    except OSError:
        return
