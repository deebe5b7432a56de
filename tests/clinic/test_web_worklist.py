"""The worklist: what waits at a site, the most urgent first."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock, waiting
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
    client.force_login(clinician)
    first = client.get(reverse("worklist")).context
    second = client.get(f"{reverse('worklist')}?{first['following']}").context
    urls = [row.url for row in [*first["rows"], *second["rows"]]]
    assert len(set(urls)) == len(urls) == ROWS_PER_PAGE + 1
    assert not second["following"]


@pytest.mark.parametrize("cursor", ["0", "abc", "a:b:c", "WzFd:1x:y"])
def test_a_page_that_was_not_given_out_is_not_found(client: Client, clinician: User, cursor: str):
    client.force_login(clinician)
    assert client.get(reverse("worklist"), {"after": cursor}).status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "tea"),
        ("stage", "closed"),
        ("service", "surgery"),
        ("late", "very"),
        ("whose", "hers"),
    ],
)
def test_a_filter_that_is_not_one_is_named_and_shows_nothing(client: Client, here: Site, clinician: User, name, value):
    factories.open_intake(here)
    client.force_login(clinician)
    response = client.get(reverse("worklist"), {name: value})
    assert response.status_code == 422
    assert response.context["rows"] == []
    assert name in response.context["filters"].errors


def test_the_list_is_narrowed_to_what_one_asks_for(client: Client, here: Site, clerk: User, clinician: User):
    factories.open_intake(here, by=clerk)
    factories.assessment(here, clinician, **SADDLE)
    client.force_login(clinician)
    assert len(client.get(reverse("worklist"), {"kind": "stop"}).context["rows"]) == 1
    assert len(client.get(reverse("worklist"), {"disposition": "incomplete"}).context["rows"]) == 1
    assert len(client.get(reverse("worklist"), {"whose": "mine"}).context["rows"]) == 1
    assert len(client.get(reverse("worklist")).context["rows"]) == 2


def test_the_number_of_overdue_rows_is_that_of_ones_own_list_too(
    client: Client, here: Site, clerk: User, clinician: User
):
    with clock.at(clock.now() - timedelta(days=4)):
        for by in (clerk, clerk, clinician):
            factories.open_intake(here, by=by)
    client.force_login(clinician)
    assert client.get(reverse("worklist")).context["overdue"] == 3
    assert client.get(reverse("worklist"), {"whose": "mine"}).context["overdue"] == 1


def test_what_is_overdue_comes_before_what_is_more_urgent_and_says_by_how_much(
    client: Client, here: Site, clinician: User
):
    with clock.at(clock.now() - timedelta(days=4)):
        factories.open_intake(here)
    completed(here, clinician, weight_loss="yes")
    client.force_login(clinician)
    shown = client.get(reverse("worklist")).context["rows"]
    assert [(row.tag.tone, row.overdue) for row in shown] == [("incomplete", "3 days overdue"), ("medical_review", "")]


def test_the_order_holds_while_time_goes_by(here: Site, clerk: User, clinician: User):
    for days in range(6):
        with clock.at(clock.now() - timedelta(days=days, hours=1)):
            factories.open_intake(here, by=clerk)
    rows = waiting.waiting(user=clinician, site=here, wanted={}).qs
    first = waiting.page(rows, size=3)
    with clock.at(clock.now() + timedelta(days=3)):
        second = waiting.page(rows, size=3, cursor=first.following)
    pages = [*first.rows, *second.rows]
    assert len({row.pk for row in pages}) == 6
    assert [row.due < first.at for row in pages] == sorted((row.due < first.at for row in pages), reverse=True)


def test_the_page_takes_the_same_few_queries_for_few_and_for_many(
    client: Client, here: Site, clerk: User, clinician: User, django_assert_max_num_queries
):
    client.force_login(clinician)
    factories.open_intake(here, by=clerk)
    with django_assert_max_num_queries(17):
        client.get(reverse("worklist"))
    for _ in range(8):
        factories.open_intake(here, by=clerk)
    with django_assert_max_num_queries(17):
        client.get(reverse("worklist"))


def test_the_page_shows_what_one_did_last(client: Client, here: Site, clinician: User):
    assessment = factories.assessment(here, clinician)
    client.force_login(clinician)
    (last,) = client.get(reverse("worklist")).context["recent"]
    assert str(assessment.intake.patient.family_name) in last.patient
    assert last.what == "answers entered"


def test_a_referral_appears_with_its_service_and_leads_to_its_page(client: Client, here: Site, clinician: User):
    assessment = completed(here, clinician, phq9_1=3, phq9_2=3, phq9_3=3, phq9_4=3)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    client.force_login(clinician)
    shown = client.get(reverse("worklist"), {"kind": "referral"}).context["rows"]
    assert shown
    assert {str(row.waiting_for) for row in shown} == {"The referral to be sent"}
    assert client.get(shown[0].url).status_code == 200
