"""The timeline of an intake, and the number of queries that lists need."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actions import chasing, decisions, intakes, stops
from clinic.models import Assessment, Intake, Site, User
from clinic.web.timeline import Event
from tests import factories

LATE = "Late: chased"


def events(client: Client, intake: Intake) -> list[Event]:
    days = client.get(reverse("timeline", args=[intake.pk])).context["days"]
    return [event for day in days for event in day.events]


def test_every_change_is_told_with_who_and_from_what_to_what(client: Client, here: Site, clerk: User, clinician: User):
    intake = factories.open_intake(here, by=clerk)
    intakes.answer(intake=intake, answers={"fever": "no", "duration_days": 21}, by=clerk)
    intakes.answer(intake=intake, answers={"fever": "not_sure"}, by=clinician)
    client.force_login(clinician)
    corrected, answered, opened = events(client, intake)
    assert (opened.title, opened.by) == ("Intake opened", clerk.display_name)
    assert [(each.was, each.now) for each in answered.changes] == [("Not asked", "21 days"), ("Not asked", "No")]
    assert [(each.was, each.now) for each in corrected.changes] == [("No", "Not sure")]
    assert corrected.by == clinician.display_name
    assert (corrected.tag_before.text, corrected.tag.text) == ("Incomplete", "Medical review")


def test_what_was_decided_and_done_is_told_too(client: Client, here: Site, clinician: User):
    assessment = factories.assessment(here, clinician, ces_saddle="yes")
    stops.record(assessment=assessment, text="Sent by ambulance.", by=clinician)
    intakes.complete(intake=assessment.intake, by=clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    client.force_login(clinician)
    titles = [str(event.title) for event in events(client, assessment.intake)]
    assert titles[:3] == ["Decided: Accepted", "Intake completed", "Recorded what was done"]
    texts = [event.text for event in events(client, assessment.intake)]
    assert "Sent by ambulance." in texts


def test_referrals_and_cancellation_are_told(client: Client, here: Site, clinician: User):
    assessment = factories.assessment(here, clinician, duration_days=10, off_work="yes")
    assert assessment.outcome["referrals"]
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    intakes.cancel(intake=assessment.intake, reason="Moved away.", by=clinician)
    client.force_login(clinician)
    told = [(str(event.title), event.text) for event in events(client, assessment.intake)]
    assert ("Intake cancelled", "Moved away.") in told
    assert any(title.startswith("Referral: ") for title, _ in told)


def test_of_two_late_referrals_it_is_told_which_is_which(client: Client, here: Site, clinician: User):
    with clock.at(clock.now() - timedelta(days=3)):
        assessment = factories.assessment(here, clinician, "distressed_after_treatment")
        decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    chasing.chase()
    client.force_login(clinician)
    late = sorted(event.text.splitlines()[0] for event in events(client, assessment.intake) if event.title == LATE)
    assert late == [
        "Answers",
        "Cognitive behavioural therapy: A clinician sends it",
        "Physiotherapy: A clinician sends it",
    ]


def queries(client: Client, path: str, django_assert_max_num_queries: Any) -> int:
    with django_assert_max_num_queries(30) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.fixture
def busy(here: Site, clinician: User) -> Assessment:
    assessment = factories.assessment(here, clinician, duration_days=10, off_work="yes")
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    return assessment


def test_the_timeline_needs_as_many_queries_for_one_change_as_for_many(
    client: Client, clinician: User, busy: Assessment, django_assert_max_num_queries: Any
):
    client.force_login(clinician)
    path = reverse("timeline", args=[busy.intake_id])
    few = queries(client, path, django_assert_max_num_queries)
    for pain in range(5):
        assessment = intakes.answer(intake=busy.intake, answers={"peg_pain": 5 + pain}, by=clinician)
        decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    assert queries(client, path, django_assert_max_num_queries) == few


def test_the_worklist_needs_as_many_queries_for_one_row_as_for_many(
    client: Client, here: Site, clinician: User, django_assert_max_num_queries: Any
):
    client.force_login(clinician)
    factories.assessment(here, clinician)
    few = queries(client, reverse("worklist"), django_assert_max_num_queries)
    for _ in range(4):
        factories.assessment(here, clinician, ces_saddle="yes")
    assert queries(client, reverse("worklist"), django_assert_max_num_queries) == few


def test_the_patients_page_needs_as_many_queries_for_one_intake_as_for_many(
    client: Client, clinician: User, busy: Assessment, django_assert_max_num_queries: Any
):
    client.force_login(clinician)
    patient = busy.intake.patient
    path = reverse("patient", args=[patient.pk])
    intakes.complete(intake=busy.intake, by=clinician)
    few = queries(client, path, django_assert_max_num_queries)
    for _ in range(3):
        intake = intakes.open(patient=patient, by=clinician)
        answers = factories.answers(duration_days=10, off_work="yes")
        decisions.decide(
            assessment=intakes.answer(intake=intake, answers=answers, by=clinician), kind="accepted", by=clinician
        )
        intakes.complete(intake=intake, by=clinician)
    assert queries(client, path, django_assert_max_num_queries) == few
