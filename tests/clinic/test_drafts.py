"""What is typed and not saved is kept for who typed it, filled in again, and never taken for an answer."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actions import erasing, intakes, patients, tidying
from clinic.models import Assessment, AuditEvent, Draft, Intake, Site, User
from clinic.permissions import Role
from tests import factories

FEVER, LOSS = "answer-fever", "answer-weight_loss"


@pytest.fixture
def intake(here: Site, clerk: User) -> Intake:
    return factories.open_intake(here, clerk)


def address(intake: Intake, name: str = "draft", section: str = "red_flags") -> str:
    return reverse(name, args=[intake.pk, section])


def typed(client: Client, intake: Intake, user: User, section: str = "red_flags", **fields: str) -> int:
    """What the page's script sends, and the status of the answer."""
    client.force_login(user)
    form = {"version": str(intake.version), "csrfmiddlewaretoken": "of-the-page"} | fields
    return client.post(address(intake, section=section), form).status_code


def page(client: Client, intake: Intake, user: User, section: str = "red_flags") -> str:
    client.force_login(user)
    return client.get(address(intake, "section", section)).content.decode()


def chosen(html: str, name: str, value: str) -> bool:
    (field,) = [each for each in html.split("<input")[1:] if f'name="{name}"' in each and f'value="{value}"' in each]
    return " checked" in field.split(">")[0]


def test_it_is_kept_and_is_no_answer(client: Client, intake: Intake, clerk: User):
    before = (Assessment.objects.count(), AuditEvent.objects.count(), intake.history.count())
    assert typed(client, intake, clerk, **{FEVER: "yes"}) == 204
    intake.refresh_from_db()
    assert (intake.answers, intake.version) == ({}, 1)
    assert (Assessment.objects.count(), AuditEvent.objects.count(), intake.history.count()) == before


def test_it_is_filled_in_again_for_who_typed_it_and_for_nobody_else(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    typed(client, intake, clerk, **{FEVER: "yes"})
    typed(client, intake, clerk, **{FEVER: "yes", LOSS: "no"})
    assert Draft.objects.count() == 1
    mine = page(client, intake, clerk)
    assert "Not saved yet" in mine
    assert chosen(mine, FEVER, "yes")
    assert chosen(mine, LOSS, "no")
    theirs = page(client, intake, clinician)
    assert "Not saved yet" not in theirs
    assert not chosen(theirs, FEVER, "yes")


def test_half_a_number_is_kept_as_it_was_typed(client: Client, intake: Intake, clerk: User):
    typed(client, intake, clerk, "pain", **{"answer-duration_days": "8 w"})
    assert 'value="8 w"' in page(client, intake, clerk, "pain")


def test_it_goes_when_it_is_saved_or_thrown_away(client: Client, intake: Intake, clerk: User):
    typed(client, intake, clerk, **{FEVER: "no"})
    client.post(address(intake, "section"), {"version": "1", FEVER: "no"})
    assert not Draft.objects.exists()
    intake.refresh_from_db()
    typed(client, intake, clerk, **{LOSS: "yes"})
    thrown = client.post(address(intake), {"discard": "1"}, follow=True)
    assert "What you had typed is thrown away." in thrown.content.decode()
    assert not Draft.objects.exists()


def test_a_form_that_is_refused_keeps_it(client: Client, intake: Intake, clerk: User):
    typed(client, intake, clerk, "pain", **{"answer-duration_days": "long"})
    refused = client.post(address(intake, "section", "pain"), {"version": "1", "answer-duration_days": "long"})
    assert refused.status_code == 422
    assert Draft.objects.count() == 1


def test_what_was_saved_since_is_shown_beside_it(client: Client, intake: Intake, clerk: User, clinician: User):
    typed(client, intake, clerk, **{FEVER: "no"})
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clinician)
    mine = page(client, intake, clerk)
    assert "Somebody else saved this intake" in mine
    assert chosen(mine, FEVER, "no")
    assert "Changed meanwhile" in mine


def test_what_was_saved_elsewhere_in_the_intake_is_no_matter(client: Client, intake: Intake, clerk: User):
    typed(client, intake, clerk, **{FEVER: "no"})
    intakes.answer(intake=intake, answers={"course": "same"}, by=clerk)
    mine = page(client, intake, clerk)
    assert chosen(mine, FEVER, "no")
    assert "Somebody else saved" not in mine


def test_nobody_completes_an_intake_over_what_they_typed(client: Client, here: Site, clerk: User, clinician: User):
    intake = factories.assessment(here, clinician).intake
    typed(client, intake, clinician, **{FEVER: "yes"})
    refused = client.post(reverse("complete", args=[intake.pk]))
    assert refused.status_code == 409
    assert "Typed and not saved" in refused.content.decode()
    assert address(intake, "section") in refused.content.decode()
    client.post(address(intake), {"discard": "1"})
    typed(client, intake, clerk, **{FEVER: "yes"})
    client.force_login(clinician)
    told = client.get(reverse("check", args=[intake.pk])).content.decode()
    assert "Typed and not saved" in told
    assert clerk.display_name in told
    assert client.post(reverse("complete", args=[intake.pk])).status_code == 302


def test_a_closed_intake_takes_none(client: Client, intake: Intake, clerk: User):
    intakes.cancel(intake=intake, reason="Left.", by=clerk)
    assert typed(client, intake, clerk, **{FEVER: "yes"}) == 409
    assert not Draft.objects.exists()


def test_another_sites_intake_takes_none(client: Client, intake: Intake, elsewhere: Site):
    assert typed(client, intake, factories.user(Role.CLERK, elsewhere), **{FEVER: "yes"}) == 404
    assert not Draft.objects.exists()


def test_it_lies_sealed_and_goes_with_the_patient(client: Client, intake: Intake, clerk: User, admin: User):
    typed(client, intake, clerk, "pain", **{"answer-duration_days": "canary-typed"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT form FROM clinic_draft")
        assert "canary" not in cursor.fetchone()[0]
    intakes.cancel(intake=intake, reason="Left.", by=clerk)
    with clock.at(clock.now() + timedelta(days=366 * 40)):
        erasing.erase(patient=patients.Patient.objects.get(pk=intake.patient_id), reason="As asked.", by=admin)
    assert not Draft.objects.exists()


def test_it_is_forgotten_after_two_weeks(client: Client, intake: Intake, clerk: User):
    typed(client, intake, clerk, **{FEVER: "yes"})
    with clock.at(clock.now() + timedelta(days=13)):
        tidying.tidy()
    assert Draft.objects.exists()
    with clock.at(clock.now() + timedelta(days=15)):
        tidying.tidy()
    assert not Draft.objects.exists()
