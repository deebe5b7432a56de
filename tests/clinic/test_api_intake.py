"""The main job through the API: a patient, an intake, answers, an outcome, a decision, a referral."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from clinic.actions import referrals as proposals
from clinic.models import Assessment, AuditEvent, Intake, Patient, Site
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import Caller, caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return factories.site()


@pytest.fixture
def clinician(site: Site) -> Caller:
    factories.published_release()
    return caller(Role.CLINICIAN, site)


def person(site: Site, **changed: object) -> dict[str, object]:
    known = {"site": site.slug, "reference": "A-1", "given_name": "Ada", "family_name": "Example"}
    return {**known, "date_of_birth": factories.born(years=42).isoformat(), "sex": "female", **changed}


def opened(caller: Caller) -> dict[str, Any]:
    patient = caller.post("patients/", person(caller.site, reference=str(uuid4()))).json()
    response = caller.post("intakes/", {"patient": patient["id"], "protocol": "back-pain"})
    assert response.status_code == 201, response.content
    return dict(response.json())


def answered(caller: Caller, baseline: str = "clear_adult", **changed: object) -> tuple[dict[str, Any], dict[str, Any]]:
    intake = opened(caller)
    body = {"answers": factories.answers(baseline, **changed), "source": "staff"}
    response = caller.post(f"intakes/{intake['id']}/answers/", body)
    assert response.status_code == 200, response.content
    return intake, dict(response.json())


def test_a_patient_is_registered_and_read_back(clinician: Caller) -> None:
    made = clinician.post("patients/", person(clinician.site))
    assert made.status_code == 201
    assert made.json()["site"] == clinician.site.slug
    assert clinician.get(f"patients/{made.json()['id']}/").json() == made.json()
    found = clinician.post("patients/search/", {"words": "exa"}).json()
    assert found == {"results": [made.json()], "has_more": False}
    assert clinician.post("patients/search/", {"words": "nobody"}).json()["results"] == []
    for words in ("", "a\0", "a" * 101):
        assert clinician.post("patients/search/", {"words": words}).status_code == 422


def test_a_reference_is_used_once_at_a_site(clinician: Caller) -> None:
    assert clinician.post("patients/", person(clinician.site)).status_code == 201
    for same in ("A-1", "a-1", "A -1", "a-\u00a01", "A1"):
        assert clinician.post("patients/", person(clinician.site, reference=same)).status_code == 409, same
    assert Patient.objects.count() == 1
    for other in ("A-11", "\u00c4-1"):
        assert clinician.post("patients/", person(clinician.site, reference=other)).status_code == 201, other


def test_an_intake_is_opened_with_everything_still_to_ask(clinician: Caller) -> None:
    intake = opened(clinician)
    assert (intake["status"], intake["version"], intake["answers"]) == ("open", 1, {})
    assert intake["protocol"] == "back-pain/1.0.0"
    assert clinician.get(f"intakes/{intake['id']}/").json() == intake


def test_a_patient_has_one_open_intake(clinician: Caller) -> None:
    body = {"patient": opened(clinician)["patient"], "protocol": "back-pain"}
    assert clinician.post("intakes/", body).status_code == 409
    assert Intake.objects.count() == 1


def test_answers_add_up_to_an_outcome(clinician: Caller) -> None:
    intake, assessment = answered(clinician)
    assert assessment["disposition"] == assessment["outcome"]["disposition"] == "self_manage"
    assert assessment["outcome"]["outstanding"] == []
    shown = clinician.get(f"intakes/{intake['id']}/").json()
    assert shown["answers"]["fever"] == {
        "value": "no",
        "source": "staff",
        "at": shown["answers"]["fever"]["at"],
        "by": str(clinician.user.pk),
    }
    assert shown["answers"]["fever"]["at"].endswith("Z")
    assert clinician.get(f"assessments/{assessment['id']}/").json() == assessment


def test_one_red_flag_is_an_emergency_whatever_else_is_open(clinician: Caller) -> None:
    intake = opened(clinician)
    response = clinician.post(f"intakes/{intake['id']}/answers/", {"answers": {"ces_saddle": "yes"}})
    assert response.json()["disposition"] == "emergency"


def test_an_intake_with_open_questions_is_not_completed(clinician: Caller) -> None:
    response = clinician.post(f"intakes/{opened(clinician)['id']}/complete/")
    assert response.status_code == 409
    assert {"path": "answers.fever", "reason": "is still open", "allowed": "an answer"} in response.json()["errors"]


def test_a_completed_intake_takes_no_more_answers(clinician: Caller) -> None:
    intake, _ = answered(clinician)
    assert clinician.post(f"intakes/{intake['id']}/complete/").status_code == 200
    assert clinician.get(f"intakes/{intake['id']}/").json()["status"] == "completed"
    assert clinician.post(f"intakes/{intake['id']}/answers/", {"answers": {"fever": "yes"}}).status_code == 409
    assert clinician.post(f"intakes/{intake['id']}/complete/").status_code == 409


def test_each_change_leaves_an_assessment_and_a_line_of_history(clinician: Caller) -> None:
    intake, assessment = answered(clinician)
    clinician.post(f"intakes/{intake['id']}/answers/", {"answers": {"fever": "yes"}, "source": "staff"})
    listed = clinician.get(f"intakes/{intake['id']}/assessments/").json()["results"]
    assert [each["version"] for each in listed] == [3, 2, 1]
    assert listed[1]["id"] == assessment["id"]
    newest, *_, first = clinician.get(f"intakes/{intake['id']}/history/").json()["results"]
    assert [each["question"] for each in newest["answers"]] == ["fever"]
    assert (newest["answers"][0]["before"]["value"], newest["answers"][0]["after"]["value"]) == ("no", "yes")
    assert newest["by"] == {"id": str(clinician.user.pk), "name": clinician.user.display_name}
    assert (first["reason"], first["answers"]) == ("opened", [])


def test_history_keeps_what_came_before_the_page(clinician: Caller) -> None:
    intake, _ = answered(clinician)
    clinician.post(f"intakes/{intake['id']}/answers/", {"answers": {"fever": "yes"}, "source": "staff"})
    page = clinician.get(f"intakes/{intake['id']}/history/?page_size=1").json()
    assert page["results"][0]["answers"][0]["before"]["value"] == "no"
    assert clinician.get(page["next"]).json()["results"][0]["version"] == 2


def test_a_decision_makes_accepted_referrals(clinician: Caller) -> None:
    _, assessment = answered(clinician, "distressed_after_treatment")
    assert assessment["disposition"] == "refer"
    response = clinician.post(f"assessments/{assessment['id']}/decision/", {"kind": "accepted"})
    assert response.status_code == 201, response.content
    assert clinician.get(f"assessments/{assessment['id']}/").json()["decision"] == response.json()
    referrals = clinician.get(f"referrals/?patient={Patient.objects.get().pk}&status=accepted").json()["results"]
    assert {each["service"] for each in referrals} == {each["service"] for each in assessment["outcome"]["referrals"]}
    assert clinician.get(f"referrals/{referrals[0]['id']}/").json() == referrals[0]
    assert [each["status"] for each in referrals[0]["statuses"]] == ["proposed", "accepted"]
    assert clinician.get("referrals/?status=sent").json()["results"] == []
    assert clinician.post(f"assessments/{assessment['id']}/decision/", {"kind": "accepted"}).status_code == 409
    assert clinician.post(f"referrals/{referrals[0]['id']}/accept/").status_code == 409


def test_a_proposed_referral_is_accepted_by_a_clinician_only(clinician: Caller) -> None:

    _, assessment = answered(clinician, "distressed_after_treatment")
    proposed = proposals.propose(assessment=Assessment.objects.get(pk=assessment["id"]), by=clinician.user)[0]
    integrator = caller(Role.INTEGRATOR, clinician.site)
    assert integrator.get(f"referrals/{proposed.pk}/").json()["status"] == "proposed"
    assert integrator.post(f"referrals/{proposed.pk}/accept/").status_code == 403
    accepted = clinician.post(f"referrals/{proposed.pk}/accept/")
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted")


def test_a_rejection_needs_a_reason(clinician: Caller) -> None:
    _, assessment = answered(clinician)
    refused = clinician.post(f"assessments/{assessment['id']}/decision/", {"kind": "rejected"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == "reason"


def test_a_clerk_may_not_answer_for_a_clinician(clinician: Caller) -> None:
    clerk = caller(Role.CLERK, clinician.site)
    response = clerk.post(f"intakes/{opened(clerk)['id']}/answers/", {"answers": {"examined": "clinician"}})
    assert response.status_code == 403
    assert response.json()["errors"][0]["path"] == "answers.examined"
    assert Intake.objects.get().answers == {}


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.AUDITOR, Role.ADMIN, Role.APPROVER])
def test_who_sees_no_patient_may_not_register_one(role: Role, site: Site) -> None:
    assert caller(role, site).post("patients/", person(site)).status_code == 403


def test_a_stale_client_is_told_so(clinician: Caller) -> None:
    intake, _ = answered(clinician)
    address = f"intakes/{intake['id']}/"
    tag = clinician.get(address)["ETag"]
    assert tag.startswith('"2-')
    changed = clinician.post(f"{address}answers/", {"answers": {"fever": "yes"}}, **{"If-Match": tag})
    assert (changed.status_code, changed["ETag"]) == (200, '"3"')
    stale = clinician.post(f"{address}answers/", {"answers": {"fever": "no"}}, **{"If-Match": tag})
    assert (stale.status_code, stale["ETag"]) == (412, '"3"')
    assert clinician.post(f"{address}complete/", **{"If-Match": tag}).status_code == 412
    assert clinician.post(f"{address}complete/", **{"If-Match": "3"}).status_code == 400
    assert Intake.objects.get().status == "open"


@pytest.mark.parametrize(("end", "body"), [("answers", {"answers": {"fever": "no"}}), ("complete", {})])
def test_whoever_changes_answers_says_which_they_have_read(clinician: Caller, end: str, body: object) -> None:
    intake, _ = answered(clinician)
    blank = clinician.post(f"intakes/{intake['id']}/{end}/", body, **{"If-Match": ""})
    assert blank.status_code == 400
    del clinician.client.defaults["HTTP_IF_MATCH"]
    asked = clinician.post(f"intakes/{intake['id']}/{end}/", body)
    assert asked.status_code == 428
    assert "If-Match" in asked.json()["detail"]
    assert Intake.objects.get().version == 2
    assert clinician.post(f"intakes/{intake['id']}/{end}/", body, **{"If-Match": "*"}).status_code == 200
    elsewhere = caller(Role.CLINICIAN, factories.site())
    for wrong in ({"If-Match": ""}, {"If-Match": "bad"}, {"Idempotency-Key": "k" * 300}):
        assert elsewhere.post(f"intakes/{intake['id']}/{end}/", body, **wrong).status_code == 404
    refusals = AuditEvent.objects.filter(action="intake.refused", actor=elsewhere.user)
    assert refusals.count() == 3


def test_a_request_repeated_under_its_key_is_done_once(clinician: Caller) -> None:
    key = {"Idempotency-Key": "made-by-the-client"}
    first = clinician.post("patients/", person(clinician.site), **key)
    again = clinician.post("patients/", person(clinician.site), **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Patient.objects.count() == 1
    other = clinician.post("patients/", person(clinician.site, reference="A-2"), **key)
    assert other.status_code == 422
    assert Patient.objects.count() == 1


def test_repeated_answers_come_back_with_their_tag(clinician: Caller) -> None:
    address, key = f"intakes/{opened(clinician)['id']}/answers/", {"Idempotency-Key": "k1"}
    first = clinician.post(address, {"answers": {"fever": "no"}}, **key)
    clinician.post(address, {"answers": {"fever": "yes"}})
    again = clinician.post(address, {"answers": {"fever": "no"}}, **key)
    assert again.json() == first.json()
    assert again["ETag"] == first["ETag"] == '"2"'


def test_a_refused_request_leaves_its_key_free(clinician: Caller) -> None:
    key = {"Idempotency-Key": "k2"}
    bad = person(clinician.site, date_of_birth="2999-01-01")
    assert clinician.post("patients/", bad, **key).status_code == 422
    assert clinician.post("patients/", person(clinician.site), **key).status_code == 201


def test_what_the_api_does_is_in_the_trail_as_such(clinician: Caller) -> None:
    clinician.post("patients/", person(clinician.site))
    event = AuditEvent.objects.get(action="patient.register")
    assert (event.actor, event.door) == (clinician.user, "api")
