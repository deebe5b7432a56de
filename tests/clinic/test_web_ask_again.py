"""Answers that were not given just now: too old to act upon, or brought along from an earlier intake."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock, protocols
from clinic.actions import intakes
from clinic.actions.answers import carried
from clinic.models import Assessment, Intake, Site, User
from clinic.web import answers
from tests import factories
from tests.clinic.test_web_sections import field, path, save

LATER = timedelta(days=40)
STUDY = {
    "modality": "mri",
    "region": "lumbar",
    "status": "reported",
    "class": "age_related",
    "performed_on": "2026-01-05",
}


@pytest.fixture
def reopened(here: Site, clinician: User) -> Intake:
    """Completed, and taken up again; the tests come to it forty days later."""
    assessment = factories.assessment(here, clinician)
    intakes.complete(intake=assessment.intake, by=clinician)
    intakes.reopen(intake=assessment.intake, reason="To ask again.", by=clinician)
    return Intake.objects.get(pk=assessment.intake.pk)


@pytest.fixture
def followed(here: Site, clinician: User) -> Intake:
    """A follow-up of an intake whose imaging had a date."""
    assessment = factories.assessment(here, clinician, imaging=[STUDY])
    intakes.complete(intake=assessment.intake, by=clinician)
    with clock.at(clock.now() + LATER):
        return intakes.open(patient=assessment.intake.patient, by=clinician)


def _still(intake: Intake) -> dict[str, object]:
    """What stays chosen on the page of red flags: the answers that no red flag rests on."""
    questions = protocols.get(intake.release).questions
    return {
        name: answers.stored(questions[name], entry["value"])
        for name, entry in intake.answers.items()
        if questions[name].section == "red_flags" and not questions[name].safety
    }


def test_a_safety_answer_too_old_to_act_upon_is_shown_and_not_chosen(client: Client, clinician: User, reopened: Intake):
    client.force_login(clinician)
    assert " checked" in field(client.get(path(reopened, "red_flags")), "ces_saddle")
    with clock.at(clock.now() + LATER):
        asked = field(client.get(path(reopened, "red_flags")), "ces_saddle")
    assert " checked" not in asked
    assert re.search("Last answer, .*: No. It is too old to act upon.", asked)


def test_other_answers_stay_chosen(client: Client, clinician: User, reopened: Intake):
    client.force_login(clinician)
    with clock.at(clock.now() + LATER):
        assert " checked" in field(client.get(path(reopened, "pain")), "pain_site")


def test_the_same_answer_given_again_is_fresh_and_one_left_open_stays_to_be_asked(
    client: Client, clinician: User, reopened: Intake
):
    client.force_login(clinician)
    with clock.at(clock.now() + LATER):
        assert save(client, reopened, "red_flags", **_still(reopened), ces_saddle="no").status_code == 302
        reopened.refresh_from_db()
        page = client.get(path(reopened, "red_flags"))
        assert reopened.answers["ces_saddle"]["at"].startswith(clock.today(None).isoformat())
    assert " checked" in field(page, "ces_saddle")
    assert " checked" not in field(page, "ces_bladder")
    assert reopened.answers["ces_bladder"]["value"] == "no"


def test_the_side_list_and_the_check_page_name_what_is_to_be_asked_again(
    client: Client, clinician: User, reopened: Intake
):
    client.force_login(clinician)
    check = reverse("check", args=[reopened.pk])
    assert "too old to act upon" not in client.get(check).content.decode()
    with clock.at(clock.now() + LATER):
        assert client.get(reverse("intake", args=[reopened.pk])).url != check
        shown = client.get(check).content.decode()
        side = client.get(path(reopened, "pain")).content.decode()
    assert "No referral is sent until they have been asked again." in shown
    assert f"{path(reopened, 'red_flags')}#q-ces_saddle" in shown
    assert "safety answers are too old to act upon." in side


def test_a_follow_up_asks_everything_afresh_that_no_protocol_calls_lasting(
    client: Client, clinician: User, followed: Intake
):
    client.force_login(clinician)
    with clock.at(clock.now() + LATER):
        imaging = client.get(path(followed, "imaging")).content.decode()
        asked = client.get(path(followed, "red_flags")).content.decode()
    assert 'value="2026-01-05"' not in imaging
    assert " checked" not in asked
    assert followed.answers == {}
    assert Assessment.objects.newest().get(intake=followed).disposition == "incomplete"


def test_what_is_brought_along_is_to_be_checked(client: Client, clinician: User, followed: Intake):
    """As a protocol lets it that calls its list of studies lasting."""
    earlier = followed.follows
    assert earlier is not None
    questions = protocols.get(followed.release).questions
    lasting = {**questions, "imaging": replace(questions["imaging"], lasting=True)}
    entries = carried(lasting, earlier.answers)
    with clock.at(clock.now() + LATER):
        intakes.amend(intake=followed, answers=entries, by=clinician, reason="brought along")
    client.force_login(clinician)
    with clock.at(clock.now() + LATER):
        brought = client.get(path(followed, "imaging")).content.decode()
    assert 'value="2026-01-05"' in brought
    assert "check that it still holds" in brought
