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
from tests.clinic.sending import close

FEVER, LOSS = "answer-fever", "answer-weight_loss"
PAGE, OTHER = "page-0123456789-a", "page-0123456789-b"


@pytest.fixture
def intake(here: Site, clerk: User) -> Intake:
    return factories.open_intake(here, clerk)


def address(intake: Intake, name: str = "draft", section: str = "red_flags") -> str:
    return reverse(name, args=[intake.pk, section])


def typed(
    client: Client, intake: Intake, user: User, section: str = "red_flags", *, on: str = PAGE, **fields: str
) -> int:
    """What the page's script sends, and the status of the answer."""
    client.force_login(user)
    form = {"version": str(intake.version), "csrfmiddlewaretoken": "of-the-page", "page": on} | fields
    return client.post(address(intake, section=section), form).status_code


def saved(client: Client, intake: Intake, *pages: str, **fields: str) -> None:
    intake.refresh_from_db()
    form = {"version": str(intake.version), "page": pages} | fields
    assert client.post(address(intake, "section"), form).status_code == 302
    intake.refresh_from_db()


def page(client: Client, intake: Intake, user: User, section: str = "red_flags") -> str:
    client.force_login(user)
    return client.get(address(intake, "section", section)).content.decode()


def chosen(html: str, name: str, value: str) -> bool:
    (field,) = [each for each in html.split("<input")[1:] if f'name="{name}"' in each and f'value="{value}"' in each]
    return " checked" in field.split(">")[0]


def test_it_is_kept_and_is_no_answer(client: Client, intake: Intake, clerk: User):
    before = (Assessment.objects.count(), AuditEvent.objects.count(), intake.history.count())
    assert typed(client, intake, clerk, **{FEVER: "no", LOSS: "yes"}) == 204
    intake.refresh_from_db()
    assert (intake.answers, intake.version) == ({}, 1)
    assert (Assessment.objects.count(), AuditEvent.objects.count(), intake.history.count()) == before


def test_it_is_filled_in_again_for_who_typed_it_and_for_nobody_else(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    typed(client, intake, clerk, **{FEVER: "yes"})
    typed(client, intake, clerk, **{FEVER: "yes", LOSS: "no"})
    assert Draft.objects.live().count() == 1
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
    saved(client, intake, PAGE, **{FEVER: "no"})
    assert not Draft.objects.live().exists()
    typed(client, intake, clerk, on=OTHER, **{FEVER: "no", LOSS: "yes"})
    thrown = client.post(address(intake), {"discard": "1", "page": OTHER}, follow=True)
    assert "What you had typed is thrown away." in thrown.content.decode()
    assert not Draft.objects.live().exists()


@pytest.mark.parametrize("how", ["saved", "thrown away"])
def test_what_its_page_sent_late_does_not_come_back(client: Client, intake: Intake, clerk: User, how: str):
    typed(client, intake, clerk, **{FEVER: "no"})
    if how == "saved":
        saved(client, intake, PAGE, **{FEVER: "no"})
    else:
        client.post(address(intake), {"discard": "1", "page": PAGE})
    assert typed(client, intake, clerk, **{FEVER: "no", LOSS: "yes"}) == 202
    assert not Draft.objects.live().exists()
    assert typed(client, intake, clerk, on=OTHER, **{FEVER: "no", LOSS: "yes"}) == 204
    assert Draft.objects.live().exists()


def test_what_was_typed_in_another_tab_stays(client: Client, intake: Intake, clerk: User):
    typed(client, intake, clerk, on=OTHER, **{LOSS: "yes"})
    typed(client, intake, clerk, **{FEVER: "no"})
    saved(client, intake, PAGE, **{FEVER: "no"})
    mine = page(client, intake, clerk)
    assert chosen(mine, LOSS, "yes")
    assert chosen(mine, FEVER, "no")
    assert mine.count(f'value="{OTHER}"') == 2
    saved(client, intake, "page-0123456789-c", OTHER, **{FEVER: "no", LOSS: "yes"})
    assert not Draft.objects.live().exists()


def test_what_is_put_back_as_it_was_is_no_draft(client: Client, intake: Intake, clerk: User):
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk)
    typed(client, intake, clerk, **{FEVER: "yes"})
    typed(client, intake, clerk, **{FEVER: "no"})
    assert not Draft.objects.exists()


def test_a_safety_answer_that_grew_old_is_not_renewed_by_a_draft(client: Client, intake: Intake, clerk: User):
    """It stood on the page when something else was typed; nobody has asked it again."""
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk)
    with clock.at(clock.now() + timedelta(days=10)):
        typed(client, intake, clerk, **{FEVER: "no", LOSS: "no"})
    with clock.at(clock.now() + timedelta(days=16)):
        mine = page(client, intake, clerk)
        assert chosen(mine, LOSS, "no")
        assert not chosen(mine, FEVER, "no")
        typed(client, intake, clerk, **{FEVER: "no", LOSS: "no"})
        assert chosen(page(client, intake, clerk), FEVER, "no")


def test_a_safety_answer_that_was_asked_again_stays_typed_whoever_saves_something_else(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk)
    with clock.at(clock.now() + timedelta(days=16)):
        intake.refresh_from_db()
        seen = intake.version
        intakes.answer(intake=intake, answers={"course": "same"}, by=clinician)
        client.force_login(clerk)
        form = {"version": str(seen), "page": PAGE, FEVER: "no"}
        assert client.post(address(intake), form).status_code == 204
        assert chosen(page(client, intake, clerk), FEVER, "no")


def test_a_blank_hides_no_answer_that_somebody_else_asked_again(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk)
    with clock.at(clock.now() + timedelta(days=16)):
        intake.refresh_from_db()
        form = {"version": str(intake.version), "page": PAGE, LOSS: "no"}
        intakes.answer(intake=intake, answers={"fever": "yes"}, by=clinician)
        client.force_login(clerk)
        assert client.post(address(intake), form).status_code == 204
        assert chosen(page(client, intake, clerk), FEVER, "yes")
        stale = client.post(address(intake, "section"), form | {FEVER: "no"}).content.decode()
        assert chosen(stale, FEVER, "no")
        assert "Changed meanwhile" in stale


def test_a_mark_on_the_page_of_a_conflict_stays_in_its_draft(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    """Also where that page's draft is the first to arrive."""
    form = {"version": str(intake.version), "since": str(intake.version), "page": PAGE, FEVER: "no"}
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clinician)
    client.force_login(clerk)
    conflict = client.post(address(intake, "section"), form)
    assert conflict.status_code == 409
    since = conflict.content.decode().split('name="since" value="')[1].split('"')[0]
    intake.refresh_from_db()
    client.post(address(intake), form | {"version": str(intake.version), "since": since})
    assert "Changed meanwhile" in page(client, intake, clerk)


def test_what_somebody_else_saved_is_shown_until_it_is_saved_over(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    typed(client, intake, clerk, **{FEVER: "no"})
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clinician)
    typed(client, intake, clerk, on=OTHER, **{FEVER: "no", LOSS: "no"})
    client.post(address(intake), {"version": str(intake.version), "page": [OTHER, PAGE], FEVER: "no", LOSS: "no"})
    mine = page(client, intake, clerk)
    assert "Changed meanwhile" in mine
    assert chosen(mine, FEVER, "no")


def test_an_answer_of_somebody_else_is_shown_where_nothing_was_typed(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    typed(client, intake, clerk, **{LOSS: "no"})
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clinician)
    assert chosen(page(client, intake, clerk), FEVER, "no")


@pytest.mark.parametrize("wrong", [{"page": ""}, {"page": "<script>"}, {"version": "99"}, {"version": ""}])
def test_what_is_no_form_of_ours_is_refused(client: Client, intake: Intake, clerk: User, wrong: dict[str, str]):
    client.force_login(clerk)
    form = {"version": "1", "page": PAGE, FEVER: "no"} | wrong
    assert client.post(address(intake), form).status_code == 400
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
    assert chosen(mine, FEVER, "no")
    assert "Changed meanwhile" in mine


def test_what_was_saved_elsewhere_in_the_intake_is_no_matter(client: Client, intake: Intake, clerk: User):
    typed(client, intake, clerk, **{FEVER: "no"})
    intakes.answer(intake=intake, answers={"course": "same"}, by=clerk)
    mine = page(client, intake, clerk)
    assert chosen(mine, FEVER, "no")
    assert "Changed meanwhile" not in mine


def test_nobody_completes_an_intake_over_what_they_typed(client: Client, here: Site, clerk: User, clinician: User):
    intake = factories.assessment(here, clinician).intake
    typed(client, intake, clinician, **{LOSS: "yes"})
    refused = close(client, intake, "complete")
    assert refused.status_code == 409
    assert "Typed and not saved" in refused.content.decode()
    assert address(intake, "section") in refused.content.decode()
    client.post(address(intake), {"discard": "1", "page": PAGE})
    typed(client, intake, clerk, **{LOSS: "yes"})
    client.force_login(clinician)
    told = client.get(reverse("check", args=[intake.pk])).content.decode()
    assert "Typed and not saved" in told
    assert clerk.display_name in told
    assert close(client, intake, "complete").status_code == 302


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
