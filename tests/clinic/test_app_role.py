"""The role that the server has in PostgreSQL cannot lower the guard or touch what was written once."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from clinic import guard
from clinic.models import Site, User
from clinic.permissions import Role
from tests import factories

ROLE = "yellowflag_app_under_test"
postgresql_only = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no roles")


@pytest.fixture
def app_role(here: Site) -> Iterator[None]:
    factories.assessment(here, factories.user(Role.CLINICIAN, here))
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        call_command("grant_app", ROLE)
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
        yield
        cursor.execute("RESET ROLE")


REFUSED = [
    "UPDATE clinic_assessment SET urgency = 'none'",
    "DELETE FROM clinic_auditevent",
    "UPDATE clinic_historicalpatient SET phone = ''",
    "DELETE FROM clinic_patient",
    "TRUNCATE clinic_auditevent",
    "ALTER TABLE clinic_assessment DISABLE TRIGGER ALL",
    "DROP TRIGGER guard_kept_clinic_assessment ON clinic_assessment",
    "SET session_replication_role = replica",
    'CREATE OR REPLACE FUNCTION "guard_kept_clinic_assessment"() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN END$$',
    "DELETE FROM django_migrations",
    "CREATE TABLE elsewhere (id integer)",
]


@postgresql_only
@pytest.mark.parametrize("statement", REFUSED)
def test_the_server_may_not(app_role: None, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@postgresql_only
def test_the_server_may_do_all_that_it_does(app_role: None) -> None:
    somewhere = factories.site()
    factories.assessment(somewhere, factories.user(Role.CLINICIAN, somewhere))
    connection.check_constraints()


@postgresql_only
def test_in_a_clinic_the_server_starts_as_that_role_only(app_role: None, settings: Any) -> None:
    guard.require()
    settings.DEMO = False
    guard.require()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    with pytest.raises(ImproperlyConfigured, match="could take the guard away"):
        guard.require()


@postgresql_only
def test_a_role_that_is_not_there_or_may_do_everything_is_refused(db: None) -> None:
    for role, why in (("nobody-here", "There is no role"), ("postgres", "may do everything already")):
        with pytest.raises(CommandError, match=why):
            call_command("grant_app", role)


@pytest.mark.skipif("connection.vendor == 'postgresql'", reason="said on SQLite only")
def test_on_sqlite_it_says_why_there_is_nothing_to_grant(clerk: User) -> None:
    with pytest.raises(CommandError, match="Roles are of PostgreSQL"):
        call_command("grant_app", "anybody")
