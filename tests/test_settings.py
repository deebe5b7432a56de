"""Settings stop the start rather than guess."""

import os
import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.utils import timezone

from clinic.sessions import SessionStore
from clinic.settings import BASE_DIR, DEMO_KEY, database

PRODUCTION = {
    "YELLOWFLAG_SECRET_KEY": "0123456789" * 5,
    "YELLOWFLAG_AUDIT_KEY": "0f" * 32,
    "YELLOWFLAG_MFA_KEY": "0123456789abcdef" * 8,
    "YELLOWFLAG_PATIENT_KEYS": "0123456789abcdef" * 8,
    "YELLOWFLAG_HOSTS": "clinic.example",
    "YELLOWFLAG_PROXIES": "0",
    "DATABASE_URL": "sqlite:///var/never-opened.sqlite3",
}


def start(**variables: str) -> str:
    """What is said by a server that is started with this environment; nothing if it starts."""
    command = [sys.executable, "-c", "import clinic.settings"]
    environment = {"PATH": os.environ["PATH"]} | variables
    ran = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert bool(ran.returncode) is bool(ran.stderr)
    return ran.stderr


def test_production_starts_with_a_key_a_host_and_a_database():
    assert start(**PRODUCTION) == ""


@pytest.mark.parametrize("missing", PRODUCTION)
def test_production_does_not_start_without(missing: str):
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    assert f"{missing} is not set" in start(**given)


def test_production_does_not_start_with_a_short_key():
    assert "shorter than 50" in start(**PRODUCTION | {"YELLOWFLAG_SECRET_KEY": "short"})


@pytest.mark.parametrize("key", ["0f", "not hexadecimal", "0f" * 33])
def test_production_does_not_start_with_a_key_that_signs_nothing(key: str):
    assert "64 hexadecimal digits" in start(**PRODUCTION | {"YELLOWFLAG_AUDIT_KEY": key})


@pytest.mark.parametrize("value", ["", "off", "optional", "0", "REQUIRED"])
def test_production_cannot_be_told_to_ask_for_no_second_factor(value: str):
    assert "YELLOWFLAG_MFA" in start(**PRODUCTION | {"YELLOWFLAG_MFA": value})
    assert start(**PRODUCTION | {"YELLOWFLAG_MFA": "required"}) == ""


@pytest.mark.parametrize("value", ["short", "x" * 128, "0" * 126, "0" * 130])
def test_production_does_not_start_with_a_bad_key_for_second_factors(value: str):
    assert "YELLOWFLAG_MFA_KEY" in start(**PRODUCTION | {"YELLOWFLAG_MFA_KEY": value})


@pytest.mark.parametrize("value", ["short", "x" * 128, "0f" * 64 + ",", "0f" * 64 + ",0f"])
def test_production_does_not_start_with_a_ring_of_bad_keys(value: str):
    assert "YELLOWFLAG_PATIENT_KEYS" in start(**PRODUCTION | {"YELLOWFLAG_PATIENT_KEYS": value})


def test_the_ring_may_hold_several_keys():
    assert start(**PRODUCTION | {"YELLOWFLAG_PATIENT_KEYS": f"{'0e' * 64}, {'0f' * 64}"}) == ""


def test_what_is_recorded_of_care_is_kept_for_six_years_at_least():
    assert "less than 6" in start(**PRODUCTION | {"YELLOWFLAG_RETENTION_YEARS": "5"})


def test_the_demo_asks_for_a_second_factor_where_it_is_told_to():
    assert start(YELLOWFLAG_ENV="demo", YELLOWFLAG_MFA="required") == ""
    assert "YELLOWFLAG_MFA" in start(YELLOWFLAG_ENV="demo", YELLOWFLAG_MFA="off")


def test_production_does_not_start_with_the_key_of_the_demo():
    assert "everybody knows" in start(**PRODUCTION | {"YELLOWFLAG_SECRET_KEY": DEMO_KEY})


@pytest.mark.parametrize("name", ["YELLOWFLAG_FREE_DISK_MB", "YELLOWFLAG_METRICS_PORT", "YELLOWFLAG_PROXIES"])
def test_production_does_not_start_with_a_number_that_is_none(name: str):
    assert "must be a whole number" in start(**PRODUCTION | {name: "-1"})


def test_nothing_starts_in_an_unknown_environment():
    assert "must be" in start(YELLOWFLAG_ENV="prod")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///var/clinic.sqlite3", BASE_DIR / "var" / "clinic.sqlite3"),
        ("sqlite:////srv/clinic.sqlite3", Path("/srv/clinic.sqlite3")),
    ],
)
def test_an_sqlite_file_is_found(url: str, name: Path):
    assert database(url)["NAME"] == name


def test_a_postgresql_database_is_found():
    found = database("postgresql://flag:p%40ss@db.example:6543/clinic?sslmode=require")
    named = {key: found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    assert named == {
        "NAME": "clinic",
        "USER": "flag",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": 6543,
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize("url", ["", "sqlite:///", "postgresql://db.example", "mysql://db.example/clinic"])
def test_a_database_that_is_not_one_is_refused(url: str):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        database(url)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own settings")
def test_sqlite_loses_no_commit_and_takes_its_lock_first(tmp_path: Path):
    file = connection.copy()
    file.settings_dict["NAME"] = tmp_path / "clinic.sqlite3"
    with file.cursor() as cursor:
        modes = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert modes == {"journal_mode": "wal", "synchronous": 2}
    assert file.transaction_mode == "IMMEDIATE"
    file.close()


@pytest.mark.django_db
def test_a_session_in_use_ends_with_the_working_day():
    long_ago = timezone.now() - settings.SESSION_LIFETIME + timedelta(minutes=10)
    session = SessionStore()
    session["began"] = int(long_ago.timestamp())
    session.save()
    left = Session.objects.get(pk=session.session_key).expire_date - timezone.now()
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)


@pytest.mark.django_db
def test_a_session_left_alone_ends_sooner():
    session = SessionStore()
    session.create()
    left = Session.objects.get(pk=session.session_key).expire_date - timezone.now()
    assert left <= timedelta(seconds=settings.SESSION_COOKIE_AGE)


@pytest.mark.django_db
def test_every_answer_tells_the_browser_to_be_strict(client: Client):
    headers = client.get("/nowhere/").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
def test_an_uploaded_file_is_dropped(client: Client):
    request = client.post("/login/", {"username": "ada", "picture": BytesIO(b"0" * 500_000)}).wsgi_request
    assert request.POST["username"] == "ada"
    assert not request.FILES


@pytest.mark.django_db
def test_an_uploaded_file_that_is_larger_than_any_form_is_refused(client: Client):
    assert client.post("/login/", {"username": "ada", "picture": BytesIO(b"0" * 5_000_000)}).status_code == 413


@pytest.mark.django_db
def test_a_form_too_large_to_be_one_is_refused(client: Client):
    assert client.post("/login/", {"username": "a" * 600_000}).status_code == 413
