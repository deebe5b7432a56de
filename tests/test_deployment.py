"""The files of the deployment name only what is there, and the server that they start does what they say.

No container is built here: that the images exist and the services find each other is not tried.
"""

import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).parent.parent
DEPLOYMENT = ROOT / "docs" / "deployment"
SETTINGS = (ROOT / "clinic" / "settings.py").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
FILES = [ROOT / "docs" / "operations.md", *(each for each in sorted(DEPLOYMENT.iterdir()) if each.is_file())]
DOCKERFILE = (DEPLOYMENT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOYMENT / "compose.yaml").read_text())
CANARY = "quillfeather"
PATIENCE = 5.0  # seconds, instead of the twenty that a request may take to arrive
NAME = re.compile(r"YELLOWFLAG_[A-Z_]+[A-Z]")
OF_OTHERS = {"YELLOWFLAG_WORKER_SECONDS"}  # read by worker.sh


def copied() -> list[str]:
    lines = re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in shlex.split(line)[:-1]]


def test_what_is_copied_into_the_image_is_there():
    assert {"manage.py", "clinic", "triage", "fixtures", "requirements.txt"} <= set(copied())
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    kept = (DEPLOYMENT / "Dockerfile.dockerignore").read_text().split()
    assert all(any(source.startswith(line[1:]) for line in kept if line[0] == "!") for source in copied())


def test_the_image_has_pinned_packages_and_no_root():
    assert "--require-hashes" in DOCKERFILE
    assert DOCKERFILE.index("\nUSER yellowflag") < DOCKERFILE.index("\nCMD")
    pins = re.findall(
        r"^[a-z][\w.-]*==.*?(?=^[a-z]|\Z)", (ROOT / "requirements.txt").read_text(), re.MULTILINE | re.DOTALL
    )
    assert len(pins) > 20
    assert all("--hash=sha256:" in pin for pin in pins)


def test_every_service_says_where_it_comes_from_and_what_it_waits_for():
    services = COMPOSE["services"]
    assert set(services) == {"db", "deliver", "migrate", "web", "worker"}
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        if service["image"] == "yellowflag":
            assert (DEPLOYMENT / service["build"]["context"]).resolve() == ROOT
            assert (ROOT / service["build"]["dockerfile"]).is_file()
    mounted = [volume.split(":")[0] for volume in services["db"]["volumes"]]
    assert [name for name in mounted if name not in COMPOSE["volumes"] and not (DEPLOYMENT / name).is_file()] == []


def test_the_server_is_not_the_owner_of_its_tables():
    services = COMPOSE["services"]
    roles = {
        name: services[name]["environment"]["DATABASE_URL"].split("/")[2].split(":")[0]
        for name in ("migrate", "web", "worker", "deliver")
    }
    assert roles == {"migrate": "yellowflag_owner", **dict.fromkeys(("web", "worker", "deliver"), "yellowflag")}
    assert services["db"]["environment"]["POSTGRES_USER"] == "yellowflag_owner"
    assert "CREATE ROLE yellowflag LOGIN" in (DEPLOYMENT / "create-role.sh").read_text()
    assert services["migrate"]["command"][-1].endswith("grant_app yellowflag")


def test_no_secret_is_written_down():
    values = [value for service in COMPOSE["services"].values() for value in service.get("environment", {}).items()]
    secret = [value for name, value in values if re.search("PASSWORD|KEY|DATABASE_URL", name)]
    assert len(secret) >= 8
    assert all(re.search(r"\$\{\w+:\?\}", value) for value in secret)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_command_and_setting_that_is_named_is_there(file: Path):
    text = file.read_text()
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert commands <= set(get_commands()), "a command that is not there"
    assert set(NAME.findall(text)) <= set(NAME.findall(SETTINGS)) | OF_OTHERS, "a setting that is not there"


def test_every_setting_is_explained():
    rows = re.findall(r"^\| `(\w+)` \|", OPERATIONS, re.MULTILINE)
    assert set(NAME.findall(SETTINGS)) | OF_OTHERS | {"DATABASE_URL", "PROMETHEUS_MULTIPROC_DIR"} <= set(rows)


@pytest.mark.parametrize("script", sorted(path.name for path in DEPLOYMENT.glob("*.sh")))
def test_a_script_can_be_read_by_a_shell(script: str):
    subprocess.run(["sh", "-n", DEPLOYMENT / script], check=True)  # noqa: S603, S607


class Server:
    """A server of the deployment, as gunicorn runs it in a container."""

    def __init__(self, folder: Path) -> None:
        self.web, self.metrics = _free_port(), _free_port()
        (folder / "metrics").mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/clinic.sqlite3",
            "YELLOWFLAG_SECRET_KEY": "0123456789" * 5,
            "YELLOWFLAG_AUDIT_KEY": "0f" * 32,
            "YELLOWFLAG_MFA_KEY": "0f" * 64,
            "YELLOWFLAG_PATIENT_KEYS": "0f" * 64,
            "YELLOWFLAG_HOSTS": "clinic.example",
            "YELLOWFLAG_PROXIES": "0",
            "YELLOWFLAG_FREE_DISK_MB": "1",
            "YELLOWFLAG_METRICS_PORT": str(self.metrics),
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
            "WEB_CONCURRENCY": "2",
        }
        self.log = folder / "log"
        self.config = folder / "gunicorn.conf.py"
        shipped = (DEPLOYMENT / "gunicorn.conf.py").read_text()
        self.config.write_text(f"{shipped}\nfrom clinic import serving\nserving.PATIENCE = {PATIENCE}\n")
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")

    def manage(self, *words: str) -> None:
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, check=True)  # noqa: S603

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "clinic.wsgi", "-b", f"127.0.0.1:{self.web}"]
        command += ["--config", str(self.config)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)  # noqa: S603
        for _ in range(150):
            if self._listens():
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def _listens(self) -> bool:
        try:
            return self.ask("/livez")[0] == 200
        except OSError:
            return False

    def ask(self, path: str, port: int | None = None, **headers: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", port or self.web, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": "clinic.example", **headers})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: Any) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.process.kill()
    server.process.wait()


def test_the_server_is_ready_and_counts_for_all_its_workers(server: Server):
    status, body = server.ask("/readyz")
    assert (status, json.loads(body)["checks"]["database"]) == (200, "ok"), body
    for _ in range(20):
        server.ask("/livez")
    shown = server.ask("/metrics", server.metrics)[1]
    count = re.search(r'yellowflag_requests_total\{method="GET",route="livez",status="200"\} (\d+)', shown)
    assert count, shown
    assert int(count[1]) >= 21


def test_pages_are_for_https_only_and_the_proxy_says_so(server: Server):
    assert server.ask("/login/")[0] == 301
    assert server.ask("/login/", **{"X-Forwarded-Proto": "https"})[0] == 200


def test_the_log_is_json_even_where_a_request_cannot_be_read(server: Server):
    server.ask(f"/{CANARY}/?{CANARY}", **{"X-Forwarded-Proto": "https"})
    with socket.create_connection(("127.0.0.1", server.web)) as raw:
        raw.sendall(f"GET /{CANARY} {CANARY}\r\n{CANARY}\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
    lines = server.log.read_text().splitlines()
    assert [json.loads(line)["route"] for line in lines if '"none"' in line]
    assert CANARY not in "".join(lines)
    assert all(json.loads(line)["level"] == "info" for line in lines)


# A form with a cookie and without its field: Django reads the whole body before it refuses it.
SLOW_FORM = (
    "POST /login/ HTTP/1.1",
    "Host: clinic.example",
    "X-Forwarded-Proto: https",
    "Referer: https://clinic.example/login/",
    f"Cookie: __Host-csrf={'a' * 32}",
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Length: 4",
)


SLOW_HEAD = "\r\n".join((*SLOW_FORM[:-1], "Content-Length: 100000", "")).encode()
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: clinic.example\r\n"


@contextmanager
def many(server: Server, words: bytes, count: int) -> Iterator[list[socket.socket]]:
    """Clients that have said so much."""
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            clients.append(stack.enter_context(socket.create_connection(("127.0.0.1", server.web), timeout=20)))
            clients[-1].sendall(words)
        yield clients


def drip(clients: list[socket.socket], seconds: float) -> None:
    """Each sends another letter five times a second, as long as it is heard."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for client in clients:
            with suppress(OSError):
                client.sendall(b"x")
        time.sleep(0.2)


def longest(server: Server, times: int = 10) -> float:
    """Of several requests, the one that took longest, in seconds."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        assert server.ask("/livez")[0] == 200
        took.append(time.monotonic() - began)
        time.sleep(0.1)
    return max(took)


SLOW = {
    "who say nothing": (b"", 20),
    "with unfinished heads": (SLOW_HEAD + b"X-More: ", 20),
    "with unfinished bodies": (SLOW_HEAD + b"\r\na=", 20),
    "more than are waited for": (SLOW_HEAD + b"X-More: ", 400),
    "who do not hang up": (LIVEZ + b"Connection: close\r\n\r\n", 20),
    "who do not read": ((LIVEZ + b"\r\n") * 40, 20),
}


@pytest.mark.parametrize(("words", "count"), SLOW.values(), ids=SLOW)
def test_clients_keep_nobody_else_waiting(server: Server, words: bytes, count: int):
    with many(server, words, count) as clients:
        dripping = Thread(target=drip, args=(clients, 2.5 if words.startswith(SLOW_HEAD) else 0))
        dripping.start()
        assert longest(server) < 2
        dripping.join()


@pytest.mark.parametrize("words", [SLOW_HEAD + b"X-More: ", SLOW_HEAD + b"\r\na="], ids=["head", "body"])
def test_a_request_that_takes_too_long_to_arrive_is_let_go_however_it_drips(server: Server, words: bytes):
    with many(server, words, 1) as (client,):
        drip([client], PATIENCE + 2)
        assert client.recv(100).startswith(b"HTTP/1.1 408")


REFUSED = {
    "a body cut short": (SLOW_HEAD + b"\r\na=b", b"400"),
    "a head cut short": (SLOW_HEAD, b"400"),
    "a body of megabytes": (SLOW_HEAD.replace(b"100000", b"9000000") + b"\r\na=b", b"413"),
    "a head without end": (SLOW_HEAD + b"X-More: " + b"a" * 40_000, b"431"),
    "two lengths": (SLOW_HEAD + b"Content-Length: 5\r\n\r\na=bcd", b"400"),
    "a length that is none": (SLOW_HEAD.replace(b"100000", b"+4") + b"\r\na=bc", b"400"),
    "lines that end otherwise": (SLOW_HEAD.replace(b"\r\n", b"\n") + b"\na=bc", b"400"),
}


@pytest.mark.parametrize(("words", "status"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_arrive_whole_is_refused(server: Server, words: bytes, status: bytes):
    with many(server, words, 1) as (client,):
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100).startswith(b"HTTP/1.1 " + status)


def test_a_client_that_waits_for_a_word_is_told_to_go_on(server: Server):
    with many(server, b"\r\n".join((SLOW_HEAD[:-2], b"Connection: close", b"Expect: 100-continue", b"", b"")), 1) as (
        client,
    ):
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(b"a" * 100_000)
        said = b"".join(iter(lambda: client.recv(4096), b""))
        assert b"HTTP/1.1 413" in said, "read to its end, and its one field is too long"


def test_requests_that_come_together_are_each_answered(server: Server):
    with many(server, (LIVEZ + b"\r\n") * 2 + LIVEZ, 1) as (client,):
        client.sendall(b"Connection: close\r\n\r\n")
        said = b"".join(iter(lambda: client.recv(4096), b""))
        assert said.count(b"HTTP/1.1 200") == 3


def test_the_server_ends_in_order_when_it_is_told_to(server: Server):
    """What is in flight is answered: its body comes only after the signal."""
    with socket.create_connection(("127.0.0.1", server.web), timeout=20) as slow:
        slow.sendall("\r\n".join((*SLOW_FORM, "", "")).encode())
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert select.select([slow], [], [], 0)[0] == [], "answered too early to tell"
        slow.sendall(b"a=bc")
        assert slow.recv(100).startswith(b"HTTP/1.1 403")
    assert server.process.wait(timeout=30) == 0
