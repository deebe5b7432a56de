"""An emergency access ends by the person, by its time or with the role, and every one of them has a start, an end and a review."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actions import break_glass, people
from clinic.actions.errors import NotFound
from clinic.models import AuditEvent, BreakGlass, Patient, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.apps import later


@pytest.fixture
def patient(elsewhere: Site) -> Patient:
    return factories.patient(elsewhere, reference="E-100", family_name="Quillfeather")


@pytest.fixture
def access(patient: Patient, clinician: User) -> BreakGlass:
    return factories.emergency_access(patient, clinician)


@pytest.fixture
def reader(client: Client, clinician: User) -> Client:
    client.force_login(clinician)
    return client


def told(site: Site, *actions: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(site=site, action__in=actions).order_by("seq"))


def status(client: Client, name: str, pk: Any, *, method: str = "get") -> int:
    answered: int = getattr(client, method)(reverse(name, args=[pk])).status_code
    return answered


def test_stopping_it_again_changes_nothing(reader: Client, access: BreakGlass, elsewhere: Site):
    for _ in range(2):
        assert status(reader, "break_glass_stop", access.pk, method="post") == 302
    assert [each.detail["ending"] for each in told(elsewhere, "break_glass.stop")] == ["stopped"]


def test_nobody_stops_an_access_of_another(client: Client, access: BreakGlass, here: Site, elsewhere: Site):
    for somebody in (factories.user(Role.CLINICIAN, here), factories.user(Role.CLINICIAN, elsewhere)):
        client.force_login(somebody)
        assert status(client, "break_glass_stop", access.pk, method="post") == 404
        with pytest.raises(NotFound):
            break_glass.stop(access=access, by=somebody)


def test_a_role_that_is_taken_away_takes_it_along_at_once(
    reader: Client, clinician: User, admin: User, access: BreakGlass, elsewhere: Site
):
    assert status(reader, "patient", access.patient_id) == 200
    people.grant(user=clinician, site=access.by.memberships.get().site, role=Role.CLERK, by=admin)
    people.end(membership=clinician.memberships.get(role=Role.CLINICIAN), by=admin)
    assert status(reader, "patient", access.patient_id) == 302  # the session has ended
    reader.force_login(clinician)
    assert status(reader, "patient", access.patient_id) == 404
    assert [each.detail["ending"] for each in told(elsewhere, "break_glass.stop")] == ["withdrawn"]


def test_who_is_deactivated_reads_no_more_and_the_access_is_ended(
    reader: Client, clinician: User, admin: User, access: BreakGlass, elsewhere: Site
):
    people.change(user=clinician, changes={"is_active": False}, by=admin)
    assert status(reader, "patient", access.patient_id) == 302
    assert break_glass.end_what_is_over() == 1
    assert [each.detail["ending"] for each in told(elsewhere, "break_glass.stop")] == ["withdrawn"]


def test_cron_ends_what_is_over_and_nothing_else(patient: Patient, clinician: User, access: BreakGlass, here: Site):
    with later(minutes=20):
        other = factories.emergency_access(patient, factories.user(Role.CLINICIAN, here))
    with later(minutes=31):
        call_command("chase")
        call_command("chase")
    endings = dict(BreakGlass.objects.values_list("pk", "ending"))
    assert endings == {access.pk: "expired", other.pk: ""}


def test_a_read_in_the_ordinary_way_bears_no_purpose(client: Client, elsewhere: Site, access: BreakGlass):
    client.force_login(factories.user(Role.CLINICIAN, elsewhere))
    assert status(client, "patient", access.patient_id) == 200
    assert [each.detail for each in told(elsewhere, "patient.read")] == [{}]


def test_every_access_has_a_start_an_end_and_a_review(here: Site, elsewhere: Site, admin: User):
    """A hundred of ten people, ended in every way there is."""
    auditor = factories.user(Role.AUDITOR, elsewhere)
    seen = [factories.patient(elsewhere) for _ in range(10)]
    clinicians = [factories.user(Role.CLINICIAN, here) for _ in range(10)]
    for number, by in enumerate(clinicians):
        for patient in seen:
            access = factories.emergency_access(patient, by)
            if number % 3 == 0:
                break_glass.stop(access=access, by=by)
        if number % 3 == 1:
            people.end(membership=by.memberships.get(), by=admin)
    with later(minutes=31):
        break_glass.end_what_is_over()
        for access in BreakGlass.objects.unreviewed():
            break_glass.review(access=access, finding="justified", remark="", by=auditor)
    entries = AuditEvent.objects.filter(site=elsewhere)
    assert set(BreakGlass.objects.values_list("ending", flat=True)) == {"stopped", "expired", "withdrawn"}
    assert BreakGlass.objects.count() == 100
    for access in BreakGlass.objects.all():
        about = entries.filter(object_id=access.pk).order_by("seq").values_list("action", flat=True)
        assert list(about) == ["break_glass.start", "break_glass.stop", "break_glass.review"]
        assert access.reviewed_by == auditor


def test_the_database_takes_no_access_without_an_end_nor_a_review_of_ones_own(access: BreakGlass, clinician: User):
    for changed in (
        {"ends_at": access.started_at},
        {"ended_at": clock.now()},
        {"ending": "stopped"},
        {"reviewed_at": clock.now(), "reviewed_by": factories.user(Role.AUDITOR, access.site), "finding": "justified"},
        {
            "ended_at": clock.now(),
            "ending": "stopped",
            "reviewed_at": clock.now(),
            "reviewed_by": clinician,
            "finding": "unclear",
        },
    ):
        one = BreakGlass.objects.get(pk=access.pk)
        for name, value in changed.items():
            setattr(one, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            one.save_as(by=clinician, reason="a reason")
