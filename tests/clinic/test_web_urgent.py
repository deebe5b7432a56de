"""What cannot wait is found on every page by everybody who acts on it, and is never said to be done when it is not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actions import imaging, intakes, stops
from clinic.models import Assessment, Intake, Site, User, WorkItem
from tests import factories
from tests.clinic.sending import close

NOTHING_LEFT = "What was done is recorded for every reason"


@pytest.fixture
def reader(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


@pytest.fixture
def urgent(here: Site, clinician: User) -> Intake:
    """Answered by a clinician in an intake that another clerk opened."""
    intake = factories.open_intake(here)
    intakes.answer(intake=intake, answers=factories.answers(ces_saddle="yes"), by=clinician)
    return intake


@pytest.fixture
def completed(urgent: Intake, clinician: User) -> Intake:
    intakes.complete(intake=urgent, by=clinician)
    return urgent


def newest(intake: Intake) -> Assessment:
    found: Assessment = intake.assessments.latest("version")
    return found


def page(client: Client, name: str, pk: Any) -> str:
    response = client.get(reverse(name, args=[pk]), follow=True)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("name", ["patient", "check", "timeline", "imaging"])
def test_a_clerk_is_led_to_what_cannot_wait_whoever_completed_the_intake(reader: Client, completed: Intake, name: str):
    pk = completed.patient_id if name == "patient" else completed.pk
    assert reverse("stop", args=[completed.pk]) in page(reader, name, pk)


def test_the_patients_page_is_quiet_once_it_is_recorded(reader: Client, completed: Intake, clinician: User):
    stops.record(assessment=newest(completed), text="Ambulance called.", by=clinician)
    assert reverse("stop", args=[completed.pk]) not in page(reader, "patient", completed.patient_id)
    assert NOTHING_LEFT in page(reader, "stop", completed.pk)


def test_an_emergency_of_a_cancelled_intake_stays_on_the_worklist_until_something_is_recorded(
    reader: Client, urgent: Intake, clinician: User
):
    intakes.cancel(intake=urgent, reason="The patient left.", by=clinician)
    assert NOTHING_LEFT not in page(reader, "stop", urgent.pk)
    assert reverse("stop", args=[urgent.pk]) in reader.get(reverse("worklist")).content.decode()
    said = {"text": "Called: entered for the wrong patient.", "version": newest(urgent).version}
    assert reader.post(reverse("stop", args=[urgent.pk]), said).status_code == 302
    assert NOTHING_LEFT in page(reader, "stop", urgent.pk)
    assert not WorkItem.objects.exists()


def test_a_cancelled_intake_that_could_wait_is_waited_for_no_longer(here: Site, clinician: User):
    assessment = factories.assessment(here, clinician)
    intakes.cancel(intake=assessment.intake, reason="The patient left.", by=clinician)
    assert not WorkItem.objects.exists()


def test_a_report_that_is_classed_as_an_emergency_leads_to_what_to_do(client: Client, here: Site, clinician: User):
    assessment = factories.assessment(here, clinician, "distressed_after_treatment")
    intakes.complete(intake=assessment.intake, by=clinician)
    study = {"modality": "mri", "region": "lumbar", "status": "reported", "finding": "Compression."}
    imaging.record(intake=assessment.intake, study=study, by=clinician)
    intake = Intake.objects.get(pk=assessment.intake_id)
    step = {"step": "classed", "number": len(intake.answers["imaging"]["value"]), "version": intake.version}
    said = {"study_class": "serious_pathology", "concordance": "concordant", "report_urgency": "immediate"}
    client.force_login(clinician)
    answer = client.post(reverse("imaging", args=[intake.pk]), step | said)
    assert answer.url == reverse("stop", args=[intake.pk])
    assert "act now" in page(client, "stop", intake.pk)


def test_who_completes_an_intake_of_somebody_else_is_led_to_what_they_may_see(
    reader: Client, urgent: Intake, here: Site, clinician: User
):
    assert close(reader, urgent, "complete").url == reverse("stop", args=[urgent.pk])
    calm = factories.open_intake(here)
    intakes.answer(intake=calm, answers=factories.answers(), by=clinician)
    assert close(reader, calm, "complete").url == reverse("patient", args=[calm.patient_id])


def test_a_card_that_is_none_any_more_leads_to_the_answers(reader: Client, completed: Intake, clinician: User):
    seen = newest(completed)
    intakes.reopen(intake=completed, reason="Asked again.", by=clinician)
    intakes.answer(intake=completed, answers={"ces_saddle": "no"}, by=clinician)
    intakes.complete(intake=completed, by=clinician)
    card = reverse("stop", args=[completed.pk])
    assert reader.get(card).url == reverse("check", args=[completed.pk])
    recorded = reader.post(card, {"version": seen.version, "text": "Ambulance called."}, follow=True)
    assert recorded.status_code == 200
    assert "Recorded." in recorded.content.decode()


def test_the_answers_of_an_intake_are_whole_for_whoever_sees_it(reader: Client, completed: Intake):
    answers = page(reader, "check", completed.pk)
    (age,) = re.findall(r"How old is the patient\?</dt><dd[^>]*>([^<]*)", answers)
    assert age == "42 years"
