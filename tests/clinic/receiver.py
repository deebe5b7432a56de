"""A program of somebody else on this machine that is told what happens, over TLS like any other."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import trustme


@dataclass(frozen=True)
class Request:
    """What came, and what was answered; nothing where the line was cut."""

    headers: dict[str, str]
    body: bytes
    answered: int | None

    @property
    def message(self) -> str:
        return self.headers["X-Yellowflag-Delivery"]


@dataclass
class Receiver:
    """Answers with what `answer` says, with the `headers` given, and keeps what it has received."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[], int | None] = lambda: 200
    headers: dict[str, str] = field(default_factory=dict)
    authority: str = ""  # the file of whom a sender has to trust
    drips: float = 0  # seconds between two bytes of the answer

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hook"

    @property
    def allowed(self) -> str:
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def listening(self, certificate: trustme.LeafCert) -> Iterator[Receiver]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server = _Server(("127.0.0.1", 0), _handler(self))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_port
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a sender that is killed, or trusts nobody, breaks off."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.answer()
            receiver.requests.append(Request(dict(self.headers), body, status))
            if status is None:
                return
            for byte in b"HTTP/1.1 200 OK, and much more of that" if receiver.drips else b"":
                self.wfile.write(bytes([byte]))
                time.sleep(receiver.drips)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing."""

    return Handler


def authority(folder: Path) -> tuple[trustme.CA, str]:
    """Somebody who vouches for receivers, and the file that makes a sender trust them."""
    ca, file = trustme.CA(), folder / "authority.pem"
    ca.cert_pem.write_to_path(str(file))
    return ca, str(file)
