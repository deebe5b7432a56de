"""What a program has read is what it changes; a key repeats a request and opens nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clinic import clock
from clinic.actions import decisions, intakes
from clinic.models import Intake, Referral, Site
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import Caller, caller

DAY = (clock.today(None) + timedelta(days=5)).isoformat()
SAID: dict[str, dict[str, Any]] = {
    "send": {"destination": "Riverside"},
    "receive": {},
    "book": {"appointment": DAY},
    "decline": {"reason": "No room."},
    "cancel": {"reason": "Moved away."},
}


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


def step(by: Caller, referral: Referral, verb: str, **headers: str) -> Any:
    return by.post(f"referrals/{referral.pk}/{verb}/", SAID[verb], **headers)


def test_a_key_does_not_take_a_step_over_one_that_nobody_read(clinician: Caller, referral: Referral) -> None:
    read = clinician.get(f"referrals/{referral.pk}/")["ETag"]
    assert step(clinician, referral, "send").status_code == 200
    for key in ({}, {"Idempotency-Key": "a-new-key"}):
        answer = step(clinician, referral, "book", **{"If-Match": read, **key})
        assert answer.status_code == 412
    assert referral.newest_step.status == "sent"
    assert step(clinician, referral, "book", **{"If-Match": answer["ETag"], **key}).status_code == 200
    assert step(clinician, referral, "book", **{"If-Match": answer["ETag"], **key}).status_code == 200, "the same again"
    assert referral.statuses.count() == 4


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
def test_nobody_steps_on_without_saying_what_they_have_read(
    clinician: Caller, referral: Referral, key: dict[str, str]
) -> None:
    step(clinician, referral, "send")
    del clinician.client.defaults["HTTP_IF_MATCH"]
    for verb in ("receive", "decline", "cancel"):
        answer = step(clinician, referral, verb, **key)
        assert (answer.status_code, "If-Match" in answer.json()["detail"]) == (428, True), verb
    assert referral.newest_step.status == "sent"


def test_a_key_that_was_used_repeats_that_request_only(clinician: Caller, referral: Referral) -> None:
    sent = {"Idempotency-Key": "k", "If-Match": '"2"'}
    first = step(clinician, referral, "send", **sent)
    again = step(clinician, referral, "send", **sent)
    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.json(), again["ETag"], again["Idempotency-Replayed"]) == (first.json(), first["ETag"], "true")
    for other in ('"3"', "*", '"9"'):
        answer = step(clinician, referral, "send", **{**sent, "If-Match": other})
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "key-reused"), other
    assert referral.statuses.count() == 3


def test_whoever_does_not_see_it_is_told_that_there_is_none_whatever_else_is_wrong(
    here: Site, elsewhere: Site, clinician: Caller, referral: Referral
) -> None:
    stranger = caller(Role.CLINICIAN, elsewhere)
    intake = referral.assessment.intake_id
    clinician.post(f"intakes/{intake}/imaging/", {"modality": "mri", "region": "lumbar", "status": "requested"})
    addresses = [
        *(f"referrals/{referral.pk}/{verb}/" for verb in SAID),
        *(f"intakes/{intake}/{end}/" for end in ("answers", "complete", "reopen", "cancel", "imaging")),
        f"intakes/{intake}/imaging/1/reported/",
        *(f"assessments/{referral.assessment_id}/{end}/" for end in ("decision", "stop", "letters")),
    ]
    wrong: list[dict[str, str]] = [{"If-Match": ""}, {"If-Match": "bad"}, {"If-Match": '"99"'}, {"Idempotency-Key": ""}]
    for address in addresses:
        told = {stranger.post(address, body, **each).status_code for each in wrong for body in ({}, [], "{", {"x": 1})}
        del stranger.client.defaults["HTTP_IF_MATCH"]
        told.add(stranger.post(address, {}).status_code)
        stranger.client.defaults["HTTP_IF_MATCH"] = "*"
        assert told == {404}, address


@pytest.mark.parametrize(("end", "body"), [("complete", {}), ("cancel", {"reason": "Moved away."})])
def test_an_etag_of_an_intake_changes_with_its_end(clinician: Caller, here: Site, end: str, body: object) -> None:
    address = f"intakes/{factories.assessment(here, clinician.user).intake_id}/"
    tags = [clinician.get(address)["ETag"]]
    assert clinician.post(f"{address}{end}/", body, **{"If-Match": tags[0]}).status_code == 200
    tags.append(clinician.get(address)["ETag"])
    assert tags[0] != tags[1]
    for late in ("answers", "complete", "cancel", "reopen", "imaging"):
        said: dict[str, Any] = {"answers": {"answers": {"fever": "yes"}}, "complete": {}}
        answer = clinician.post(f"{address}{late}/", said.get(late, {"reason": "x"}), **{"If-Match": tags[0]})
        assert answer.status_code in {409, 412, 422}, late


def test_no_etag_of_an_intake_comes_back(clinician: Caller, here: Site) -> None:
    """Completed and taken up again for the same reason it reads as before, but it is not what was read."""
    address = f"intakes/{factories.assessment(here, clinician.user).intake_id}/"
    tags = [clinician.get(address)["ETag"]]
    for end, body in [("complete", {}), ("reopen", {"reason": "x"})] * 2:
        assert clinician.post(f"{address}{end}/", body, **{"If-Match": tags[-1]}).status_code == 200
        tags.append(clinician.get(address)["ETag"])
    assert len(set(tags)) == 5
    assert clinician.post(f"{address}cancel/", {"reason": "x"}, **{"If-Match": tags[0]}).status_code == 412
    assert Intake.objects.get().status == "open"
