"""Eight clients at once, against the server as it is deployed, on 127.0.0.1: one worker with threads on SQLite, two on PostgreSQL."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from http.client import HTTPConnection
from threading import Thread
from time import monotonic, perf_counter
from typing import Any

from clinic.models import Site, User
from tests import factories
from tests.clinic.test_crashes import Server

_CLIENTS = 8
_BODIES = [json.dumps({"answers": factories.answers(each)}) for each in ("clear_adult", "persistent_adult")]


@dataclass
class _Client:
    """Answers an intake of its own again and again, always otherwise than before."""

    port: int
    path: str
    secret: str
    seconds: list[float] = field(default_factory=list)
    refused: int = 0

    def ask(self, until: float) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json", "If-Match": "*"}
        while monotonic() < until:
            body = _BODIES[len(self.seconds) % 2]
            began = perf_counter()
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            self.seconds.append(perf_counter() - began)
            self.refused += answer.status != 200
        connection.close()


def under_load(site: Site, clinician: User, secret: str, *, seconds: float) -> str:
    """How many submits there were, and how long half and nearly all of them took at most."""
    intakes = [factories.open_intake(site, clinician) for _ in range(_CLIENTS)]
    server = Server()
    server.start()
    try:
        clients = [_Client(server.port, f"/api/v1/intakes/{each.pk}/answers/", secret) for each in intakes]
        _together(clients, 1)  # nobody waits for a worker that starts
        for client in clients:
            client.seconds.clear()
        _together(clients, seconds)
    finally:
        server.kill()
    taken = [each for client in clients for each in client.seconds]
    told: Any = statistics.quantiles(taken, n=100)
    refused = sum(client.refused for client in clients)
    return (
        f"  {_CLIENTS} clients: {len(taken) / seconds:.0f} a second, half in {told[49] * 1000:.0f} ms, "
        f"99 in 100 in {told[98] * 1000:.0f} ms, {refused} refused"
    )


def _together(clients: list[_Client], seconds: float) -> None:
    until = monotonic() + seconds
    threads = [Thread(target=client.ask, args=(until,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
