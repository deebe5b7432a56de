"""Programs follow a referral to its end, and are told what happened where they come second."""

from datetime import timedelta
from typing import Any

import pytest

from clinic import clock
from clinic.actions import chasing, decisions, intakes
from clinic.models import Referral, Site
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import Caller, caller

DAY = (clock.today(None) + timedelta(days=5)).isoformat()
WAY = [
    ("send", {"destination": "Riverside"}, "sent"),
    ("receive", {}, "received"),
    ("book", {"appointment": DAY}, "booked"),
    ("see", {}, "seen"),
    ("close", {"reason": "Six sessions, better."}, "closed"),
]


@pytest.fixture
def clinician(here: Site) -> Caller:
    return caller(Role.CLINICIAN, here)


@pytest.fixture
def referral(here: Site, clinician: Caller) -> Referral:
    """An accepted one, to physiotherapy, of a completed intake."""
    assessment = factories.assessment(here, clinician.user, "distressed_after_treatment")
    decisions.decide(assessment=assessment, kind="accepted", by=clinician.user)
    intakes.complete(intake=assessment.intake, by=clinician.user)
    return assessment.referrals.get(service="physiotherapy")


def test_a_referral_goes_its_way_step_by_step(clinician: Caller, referral: Referral) -> None:
    for number, (verb, body, status) in enumerate(WAY, start=3):
        answer = clinician.post(f"referrals/{referral.pk}/{verb}/", body)
        assert answer.status_code == 200, answer.json()
        assert (answer.json()["status"], answer.json()["version"]) == (status, number)
        assert answer["ETag"] == clinician.get(f"referrals/{referral.pk}/")["ETag"]
        assert answer["ETag"].startswith(f'"{number}-')
        assert (answer.json()["due"] is None) == (status == "closed")


def test_a_step_that_cannot_be_taken_says_what_happened(clinician: Caller, referral: Referral) -> None:
    answer = clinician.post(f"referrals/{referral.pk}/book/", {"appointment": DAY})
    assert answer.status_code == 409
    assert "is accepted" in answer.json()["detail"]
    assert referral.statuses.count() == 2


def test_whoever_has_read_an_older_step_is_refused(clinician: Caller, referral: Referral) -> None:
    address = f"referrals/{referral.pk}/send/"
    assert clinician.post(address, {"destination": "A"}, **{"If-Match": '"1"'}).status_code == 412
    assert clinician.post(address, {"destination": "A"}, **{"If-Match": '"2"'}).status_code == 200


def test_the_same_request_under_one_key_is_one_step(clinician: Caller, referral: Referral) -> None:
    headers = {"Idempotency-Key": "send-once", "If-Match": '"2"'}
    first, second = (
        clinician.post(f"referrals/{referral.pk}/send/", {"destination": "A"}, **headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert second["Idempotency-Replayed"] == "true"
    assert referral.statuses.count() == 3


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("send", {}, "destination"),
        ("send", {"destination": 7}, "destination"),
        ("send", {"destination": "A", "colour": "red"}, "colour"),
        ("cancel", {}, "reason"),
        ("cancel", {"reason": ""}, "reason"),
        ("cancel", {"reason": "a\x00b"}, "reason"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_nothing_changes(
    clinician: Caller, referral: Referral, verb: str, body: Any, field: str
) -> None:
    answer = clinician.post(f"referrals/{referral.pk}/{verb}/", body)
    assert answer.status_code == 422
    assert field in str(answer.json())
    assert referral.statuses.count() == 2


@pytest.mark.parametrize("day", ["2020-01-01", "3000-01-01", "tomorrow", 5, None])
def test_an_appointment_is_on_a_day_to_come(clinician: Caller, referral: Referral, day: Any) -> None:
    clinician.post(f"referrals/{referral.pk}/send/", {"destination": "A"})
    assert clinician.post(f"referrals/{referral.pk}/book/", {"appointment": day}).status_code == 422


def test_a_program_may_follow_a_referral_and_not_accept_or_send_it(here: Site, referral: Referral) -> None:
    program = caller(Role.INTEGRATOR, here)
    assert program.post(f"referrals/{referral.pk}/send/", {"destination": "A"}).status_code == 403
    assert program.post(f"referrals/{referral.pk}/cancel/", {"reason": "x"}).status_code == 403


def test_a_referral_of_another_site_is_not_there(elsewhere: Site, referral: Referral) -> None:
    stranger = caller(Role.CLINICIAN, elsewhere)
    assert stranger.post(f"referrals/{referral.pk}/send/", {"destination": "A"}).status_code == 404


def test_the_worklist_narrows_and_pages(here: Site, clinician: Caller, referral: Referral) -> None:
    rows = clinician.get("worklist/?kind=referral").json()
    assert {row["stage"] for row in rows["results"]} == {"accepted"}
    assert rows["next_cursor"] is None
    assert clinician.get("worklist/?kind=decision").json()["results"] == []
    assert clinician.get("worklist/?whose=mine&service=cbt").json()["results"][0]["service"] == "cbt"


@pytest.mark.parametrize("wrong", ["kind=tea", "stage=closed", "late=x", "colour=red"])
def test_a_filter_that_is_not_one_is_refused_by_name(clinician: Caller, wrong: str) -> None:
    answer = clinician.get(f"worklist/?{wrong}")
    assert answer.status_code == 422
    assert wrong.partition("=")[0] in str(answer.json())


def test_a_cursor_that_was_not_given_out_is_not_found(clinician: Caller) -> None:
    assert clinician.get("worklist/?cursor=abc").status_code == 404


def test_a_letter_is_handed_out_listed_and_read_again(clinician: Caller, referral: Referral) -> None:
    address = f"assessments/{referral.assessment_id}/letters/"
    made = clinician.post(address, {"kind": "gp", "destination": "Dr Example"})
    assert made.status_code == 201, made.json()
    assert [each["id"] for each in clinician.get(address).json()["results"]] == [made.json()["id"]]
    again = clinician.get(f"letters/{made.json()['id']}/pdf/")
    assert (again.status_code, again["Content-Type"]) == (200, "application/pdf")
    assert again.content.startswith(b"%PDF")


@pytest.mark.parametrize("body", [{"kind": "physiotherapy"}, {"kind": "gp", "language": "xx"}, {}, {"kind": None}])
def test_a_letter_that_is_none_is_refused(clinician: Caller, referral: Referral, body: Any) -> None:
    assert clinician.post(f"assessments/{referral.assessment_id}/letters/", body).status_code == 422


def test_what_was_late_is_listed(here: Site, clinician: Caller, referral: Referral) -> None:
    with clock.at(clock.now() + timedelta(days=3)):
        chasing.chase()
    listed = clinician.get("escalations/").json()["results"]
    assert {(each["kind"], each["level"]) for each in listed} == {("referral", "chased")}
    assert caller(Role.CLINICIAN, factories.site()).get("escalations/").json()["results"] == []
