"""Whatever watches the server learns how many requests there were and how long they took, and of nobody."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from prometheus_client import REGISTRY

from clinic import metrics
from clinic.settings import BASE_DIR

CANARY = "quillfeather"


@pytest.fixture
def port(settings: Any) -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.METRICS_PORT = free.getsockname()[1]
    return int(settings.METRICS_PORT)


@pytest.fixture
def scraped(port: int) -> Iterator[str]:
    server = metrics.serve()
    assert server is not None
    yield f"http://127.0.0.1:{port}/metrics"
    server.shutdown()
    server.server_close()


def counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("yellowflag_requests_total", labels) or 0


@pytest.mark.django_db
def test_every_request_is_counted_by_route_method_and_status(scraped: str):
    labels = {"route": "login", "method": "GET", "status": "200"}
    before = counted(**labels)
    Client().get("/login/", {"next": CANARY})
    assert counted(**labels) == before + 1
    shown = urlopen(scraped).read().decode()  # noqa: S310 -- the address is our own
    assert f'yellowflag_requests_total{{method="GET",route="login",status="200"}} {before + 1}' in shown
    assert 'yellowflag_request_seconds_bucket{le="0.5",method="GET",route="login"}' in shown


@pytest.mark.django_db
def test_no_label_holds_what_was_asked_for(scraped: str):
    before = counted(route="none", method="OTHER", status="404")
    client = Client()
    client.generic(CANARY.upper(), f"/{CANARY}/?{CANARY}={CANARY}")
    client.get(f"/admin/clinic/patient/{CANARY}/change/")
    client.post("/api/v1/patients/", {CANARY: CANARY}, content_type="application/json", headers={"Host": CANARY})
    assert counted(route="none", method="OTHER", status="404") == before + 1
    assert CANARY not in urlopen(scraped).read().decode().lower()  # noqa: S310 -- the address is our own


def test_without_a_port_nothing_is_served(settings: Any):
    assert settings.METRICS_PORT == 0
    assert metrics.serve() is None


def test_a_port_that_is_taken_stops_the_start(scraped: str):
    with pytest.raises(ImproperlyConfigured, match="PROMETHEUS_MULTIPROC_DIR"):
        metrics.serve()


def test_workers_that_count_together_are_answered_for_by_one(scraped: str, monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(metrics, "_SHARED", True)
    assert metrics.serve() is None


COUNTING = """
import django
django.setup()
from prometheus_client import generate_latest
from clinic import metrics
metrics.count(route="login", method="GET", status=200, seconds=0.1)
print(generate_latest(metrics._registry()).decode())
"""


def test_workers_count_together(tmp_path):
    environment = {
        "YELLOWFLAG_ENV": "demo",
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }
    for total in (1, 2):
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-c", COUNTING], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=True
        )
        assert f'yellowflag_requests_total{{method="GET",route="login",status="200"}} {total}.0' in ran.stdout
