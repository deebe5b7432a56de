"""Who sees what through the API, and at what cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic.actions import decisions, intakes, letters, people, stops
from clinic.models import Assessment, Referral, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import Caller, caller

pytestmark = pytest.mark.django_db

REFERRED = "distressed_after_treatment"


def referred(at: Site) -> Assessment:
    """An assessment on which a clinician has decided."""
    by = factories.user(Role.CLINICIAN, at)
    assessment = factories.assessment(at, by, REFERRED)
    decisions.decide(assessment=assessment, kind="accepted", by=by)
    return assessment


LISTS = ("worklist/", "escalations/", "patients/", "intakes/", "referrals/")


@pytest.mark.parametrize("address", LISTS)
def test_whoever_sees_no_patients_is_told_so_and_not_that_there_is_nothing(here: Site, address: str) -> None:
    """A program would else report for ever that nothing is late."""
    answer = caller(Role.AUDITOR, here).get(address)
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert answer.json()["detail"].startswith("You may not see ")


@pytest.mark.parametrize("address", LISTS)
def test_a_program_whose_role_has_ended_is_let_in_no_more(here: Site, address: str) -> None:
    program = caller(Role.INTEGRATOR, here)
    assert program.get(address).status_code == 200
    people.end(membership=program.user.memberships.get(), by=people.system())
    answer = program.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_whoever_sees_no_patients_looks_for_none(here: Site) -> None:
    answer = caller(Role.ADMIN, here).post("patients/search/", {"words": "ada"})
    assert (answer.status_code, answer.json()["detail"]) == (403, "You may not see patients and their intakes here.")


def test_records_of_another_site_are_not_there(here: Site, elsewhere: Site) -> None:
    stranger = caller(Role.CLINICIAN, elsewhere)
    assessment = referred(here)
    intake, referral = assessment.intake, Referral.objects.filter(assessment=assessment)[0]
    reads = [
        f"patients/{intake.patient_id}/",
        f"intakes/{intake.pk}/",
        f"intakes/{intake.pk}/assessments/",
        f"intakes/{intake.pk}/history/",
        f"assessments/{assessment.pk}/",
        f"referrals/{referral.pk}/",
    ]
    writes: dict[str, dict[str, Any]] = {
        "intakes/": {"patient": str(intake.patient_id), "protocol": "back-pain"},
        f"intakes/{intake.pk}/answers/": {"answers": {"fever": "yes"}},
        f"intakes/{intake.pk}/complete/": {},
        f"assessments/{assessment.pk}/decision/": {"kind": "accepted"},
        f"referrals/{referral.pk}/accept/": {},
    }
    assert {address: stranger.get(address).status_code for address in reads} == dict.fromkeys(reads, 404)
    statuses = {address: stranger.post(address, body).status_code for address, body in writes.items()}
    assert statuses == dict.fromkeys(writes, 404)
    for address in ("patients/", "intakes/", "referrals/"):
        assert stranger.get(address).json()["results"] == []
    intake.refresh_from_db()
    assert (intake.status, intake.version) == ("open", 2)


def test_who_has_left_the_site_sees_nothing_of_it(here: Site) -> None:
    clinician = caller(Role.CLINICIAN, here)
    patient = factories.patient(here)
    assert clinician.get(f"patients/{patient.pk}/").status_code == 200
    people.end(membership=clinician.user.memberships.get(), by=factories.user(Role.ADMIN, here))
    assert clinician.get(f"patients/{patient.pk}/").status_code == 401
    again = Caller(User.objects.get(pk=clinician.user.pk), here)
    assert again.get(f"patients/{patient.pk}/").status_code == 404


def test_a_clerk_sees_the_draft_and_where_its_referrals_stand(here: Site) -> None:
    clerk = caller(Role.CLERK, here)
    assessment = referred(here)
    assert clerk.get(f"assessments/{assessment.pk}/").status_code == 200
    (followed,) = {each["status"] for each in clerk.get("referrals/").json()["results"]}
    assert followed == "accepted"


def test_a_clerk_reads_neither_decisions_nor_letters_not_even_of_an_intake_of_their_own(here: Site) -> None:
    clerk, clinician = caller(Role.CLERK, here), caller(Role.CLINICIAN, here)
    assessment = referred(here)
    letters.issue(assessment=assessment, kind="patient", by=clinician.user)
    one, intake = f"assessments/{assessment.pk}/", f"intakes/{assessment.intake_id}/"
    for reader, is_told in ((clinician, True), (clerk, False)):
        (*_, newest) = reversed(reader.get(f"{intake}assessments/").json()["results"])
        for shown in (reader.get(one).json(), newest):
            assert shown["id"] == str(assessment.pk)
            assert ("decision" in shown) is is_told, "null would say that nobody has decided"
        assert reader.get(f"{one}letters/").status_code == (200 if is_told else 403), "an empty list would say none"
    assert "decision" not in clerk.post(f"{intake}complete/", {}).json()


def test_what_cannot_wait_is_acted_on_by_whoever_is_there_and_not_known_elsewhere(here: Site, elsewhere: Site) -> None:
    clinician = caller(Role.CLINICIAN, here)
    assessment = factories.assessment(here, clinician.user, ces_saddle="yes")
    intakes.complete(intake=assessment.intake, by=clinician.user)
    one, listed = f"assessments/{assessment.pk}/", f"intakes/{assessment.intake_id}/assessments/"
    for stranger in (caller(Role.CLERK, elsewhere), caller(Role.CLINICIAN, elsewhere)):
        assert stranger.post(f"{one}stop/", {"text": "Ambulance called."}).status_code == 404
        assert {stranger.get(each).status_code for each in (one, listed, f"{one}stop/")} == {404}
    clerk = caller(Role.CLERK, here)
    found = {each["id"]: each["urgency"] for each in clerk.get(listed).json()["results"]}
    assert found[str(assessment.pk)] == "now"
    shown = clerk.get(one).json()
    assert shown["outcome"]["actions"]
    assert "decision" not in shown
    assert clerk.post(f"{one}stop/", {"text": "Ambulance called."}).status_code == 201
    assert [each["text"] for each in clerk.get(f"{one}stop/").json()["results"]] == ["Ambulance called."]


def test_what_was_done_is_told_of_a_newer_assessment_too(here: Site) -> None:
    clinician = caller(Role.CLINICIAN, here)
    first = factories.assessment(here, clinician.user, ces_saddle="yes")
    stops.record(assessment=first, text="Ambulance called.", by=clinician.user)
    newest = intakes.answer(intake=first.intake, answers={"off_work": "yes"}, by=clinician.user)
    assert [each["text"] for each in clinician.get(f"assessments/{newest.pk}/stop/").json()["results"]] == [
        "Ambulance called."
    ]


def test_a_clerk_is_told_that_assessments_are_not_theirs_to_see_and_not_that_there_are_none(here: Site) -> None:
    clinician, clerk = caller(Role.CLINICIAN, here), caller(Role.CLERK, here)
    intake = factories.open_intake(here)
    assessment = intakes.answer(intake=intake, answers=factories.answers(), by=clinician.user)
    completed = clerk.post(f"intakes/{intake.pk}/complete/", {}).json()
    assert completed["version"] == assessment.version
    study = {"modality": "mri", "region": "lumbar", "status": "requested"}
    for shown in (completed, clerk.post(f"intakes/{intake.pk}/imaging/", study).json()):
        assert shown["disposition"]
        assert not {"answers", "outcome", "decision"} & shown.keys()
    assert clerk.get(f"assessments/{assessment.pk}/").status_code == 404
    assert clerk.get(f"intakes/{intake.pk}/assessments/").status_code == 403


def test_a_kept_answer_is_given_to_nobody_whose_role_has_ended(here: Site) -> None:
    clinician = caller(Role.CLINICIAN, here)
    people.grant(user=clinician.user, site=here, role=Role.CLERK, by=people.system())
    clinician = Caller(User.objects.get(pk=clinician.user.pk), here)
    intake = factories.open_intake(here)
    intakes.answer(intake=intake, answers=factories.answers(), by=clinician.user)
    key = {"Idempotency-Key": "of-the-completion"}
    assert "outcome" in clinician.post(f"intakes/{intake.pk}/complete/", {}, **key).json()
    people.end(membership=clinician.user.memberships.get(role=Role.CLINICIAN), by=people.system())
    assert clinician.post(f"intakes/{intake.pk}/complete/", {}, **key).status_code == 401
    clerk = Caller(User.objects.get(pk=clinician.user.pk), here)
    again = clerk.post(f"intakes/{intake.pk}/complete/", {}, **key)
    assert again.status_code == 409
    assert "outcome" not in again.json()


def test_a_clerk_reads_of_the_letters_the_emergency_letters_they_handed_out(here: Site) -> None:
    clerk, clinician = caller(Role.CLERK, here), caller(Role.CLINICIAN, here)
    assessment = factories.assessment(here, clinician.user, ces_saddle="yes")
    intakes.complete(intake=assessment.intake, by=clinician.user)
    address = f"assessments/{assessment.pk}/letters/"
    for kind in ("emergency", "patient"):
        assert clinician.post(address, {"kind": kind}).status_code == 201
    assert clerk.get(address).status_code == 403
    assert clerk.post(address, {"kind": "gp"}).status_code == 403
    made = clerk.post(address, {"kind": "emergency", "destination": "County Hospital"})
    assert made.status_code == 201
    assert clerk.get(address).json()["results"] == [made.json()]
    everything = [each["id"] for each in clinician.get(address).json()["results"]]
    assert len(everything) == 3
    told = {each: clerk.get(f"letters/{each}/pdf/").status_code for each in everything}
    assert told == dict.fromkeys(everything, 404) | {made.json()["id"]: 200}


def test_letters_about_what_cannot_wait_are_not_known_elsewhere(here: Site, elsewhere: Site) -> None:
    assessment = factories.assessment(here, factories.user(Role.CLINICIAN, here), ces_saddle="yes")
    for stranger in (caller(Role.CLERK, elsewhere), caller(Role.CLINICIAN, elsewhere)):
        assert stranger.get(f"assessments/{assessment.pk}/letters/").status_code == 404
        assert stranger.post(f"assessments/{assessment.pk}/letters/", {"kind": "emergency"}).status_code == 404


def test_a_person_in_a_browser_reads_with_their_session(here: Site) -> None:
    browser = Client()
    browser.force_login(factories.user(Role.CLINICIAN, here))
    patient = factories.patient(here)
    assert browser.get(f"/api/v1/patients/{patient.pk}/").status_code == 200


def one_more_patient(site: Site) -> None:
    factories.patient(site)


def one_more_assessment(site: Site) -> None:
    referred(site)


LISTS: dict[str, Callable[[Site], None]] = {
    "patients/": one_more_patient,
    "intakes/": one_more_assessment,
    "referrals/": one_more_assessment,
}


def queries(caller: Caller, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert caller.get(address).status_code == 200
    return len(seen)


@pytest.mark.parametrize(("address", "add"), LISTS.items(), ids=list(LISTS))
def test_a_list_costs_the_same_however_long_it_is(here: Site, address: str, add: Callable[[Site], None]) -> None:
    clinician = caller(Role.CLINICIAN, here)
    add(here)
    before = queries(clinician, address)
    for _ in range(3):
        add(here)
    assert queries(clinician, address) == before
    assert len(clinician.get(address).json()["results"]) >= 4


def test_what_belongs_to_one_intake_costs_the_same_however_long_it_is(here: Site) -> None:
    clinician = caller(Role.CLINICIAN, here)
    intake = factories.open_intake(here)
    lists = [f"intakes/{intake.pk}/assessments/", f"intakes/{intake.pk}/history/"]
    clinician.post(f"intakes/{intake.pk}/answers/", {"answers": {"fever": "no"}})
    before = [queries(clinician, address) for address in lists]
    for day in range(4):
        clinician.post(f"intakes/{intake.pk}/answers/", {"answers": {"duration_days": day + 1}})
    assert [queries(clinician, address) for address in lists] == before


def test_the_letters_of_an_assessment_cost_the_same_however_many_they_are(here: Site) -> None:
    clinician = caller(Role.CLINICIAN, here)
    assessment = referred(here)
    address = f"assessments/{assessment.pk}/letters/"
    letters.issue(assessment=assessment, kind="patient", by=clinician.user)
    before = queries(clinician, address)
    for name in ("Dr Holt", "Dr Hill"):
        letters.issue(assessment=assessment, kind="gp", destination=name, by=clinician.user)
    assert queries(clinician, address) == before
    assert len(clinician.get(address).json()["results"]) == 3


def test_the_list_of_protocols_costs_the_same_however_long_it_is(here: Site) -> None:
    clinician = caller(Role.CLINICIAN, here)
    factories.published_release()
    before = queries(clinician, "protocols/")
    factories.publish(factories.BACK_PAIN.replace(b'version = "1.0.0"', b'version = "1.0.1"', 1))
    assert queries(clinician, "protocols/") == before
    assert [each["version"] for each in clinician.get("protocols/").json()["results"]] == ["1.0.1", "1.0.0"]


def test_a_long_list_is_read_page_by_page(here: Site) -> None:
    made = {str(factories.patient(here).pk) for _ in range(5)}
    clinician = caller(Role.CLINICIAN, here)
    seen, address = [], "patients/?page_size=2"
    while address:
        page = clinician.get(address).json()
        seen += [each["id"] for each in page["results"]]
        address = page["next"]
    assert len(seen) == 5
    assert set(seen) == made
