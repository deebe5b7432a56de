"""Nothing is changed without its history and nothing written once is changed, whichever way it is tried."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.core import serializers
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from clinic import guard, sealing
from clinic.actions import patients
from clinic.guard import guarded, postgresql, sqlite
from clinic.models import Assessment, AuditEvent, AuditHead, Membership, Patient, PatientKey, User
from clinic.models.base import uuid7
from clinic.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


class Record(NamedTuple):
    """A patient with an assessment, and who made it."""

    patient: Patient
    assessment: Assessment
    clinician: User


@pytest.fixture
def record(db: None) -> Record:
    site = factories.site()
    clinician = factories.user(Role.CLINICIAN, site)
    assessment = factories.assessment(site, clinician)
    return Record(assessment.intake.patient, assessment, clinician)


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_plain(value) for value in values])


def _plain(value: object) -> object:
    return value.hex if connection.vendor == "sqlite" and hasattr(value, "hex") else value


def plain(model: type[models.Model]) -> "models.QuerySet[Any]":
    """Rows without our own refusals."""
    return models.QuerySet(model)


def upserted(record: Record) -> None:
    record.patient.phone = "0"
    plain(Patient).bulk_create([record.patient], update_conflicts=True, update_fields=["phone"], unique_fields=["id"])


def many_at_once(record: Record) -> None:
    record.patient.sex = "other"
    plain(Patient).bulk_update([record.patient], ["sex"])


def another(record: Record) -> Patient:
    patient = Patient(
        site=record.patient.site,
        reference="X",
        given_name="A",
        family_name="B",
        date_of_birth="1980-01-01",
        sex="other",
    )
    key = PatientKey(patient=patient)
    key.put(sealing.new_key())
    key.save()
    return patient


def loaded(record: Record) -> None:
    """As `loaddata` does."""
    membership = Membership.objects.get(user=record.clinician)
    membership.role = Role.ADMIN
    for each in serializers.deserialize("json", serializers.serialize("json", [membership])):
        each.save()


def without_history(record: Record) -> None:
    record.patient.phone = "0"
    record.patient._history_user, record.patient._change_reason = record.clinician, "a reason"
    record.patient.skip_history_when_saving = True
    record.patient.save()


def with_history_switched_off(record: Record) -> None:
    record.patient.phone = "0"
    with override_settings(SIMPLE_HISTORY_ENABLED=False):
        record.patient.save_as(by=record.clinician, reason="a reason")


def from_a_stale_copy(record: Record) -> None:
    """Two read the same row and each saves one column: what history then tells of the second never was."""
    first, second = (Patient.objects.get(pk=record.patient.pk) for _ in range(2))
    first.phone, second.given_name = "01632 960001", "Zoe"
    for copy, name in ((first, "phone"), (second, "given_name")):
        copy._history_user, copy._change_reason = record.clinician, "a reason"
        copy.save(update_fields=[name])


def by_a_migration(record: Record) -> None:
    executor = MigrationExecutor(connection)
    state = executor.loader.project_state(executor.loader.graph.leaf_nodes())
    old = state.apps.get_model("clinic", "Patient").objects.get(pk=record.patient.pk)
    old.sex = "other"
    old.save()


def a_history_of_its_own(record: Record) -> None:
    newest = record.patient.history.latest("history_id")
    newest.pk, newest.phone = None, "0"
    newest.save(force_insert=True)


def history_before(record: Record) -> None:
    """A past that is put in later; what is newest stays as it is."""
    newest = record.patient.history.latest("history_id")
    newest.pk, newest.phone = 0, "0"
    newest.save(force_insert=True)


def with_history(record: Patient | Membership, **changes: object) -> None:
    """A row of history made by hand, so that what it tells of is not missed."""
    newest = record.history.latest("history_id")
    for name, value in changes.items():
        setattr(newest, name, value)
    newest.pk = None
    newest.save(force_insert=True)


def under_another_id(record: Record) -> None:
    """As if the first row had never been."""
    membership, other = Membership.objects.get(user=record.clinician), uuid7()
    sql("UPDATE clinic_membership SET id = %s WHERE id = %s", other, membership.pk)
    with_history(membership, id=other)


def replaced(record: Record) -> None:
    """REPLACE deletes without firing a trigger on SQLite; PostgreSQL has no such way and empties the table."""
    if connection.vendor == "postgresql":
        sql("TRUNCATE clinic_assessment CASCADE")
    names = ", ".join(f'"{field.column}"' for field in Assessment._meta.concrete_fields)
    shown = names.replace('"urgency"', "'now'")
    sql(f"INSERT OR REPLACE INTO clinic_assessment ({names}) SELECT {shown} FROM clinic_assessment")


def pushed_out(record: Record) -> None:
    """A membership given the place of another pushes that one out on SQLite."""
    one, other = (Membership.objects.get(user=factories.user(Role.CLERK, record.patient.site)) for _ in range(2))
    way = "UPDATE OR REPLACE" if connection.vendor == "sqlite" else "UPDATE"
    with_history(other, user_id=one.user_id)
    sql(f"{way} clinic_membership SET user_id = %s WHERE id = %s", one.user_id, other.pk)


def emptied(record: Record) -> None:
    table = Patient.history.model._meta.db_table
    sql(f"TRUNCATE {table}" if connection.vendor == "postgresql" else f"DELETE FROM {table}")


PATHS: dict[str, Callable[[Record], object]] = {
    "queryset.update": lambda record: plain(Patient).update(sex="other"),
    "bulk_update": many_at_once,
    "bulk_create": lambda record: plain(Patient).bulk_create([another(record)]),
    "bulk_create that updates": upserted,
    "SQL update": lambda record: sql("UPDATE clinic_patient SET phone = '0'"),
    "SQL update of a role": lambda record: sql("UPDATE clinic_membership SET role = 'admin'"),
    "SQL update of answers": lambda record: sql("UPDATE clinic_intake SET answers = '{}'"),
    "SQL insert": lambda record: sql(
        "INSERT INTO clinic_membership (id, user_id, site_id, role, is_active) VALUES (%s, %s, %s, 'admin', true)",
        uuid7(),
        record.clinician.pk,
        record.patient.site_id,
    ),
    "SQL delete": lambda record: sql("DELETE FROM clinic_membership"),
    "raw delete": lambda record: plain(Membership)._raw_delete(connection.alias),
    "loaddata": loaded,
    "save without history": without_history,
    "history switched off": with_history_switched_off,
    "a stale copy": from_a_stale_copy,
    "a migration": by_a_migration,
    "another id": under_another_id,
    "history changed": lambda record: plain(Patient.history.model).update(sex="other"),
    "history removed": lambda record: plain(Patient.history.model).all()._raw_delete(connection.alias),
    "history forged": a_history_of_its_own,
    "history put in later": history_before,
    "history emptied": emptied,
    "an assessment changed": lambda record: plain(Assessment).update(urgency="none"),
    "an assessment removed": lambda record: plain(Assessment)._raw_delete(connection.alias),
    "an assessment replaced": replaced,
    "a membership pushed out": pushed_out,
    "the trail changed": lambda record: plain(AuditEvent).update(actor_label="Somebody Else"),
    "the trail cut short": lambda record: sql(
        "DELETE FROM clinic_auditevent WHERE seq = (SELECT max(seq) FROM clinic_auditevent)"
    ),
    "the end of the trail set back": lambda record: plain(AuditHead).update(seq=1),
    "the end of the trail removed": lambda record: plain(AuditHead)._raw_delete(connection.alias),
}


def stored() -> str:
    """All that is stored of what the guard stands over."""
    tables = [*guarded.kept(), *(each.table for each in guarded.edited()), guarded.heads()]
    return json.dumps(
        [list(guarded.model_of(table)._base_manager.order_by("pk").values()) for table in tables], default=str
    )


@pytest.mark.parametrize("path", PATHS)
def test_the_database_refuses_it_and_nothing_is_changed(record: Record, path: str) -> None:
    before = stored()
    with pytest.raises(IntegrityError), transaction.atomic():
        PATHS[path](record)
    assert stored() == before


def test_every_kind_of_trigger_is_all_that_stands_in_somebodys_way(record: Record) -> None:
    kinds: defaultdict[str, list[guarded.Trigger]] = defaultdict(list)
    for each in triggers():
        kinds[each.name.removesuffix(each.table)].append(each)
    for kind, some in kinds.items():
        for each in some:
            _drop(each.name, each.table)
        assert any(_is_let_through(path, record) for path in PATHS.values()), kind
        guard.raise_guard()


def _is_let_through(path: Callable[[Record], object], record: Record) -> bool:
    """Whether it could be committed; it is not, though."""
    afresh = record._replace(patient=Patient.objects.get(pk=record.patient.pk))
    try:
        with transaction.atomic():
            path(afresh)
            connection.check_constraints()
            transaction.set_rollback(True)
    except IntegrityError:
        return False
    return True


def _drop(name: str, table: str) -> None:
    sql(f'DROP TRIGGER "{name}"' + (f' ON "{table}"' if connection.vendor == "postgresql" else ""))


def test_what_is_done_as_it_should_be_is_let_through(record: Record) -> None:
    patients.correct(patient=record.patient, changes={"phone": "01632 960001"}, by=record.clinician)
    assert Patient.objects.get(pk=record.patient.pk).phone == "01632 960001"
    assert not guard.faults()


def test_each_trigger_that_is_missing_is_named_and_is_put_back() -> None:
    for name, table in [(each.name, each.table) for each in triggers()][::7]:
        _drop(name, table)
        assert guard.faults() == [name]
        guard.raise_guard()
        assert not guard.faults()


def test_a_trigger_with_nothing_in_it_is_not_the_guard() -> None:
    name = "guard_removed_clinic_assessment"
    if connection.vendor == "postgresql":
        name = "guard_kept_clinic_assessment"
        sql(f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$')
    else:
        sql(f'DROP TRIGGER "{name}"')
        sql(f'CREATE TRIGGER "{name}" BEFORE DELETE ON clinic_assessment BEGIN SELECT 1; END')
    assert guard.faults() == [name]
    guard.raise_guard()
    assert not guard.faults()


def test_a_migration_is_made_without_the_guard_and_ends_with_it() -> None:
    """SQLite makes a table anew to change it, and the triggers go with the old one."""
    call_command("migrate", "clinic", "zero", verbosity=0)
    assert guard.faults()
    call_command("migrate", verbosity=0)
    assert not guard.faults()


def test_nothing_to_migrate_leaves_the_guard_where_it_is() -> None:
    with CaptureQueriesContext(connection) as queries:
        call_command("migrate", verbosity=0)
    assert not [each for each in queries.captured_queries if each["sql"].startswith(("CREATE", "DROP"))]


def triggers() -> list[guarded.Trigger]:
    dialect = postgresql if connection.vendor == "postgresql" else sqlite
    return list(dialect.triggers())


def test_a_server_does_not_start_without_the_guard() -> None:
    guard.require()
    first = triggers()[0]
    _drop(first.name, first.table)
    with pytest.raises(ImproperlyConfigured, match=first.name):
        guard.require()
    guard.raise_guard()
