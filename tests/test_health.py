"""What restarts the server or sends it requests is told the truth, in few words and quickly."""

import shutil
import sqlite3
from datetime import timedelta
from io import StringIO
from time import monotonic, perf_counter
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic import clock, guard, health, protocols
from clinic.actions import webhooks
from clinic.models import MessageKind
from clinic.permissions import Role
from tests import factories

HEALTHY = dict.fromkeys(("disk", "database", "migrations", "guard", "keys", "protocols"), "ok")


def ready() -> HttpResponse:
    """Asked when nothing is remembered."""
    health._LAST.forget()
    return Client().get("/readyz")


def failed(response: HttpResponse) -> set[str]:
    assert response.status_code == 503
    assert response.json()["status"] == "failed"
    return {name for name, word in response.json()["checks"].items() if word == "failed"}


@pytest.mark.django_db
def test_a_whole_server_is_ready():
    factories.published_release()
    response = ready()
    beside = {"checkpoints": "failed", "messages": "ok"}
    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": HEALTHY, "beside": beside})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_new_clinic_without_a_protocol_is_ready():
    assert ready().status_code == 200


@pytest.mark.django_db
def test_what_others_leave_undone_is_told_and_keeps_nobody_out():
    call_command("checkpoint", stdout=StringIO())
    assert ready().json()["beside"] == {"checkpoints": "ok", "messages": "ok"}
    site = factories.site()
    kinds = [MessageKind.ASSESSMENT_CREATED]
    webhooks.add(site=site, url="https://8.8.8.8/hook", events=kinds, by=factories.user(Role.ADMIN, site))
    factories.open_intake(site)
    with clock.at(clock.now() + timedelta(minutes=11)):
        response = ready()
    assert (response.status_code, response.json()["beside"]) == (200, {"checkpoints": "failed", "messages": "failed"})


def test_a_process_lives_whatever_its_database_does():
    response = Client().get("/livez")  # a test without a database fails where one is asked
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ["/livez", "/readyz"])
def test_health_is_asked_and_never_told(address: str):
    assert Client().post(address).status_code == 405
    assert Client().head("/livez").status_code == 200


@pytest.mark.django_db
def test_asking_leaves_nothing_behind_and_takes_few_queries():
    ready()
    with CaptureQueriesContext(connection) as asked:
        ready()
    assert len(asked) <= 14
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_asking_often_costs_no_more_than_asking_once(monkeypatch: pytest.MonkeyPatch):
    first = ready()
    with CaptureQueriesContext(connection) as asked:
        again = [Client().get("/readyz").json() for _ in range(20)]
    assert (len(asked), again) == (0, [first.json()] * 20)
    later = monotonic() + health._KEPT
    monkeypatch.setattr(health, "monotonic", lambda: later)
    with CaptureQueriesContext(connection) as asked:
        Client().get("/readyz")
    assert len(asked) > 0


@pytest.mark.django_db
def test_a_missing_migration_is_not_ready():
    MigrationRecorder(connection).record_unapplied("clinic", "0001_initial")
    assert failed(ready()) == {"migrations"}


@pytest.mark.django_db
def test_a_ring_without_a_key_is_not_ready(settings: Any):
    factories.site()
    settings.PATIENT_KEYS = [bytes(64)]
    assert failed(ready()) == {"keys"}


@pytest.mark.django_db
def test_a_broken_guard_is_not_ready():
    with guard.lowered():
        assert failed(ready()) == {"guard"}
    assert ready().status_code == 200


@pytest.mark.django_db
def test_a_damaged_protocol_is_not_ready(monkeypatch: pytest.MonkeyPatch):
    release = factories.published_release()
    monkeypatch.setattr(protocols, "_compiled", {})
    with guard.lowered(), connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_protocolrelease SET source = '# forged' || source")
        assert failed(ready()) == {"guard", "protocols"}
        cursor.execute("UPDATE clinic_protocolrelease SET source = %s", [release.source])


@pytest.mark.django_db
def test_a_disk_that_is_nearly_full_is_not_ready(settings):
    settings.FREE_DISK_MB = shutil.disk_usage(settings.VAR_DIR).free // 1024**2 + 1000
    assert failed(ready()) == {"disk"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite has one lock for all")
def test_a_lock_that_is_held_is_not_waited_for_long():
    file = connection.settings_dict["NAME"]
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = perf_counter()
    assert failed(ready()) == {"database"}
    assert 1.5 < perf_counter() - began < 4
    holder.close()
    assert ready().status_code == 200
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (20_000,), "requests wait as long as before"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="what a standby does")
def test_a_database_that_only_reads_is_not_ready():
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        assert failed(ready()) == {"database"}
        cursor.execute("SET default_transaction_read_only = off")
    assert ready().status_code == 200
