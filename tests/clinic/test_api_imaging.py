"""Programs bring reports that come late; a clinician alone says what they mean."""

from typing import Any

import pytest

from clinic import clock
from clinic.actions import intakes
from clinic.models import Intake, Site
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import Caller, caller

STUDY = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine"}
TODAY = clock.today(None).isoformat()


@pytest.fixture
def clinician(here: Site) -> Caller:
    return caller(Role.CLINICIAN, here)


@pytest.fixture
def intake(here: Site, clinician: Caller) -> Intake:
    """A completed one."""
    assessment = factories.assessment(here, clinician.user)
    intakes.complete(intake=assessment.intake, by=clinician.user)
    return assessment.intake


def outcome(answer: Any) -> str:
    assert answer.status_code == 200, answer.json()
    return str(answer.json()["disposition"])


def test_a_late_report_is_recorded_classed_and_assessed_afresh(here: Site, clinician: Caller, intake: Intake) -> None:
    program = caller(Role.INTEGRATOR, here)
    address = f"intakes/{intake.pk}/imaging/"
    assert outcome(clinician.post(address, STUDY)) == "hold_imaging"
    assert outcome(program.post(f"{address}1/performed/", {"on": TODAY})) == "hold_imaging"
    assert outcome(program.post(f"{address}1/reported/", {"finding": "See text."})) == "hold_imaging"
    assert program.post(f"{address}1/class/", {"study_class": "age_related"}).status_code == 403
    classed = clinician.post(f"{address}1/class/", {"study_class": "serious_pathology", "concordance": "concordant"})
    assert outcome(classed) == "urgent_medical"
    (study,) = program.get(address).json()
    assert [event["step"] for event in study["events"]] == ["recorded", "performed", "reported", "classed"]
    found = clinician.get(f"assessments/{classed.json()['id']}/changes/").json()
    assert found["disposition"] == ["hold_imaging", "urgent_medical"]
    assert intake.assessments.count() == 6


def test_the_list_says_what_is_waited_for(clinician: Caller, intake: Intake) -> None:
    clinician.post(f"intakes/{intake.pk}/imaging/", STUDY)
    (study,) = clinician.get(f"intakes/{intake.pk}/imaging/").json()
    assert (study["number"], study["waits_for"]) == (1, "report")
    assert study["due"] > study["since"]


@pytest.mark.parametrize(
    ("step", "body", "status"),
    [
        ("reported", {}, 422),
        ("reported", {"finding": "x", "on": "3000-01-01"}, 422),
        ("reported", {"finding": None}, 422),
        ("class", {"study_class": "fine"}, 422),
        ("class", {"study_class": "age_related"}, 409),
        ("cancel", {"reason": ""}, 422),
        ("performed", [], 422),
        ("performed", {"on": 20260101}, 422),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_changes(
    clinician: Caller, intake: Intake, step: str, body: Any, status: int
) -> None:
    clinician.post(f"intakes/{intake.pk}/imaging/", STUDY)
    before = Intake.objects.get(pk=intake.pk).version
    answer = clinician.post(f"intakes/{intake.pk}/imaging/1/{step}/", body)
    assert answer.status_code == status, answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert Intake.objects.get(pk=intake.pk).version == before


def test_a_report_for_a_cancelled_study_is_refused(clinician: Caller, intake: Intake) -> None:
    clinician.post(f"intakes/{intake.pk}/imaging/", STUDY)
    assert clinician.post(f"intakes/{intake.pk}/imaging/1/cancel/", {"reason": "Not wanted."}).status_code == 200
    answer = clinician.post(f"intakes/{intake.pk}/imaging/1/reported/", {"finding": "x"})
    assert answer.status_code == 409
    assert "cancelled" in answer.json()["detail"]


@pytest.mark.parametrize("number", ["0", "2", "999999999999999999999"])
def test_a_study_that_is_not_there_is_not_found(clinician: Caller, intake: Intake, number: str) -> None:
    clinician.post(f"intakes/{intake.pk}/imaging/", STUDY)
    assert clinician.post(f"intakes/{intake.pk}/imaging/{number}/performed/").status_code == 404


def test_whoever_has_read_older_answers_is_refused(clinician: Caller, intake: Intake) -> None:
    answer = clinician.post(f"intakes/{intake.pk}/imaging/", STUDY, **{"If-Match": '"1"'})
    assert answer.status_code == 412


def test_a_report_is_waited_for_while_the_intake_is_open_too(clinician: Caller, intake: Intake) -> None:
    def waits_for() -> str | None:
        found: str | None = clinician.get(f"intakes/{intake.pk}/imaging/").json()[0]["waits_for"]
        return found

    clinician.post(f"intakes/{intake.pk}/imaging/", STUDY)
    assert waits_for() == "report"
    clinician.post(f"intakes/{intake.pk}/reopen/", {"reason": "To ask again."})
    assert waits_for() == "report"
    clinician.post(f"intakes/{intake.pk}/imaging/1/reported/", {"finding": "Disc bulge."})
    assert waits_for() == "class"
    clinician.post(f"intakes/{intake.pk}/cancel/", {"reason": "Moved away."})
    assert waits_for() is None


def test_a_completed_intake_is_taken_up_again_with_a_reason(clinician: Caller, intake: Intake) -> None:
    assert clinician.post(f"intakes/{intake.pk}/reopen/", {"reason": ""}).status_code == 422
    assert clinician.post(f"intakes/{intake.pk}/reopen/", {"reason": "To ask again."}).json()["status"] == "open"
    assert clinician.post(f"intakes/{intake.pk}/reopen/", {"reason": "To ask again."}).status_code == 409
    assert clinician.post(f"intakes/{intake.pk}/cancel/", {"reason": "Moved away."}).json()["status"] == "cancelled"


def test_what_was_done_at_once_is_recorded(here: Site, clinician: Caller) -> None:
    stop = factories.assessment(here, clinician.user, ces_saddle="yes")
    assert clinician.post(f"assessments/{stop.pk}/stop/", {"text": "Ambulance."}).status_code == 201
    assert [each["text"] for each in clinician.get(f"assessments/{stop.pk}/stop/").json()["results"]] == ["Ambulance."]
