"""A database in trouble is told as such at every door, never as a fault, and nothing is half written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinic.actions import verifying
from clinic.actions.outage import is_outage
from clinic.models import AuditEvent, Patient, Site
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a server that can be killed")
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a file that can be locked or full")
PERSON = {"given_name": "Ada", "family_name": "Garley", "date_of_birth": "1980-02-03", "sex": "female"}


@pytest.fixture
def here() -> Site:
    return factories.site()


@pytest.fixture
def doors(here: Site) -> dict[str, Callable[[str], HttpResponse]]:
    """A request that reads or writes, at each door, under a number of its own."""
    clerk, admin = (factories.user(role, here) for role in (Role.CLERK, Role.ADMIN))
    staff, office = Client(raise_request_exception=False), Client(raise_request_exception=False)
    staff.force_login(clerk)
    office.force_login(admin)
    program = Caller(factories.user(Role.INTEGRATOR, here), here)
    program.client.raise_request_exception = False
    api_person = {**PERSON, "site": here.slug}
    return {
        "web": lambda _: staff.get(reverse("worklist")),
        "web form": lambda number: staff.post(reverse("register_patient"), {**PERSON, "reference": f"W{number}"}),
        "api": lambda _: program.get("intakes/"),
        "api post": lambda number: program.post("patients/", {**api_person, "reference": f"A{number}"}),
        "admin": lambda _: office.get(reverse("admin:clinic_user_changelist")),
    }


DOORS = ["web", "web form", "api", "api post", "admin"]


def is_told(response: HttpResponse, door: str) -> bool:
    media = "application/problem+json" if door.startswith("api") else "text/html; charset=utf-8"
    return (response.status_code, response["Content-Type"], response.get("Retry-After")) == (503, media, "5")


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """The server's end of the connection is gone when this statement comes; the statements before it are listed."""
    seen: list[str] = []

    def kill(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 -- Django's signature
        seen.append(sql)
        if len(seen) == number:
            pid = connection.connection.info.backend_pid
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            other.close()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(kill):
        yield seen


def is_whole(here: Site) -> bool:
    """Every patient has their history and their entry in the trail, which verifies."""
    patients = Patient.objects.count()
    entries = AuditEvent.objects.filter(action="patient.register").count()
    return patients == Patient.history.count() == entries and verifying.first_broken(here) is None


@on_postgresql
@pytest.mark.parametrize("door", DOORS)
def test_a_connection_that_is_killed_anywhere_is_told(door: str, here: Site, doors: dict[str, Any]) -> None:
    with killed_at(0) as seen:
        assert doors[door]("0").status_code < 400
    assert len(seen) > 3
    told = 0
    for number in range(1, len(seen) + 1):
        with killed_at(number):
            response = doors[door](str(number))
        connection.close()  # as Django does between requests
        assert is_told(response, door), (number, response.status_code)
        told += 1
        assert is_whole(here)
    assert told == len(seen)
    assert doors[door]("again").status_code < 400


@on_sqlite
@pytest.mark.parametrize("door", ["web form", "api post"])
def test_a_locked_file_is_told(door: str, here: Site, doors: dict[str, Any]) -> None:
    holder = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20")
    response = doors[door]("1")
    holder.close()
    assert is_told(response, door)
    assert is_whole(here)
    assert doors[door]("1").status_code < 400
    connection.close()


@on_sqlite
@pytest.mark.parametrize("door", ["web form", "api post"])
def test_a_full_disk_is_told_and_nothing_is_half_written(door: str, here: Site, doors: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what other tests have left free would be used first
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
    responses = [doors[door](str(number)) for number in range(60)]
    refused = [response for response in responses if response.status_code >= 400]
    assert refused
    assert all(is_told(response, door) for response in refused)
    assert is_whole(here)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")
    assert doors[door]("again").status_code < 400
    assert Client().get("/readyz").status_code == 200


@on_sqlite
def test_a_file_that_is_damaged_is_an_outage() -> None:
    with pytest.raises(sqlite3.DatabaseError) as damaged:
        sqlite3.connect(__file__).execute("SELECT * FROM sqlite_master")
    assert is_outage(damaged.value)


def test_what_a_statement_did_wrong_is_no_outage() -> None:
    for fault in (IntegrityError("guard"), DatabaseError("Forced update did not affect any rows."), ValueError(), None):
        assert not is_outage(fault)
    with pytest.raises(DatabaseError) as wrong, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")
    assert not is_outage(wrong.value)
