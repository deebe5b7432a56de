"""Red-flag answers age: what is too old has to be asked again before a referral is sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock, protocols
from clinic.actions import decisions, freshness, intakes, referrals
from clinic.actions.errors import Conflict
from clinic.models import Assessment, Intake, Referral, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller
from tests.clinic.test_web_results import DISTRESS

LIMIT = 14  # days; `fresh_days` of the protocol


@pytest.fixture
def referral(here: Site, clinician: User) -> Referral:
    assessment = factories.assessment(here, clinician, **DISTRESS)
    intakes.complete(intake=assessment.intake, by=clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    return Referral.objects.get(service="physiotherapy")


def stale(intake: Intake) -> list[str]:
    return freshness.stale_questions(intake, Assessment.objects.newest().get(intake=intake))


def send(referral: Referral, by: User) -> str:
    return referrals.advance(referral=referral, verb="send", destination="St Agnes", by=by).status


def test_the_limit_is_the_protocols(referral: Referral):
    assert protocols.get(referral.assessment.release).fresh_days == LIMIT


def test_on_the_last_day_answers_are_fresh_and_on_the_next_they_are_not(referral: Referral, clinician: User):
    intake = referral.assessment.intake
    with clock.at(clock.now() + timedelta(days=LIMIT)):
        assert stale(intake) == []
    with clock.at(clock.now() + timedelta(days=LIMIT + 1)):
        questions = protocols.get(intake.release).questions
        assert "ces_saddle" in stale(intake)
        assert all(questions[name].safety for name in stale(intake))
        with pytest.raises(Conflict, match=r"To be asked again before this is sent: .*ces_saddle"):
            send(referral, clinician)
    assert referral.status == "accepted"


def test_nothing_is_sent_while_the_intake_is_open(referral: Referral, clinician: User):
    intakes.reopen(intake=referral.assessment.intake, reason="To ask again.", by=clinician)
    with pytest.raises(Conflict, match="The intake is open"):
        send(referral, clinician)


def test_asked_again_with_the_same_answers_it_is_sent(referral: Referral, clinician: User):
    intake = referral.assessment.intake
    with clock.at(clock.now() + timedelta(days=LIMIT + 1)):
        intakes.reopen(intake=intake, reason="To ask again.", by=clinician)
        again = {name: intake.answers[name]["value"] for name in stale(intake)}
        intakes.answer(intake=intake, answers=again, by=clinician)
        intakes.complete(intake=intake, by=clinician)
        assert stale(Intake.objects.get(pk=intake.pk)) == []
        assert send(referral, clinician) == "sent"


def test_asked_again_with_a_red_flag_it_is_not(referral: Referral, clinician: User):
    intake = referral.assessment.intake
    with clock.at(clock.now() + timedelta(days=LIMIT + 1)):
        intakes.reopen(intake=intake, reason="To ask again.", by=clinician)
        again = {name: intake.answers[name]["value"] for name in stale(intake)} | {"ces_saddle": "yes"}
        intakes.answer(intake=intake, answers=again, by=clinician)
        intakes.complete(intake=intake, by=clinician)
        with pytest.raises(Conflict, match="decide on the newest result first"):
            send(referral, clinician)


def test_one_answer_that_is_left_old_still_holds_it_back(referral: Referral, clinician: User):
    intake = referral.assessment.intake
    with clock.at(clock.now() + timedelta(days=LIMIT + 1)):
        intakes.reopen(intake=intake, reason="To ask again.", by=clinician)
        again = {name: intake.answers[name]["value"] for name in stale(intake) if name != "fever"}
        intakes.answer(intake=intake, answers=again, by=clinician)
        intakes.complete(intake=intake, by=clinician)
        with pytest.raises(Conflict, match=r"To be asked again before this is sent: fever\."):
            send(referral, clinician)


def test_the_doors_name_what_is_to_be_asked_again(here: Site, client: Client, referral: Referral, clinician: User):
    with clock.at(clock.now() + timedelta(days=LIMIT + 1)):
        program = caller(Role.CLINICIAN, here)
        answer = program.post(f"referrals/{referral.pk}/send/", {"destination": "St Agnes"})
        assert answer.status_code == 409
        assert "answers.ces_saddle" in {each["path"] for each in answer.json()["errors"]}
        client.force_login(clinician)
        page = client.get(reverse("referral", args=[referral.pk])).content.decode()
    assert "Ask them again" in page
