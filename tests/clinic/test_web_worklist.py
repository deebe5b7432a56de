"""The worklist: what waits at a site, the most urgent first."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actions import decisions, intakes, stops
from clinic.models import Assessment, Site, User
from clinic.web.worklist import ROWS_PER_PAGE
from tests import factories

FEVER = {"fever": "yes"}
SADDLE = {"ces_saddle": "yes"}


def rows(client: Client, user: User) -> list[tuple[str, str]]:
    """The outcome of each row, and what it waits for."""
    client.force_login(user)
    shown = client.get(reverse("worklist")).context["rows"]
    return [(str(row.tag.tone), row.waiting_for) for row in shown]


def completed(here: Site, clinician: User, **answers: object) -> Assessment:
    assessment = factories.assessment(here, clinician, **answers)
    return intakes.complete(intake=assessment.intake, by=clinician)


def test_an_empty_worklist_says_so(client: Client, clinician: User):
    client.force_login(clinician)
    assert b"Nothing is waiting" in client.get(reverse("worklist")).content


def test_the_most_urgent_comes_first(client: Client, here: Site, clinician: User):
    for answers in ({}, FEVER, {"weight_loss": "yes"}, SADDLE):
        factories.assessment(here, clinician, **answers)
    factories.open_intake(here)
    outcomes = [outcome for outcome, _ in rows(client, clinician)]
    assert outcomes == ["emergency", "urgent_medical", "medical_review", "incomplete", "self_manage"]


def test_each_row_says_what_it_waits_for(client: Client, here: Site, clinician: User):
    factories.assessment(here, clinician, **SADDLE)
    completed(here, clinician, weight_loss="yes")
    factories.assessment(here, clinician)
    assert rows(client, clinician) == [
        ("emergency", "A record of what was done"),
        ("medical_review", "A clinician's decision"),
        ("self_manage", "Check and complete"),
    ]


def test_what_is_decided_on_leaves_the_list(client: Client, here: Site, clinician: User):
    decisions.decide(assessment=completed(here, clinician), kind="accepted", by=clinician)
    assert rows(client, clinician) == []


def test_a_decided_emergency_stays_until_it_is_recorded_what_was_done(client: Client, here: Site, clinician: User):
    emergency = completed(here, clinician, **SADDLE)
    decisions.decide(assessment=emergency, kind="accepted", by=clinician)
    assert rows(client, clinician) == [("emergency", "A record of what was done")]
    stops.record(assessment=emergency, text="Sent by ambulance.", by=clinician)
    assert rows(client, clinician) == []


def test_a_cancelled_intake_waits_for_nothing(client: Client, here: Site, clinician: User):
    intakes.cancel(intake=factories.open_intake(here), reason="Opened by mistake.", by=clinician)
    assert rows(client, clinician) == []


def test_other_sites_do_not_appear(client: Client, elsewhere: Site, clinician: User):
    factories.open_intake(elsewhere)
    assert rows(client, clinician) == []


def test_the_list_goes_on_on_further_pages(client: Client, here: Site, clerk: User, clinician: User):
    for _ in range(ROWS_PER_PAGE + 1):
        factories.open_intake(here, by=clerk)
    assert len(rows(client, clinician)) == ROWS_PER_PAGE
    second = client.get(reverse("worklist"), {"page": "2"})
    assert len(second.context["rows"]) == 1


@pytest.mark.parametrize("page", ["0", "-1", "two", "99999", "2", "1\x00", "٢"])
def test_a_page_that_is_not_there_is_not_found(client: Client, clinician: User, page: str):
    client.force_login(clinician)
    assert client.get(reverse("worklist"), {"page": page}).status_code == 404
