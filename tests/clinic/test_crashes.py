"""A server that is killed under load loses nothing that it said was done, does nothing twice and leaves nothing half."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from clinic.actions import tokens, verifying
from clinic.models import Assessment, AuditEvent, Intake, Patient, Site
from clinic.permissions import Role
from clinic.settings import BASE_DIR
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = int(os.environ.get("YELLOWFLAG_KILLS", "3"))  # `make soak` kills two hundred times
CLIENTS = 4
ANSWERS = {"answers": factories.answers()}


class Server:
    """Gunicorn on the database of the test, on a port of its own."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        workers = "1" if connection.vendor == "sqlite" else "2"  # SQLite has one writer at a time anyway
        command = [sys.executable, "-m", "gunicorn", "clinic.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--config", "docs/deployment/gunicorn.conf.py", "--workers", workers, "--log-level", "critical"]
        environment = {**os.environ, "YELLOWFLAG_ENV": "demo", "DATABASE_URL": _address(), "PYTHONWARNINGS": "ignore"}
        environment["DJANGO_SETTINGS_MODULE"] = "clinic.settings"
        self._process = subprocess.Popen(  # noqa: S603 -- our own server
            command, cwd=BASE_DIR, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                ask(self.port, "GET", "worklist/", "", None)
            except (OSError, HTTPException):
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("the server does not answer")

    def kill(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)


def _address() -> str:
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    return f"postgresql://{settings['USER']}@{'' if settings['HOST'].startswith('/') else settings['HOST']}/{settings['NAME']}?host={settings['OPTIONS'].get('host', settings['HOST'])}"


def ask(port: int, method: str, path: str, secret: str, body: object, key: str = "") -> tuple[int, Any, bool]:
    """The status, the body, and whether it was said before."""
    client = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Idempotency-Key": key}
    headers["If-Match"] = "*"
    try:
        client.request(
            method, f"/api/v1/{path}", json.dumps(body) if body else None, {k: v for k, v in headers.items() if v}
        )
        answer = client.getresponse()
        text = answer.read()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(text) if is_json else text, answer.getheader("Idempotency-Replayed") == "true"
    finally:
        client.close()


class Client(Thread):
    """Takes patients in, one after the other, and asks again with the same key until it is told."""

    def __init__(self, server: Server, site: Site, secret: str, stop: Event) -> None:
        super().__init__()
        self._server, self._site, self._secret, self._stop_asked = server, site, secret, stop
        self._chance = random.Random()  # noqa: S311 -- whatever comes
        self.done: list[tuple[str, str, str]] = []  # patient, intake, assessment
        self.cut_off = self.replayed = self.refused = 0
        self.statuses: set[int] = set()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            number = uuid4().hex[:12]
            person = {"site": self._site.slug, "reference": number, "given_name": "Ada", "family_name": "Example"}
            patient = self._insist("patients/", {**person, "date_of_birth": "1980-01-01", "sex": "female"})
            intake = self._insist("intakes/", {"patient": patient["id"], "protocol": "back-pain"})
            assessment = self._insist(f"intakes/{intake['id']}/answers/", ANSWERS)
            self.done.append((patient["id"], intake["id"], assessment["id"]))

    def _insist(self, path: str, body: object) -> Any:
        key = uuid4().hex
        for attempt in range(2000):
            if attempt == 0 and self._chance.random() < 0.2:
                self._leave_before_the_answer(path, body, key)
            try:
                status, told, is_replayed = ask(self._server.port, "POST", path, self._secret, body, key)
            except (OSError, HTTPException, ValueError):
                self.cut_off += 1
                time.sleep(0.05)
                continue
            self.statuses.add(status)
            if status in (200, 201):
                self.replayed += is_replayed
                return told
            assert status in (409, 503), told
            self.refused += status == 503
            time.sleep(0.05)
        raise TimeoutError(path)

    def _leave_before_the_answer(self, path: str, body: object, key: str) -> None:
        """As if the connection broke after the request was read."""
        client = HTTPConnection("127.0.0.1", self._server.port, timeout=20)
        headers = {
            "Authorization": f"Bearer {self._secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "If-Match": "*",
        }
        try:
            client.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        except OSError:
            self.cut_off += 1
        finally:
            client.close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    running.start()
    yield running
    running.kill()


def clients_of(server: Server, site: Site, stop: Event) -> list[Client]:
    clients = []
    for _ in range(CLIENTS):
        clinician = factories.user(Role.CLINICIAN, site)
        secret = tokens.issue(user=clinician, name="crash", scope="decide", by=clinician)
        clients.append(Client(server, site, secret, stop))
    return clients


def assert_nothing_is_lost(clients: list[Client], site: Site, *, at_least: int) -> None:
    """What was said to be done is there, once and whole, and the trail with it; the trouble was really met."""
    time.sleep(2)  # what a client left before the answer is still being answered
    done = [each for client in clients for each in client.done]
    assert not any(client.is_alive() for client in clients)
    assert len(done) > at_least, "there was no load"
    assert sum(client.cut_off + client.refused for client in clients) > 0, "no request met the trouble"
    assert sum(client.replayed for client in clients) > 0, "nothing was asked for again that had been done"
    assert {status for client in clients for status in client.statuses} <= {200, 201, 409, 503}
    assert {str(pk) for pk in Patient.objects.values_list("pk", flat=True)} == {patient for patient, _, _ in done}
    assert {str(pk) for pk in Intake.objects.values_list("pk", flat=True)} == {intake for _, intake, _ in done}
    stored = {str(pk) for pk in Assessment.objects.values_list("pk", flat=True)}
    assert {assessment for _, _, assessment in done} <= stored
    assert len(stored) == len(done) + Assessment.objects.filter(version=1).count()
    assert [verifying.first_broken(each) for each in (None, site)] == [None, None]
    assert [*verifying.untold(), *verifying.differs_from_history()] == []
    assert AuditEvent.objects.filter(action="patient.register").count() == len(done)


def test_nothing_is_lost_doubled_or_half_written(server: Server) -> None:
    site = factories.site()
    factories.published_release()
    stop = Event()
    clients = clients_of(server, site, stop)
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(random.uniform(0.5, 1.5))  # noqa: S311 -- whatever comes
        server.kill()
        server.start()
    time.sleep(1)
    stop.set()
    for client in clients:
        client.join(timeout=60)
    assert_nothing_is_lost(clients, site, at_least=KILLS)
