"""What restarts the server or sends it requests is told the truth, in few words and quickly."""

import shutil
import sqlite3
from time import perf_counter

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic import guard, protocols
from tests import factories

HEALTHY = dict.fromkeys(("disk", "database", "migrations", "guard", "protocols"), "ok")


def ready() -> HttpResponse:
    return Client().get("/readyz")


def failed(response: HttpResponse) -> set[str]:
    assert response.status_code == 503
    assert response.json()["status"] == "failed"
    return {name for name, word in response.json()["checks"].items() if word == "failed"}


@pytest.mark.django_db
def test_a_whole_server_is_ready():
    factories.published_release()
    response = ready()
    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": HEALTHY})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_new_clinic_without_a_protocol_is_ready():
    assert ready().status_code == 200


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
    assert len(asked) <= 12
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_a_missing_migration_is_not_ready():
    MigrationRecorder(connection).record_unapplied("clinic", "0001_initial")
    assert failed(ready()) == {"migrations"}


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
