"""A report that does not come: chased at two weeks, a matter for a clinician at six."""

from datetime import timedelta

import pytest

from clinic import clock
from clinic.actions import chasing, decisions, imaging, intakes
from clinic.actions.errors import NotAllowed
from clinic.models import Assessment, Site, User, WorkItem
from tests import factories

STUDY = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine", "age_days": 0}


def test_a_report_awaited_for_more_than_six_weeks_takes_the_patient_to_medical_review(
    here: Site, clinician: User
) -> None:
    assessment = factories.assessment(here, clinician)
    intake = assessment.intake
    held = imaging.record(intake=intake, study=STUDY, by=clinician)
    assert held.disposition == "hold_imaging"
    intakes.complete(intake=intake, by=clinician)
    decisions.decide(assessment=held, kind="accepted", by=clinician)
    with clock.at(clock.now() + timedelta(days=15)):
        assert reports_acted_on() == [1]
    assert Assessment.objects.newest().get(intake=intake).disposition == "hold_imaging"
    with clock.at(clock.now() + timedelta(days=43)):
        assert reports_acted_on() == [2]
        assert Assessment.objects.newest().get(intake=intake).disposition == "medical_review"
        assert {"report", "decision"} <= set(WorkItem.objects.values_list("kind", flat=True))


def test_a_step_of_one_study_leaves_the_age_of_the_others_as_it_is(here: Site, clinician: User) -> None:
    intake = factories.assessment(here, clinician).intake
    imaging.record(intake=intake, study=STUDY, by=clinician)
    with clock.at(clock.now() + timedelta(days=30)):
        imaging.record(intake=intake, study=STUDY | {"region": "thoracic"}, by=clinician)
    with clock.at(clock.now() + timedelta(days=40)):
        newest = imaging.performed(intake=intake, number=2, by=clinician)
    assert [study["age_days"] for study in newest.answers["imaging"]["value"]] == [40, 10]


def test_a_scan_asked_for_is_waited_for_from_the_day_it_was_recorded(here: Site, clinician: User) -> None:
    intake = factories.assessment(here, clinician).intake
    undated = {key: value for key, value in STUDY.items() if key != "age_days"}
    newest = imaging.record(intake=intake, study=undated, by=clinician)
    assert newest.answers["imaging"]["value"][0]["age_days"] == 0


def test_a_clerk_records_a_report_but_not_what_it_means(here: Site, clerk: User, clinician: User) -> None:
    intake = factories.assessment(here, clinician).intake
    read = STUDY | {"status": "reported", "finding": "Two discs bulge."}
    with pytest.raises(NotAllowed):
        imaging.record(intake=intake, study=read | {"class": "age_related", "concordance": "unclear"}, by=clerk)
    assert not intake.study_events.exists()
    imaging.record(intake=intake, study=read, by=clerk)
    assert intake.study_events.count() == 1


def test_a_clerk_does_not_call_a_study_off(here: Site, clerk: User, clinician: User) -> None:
    intake = factories.assessment(here, clinician).intake
    imaging.record(intake=intake, study=STUDY, by=clerk)
    with pytest.raises(NotAllowed):
        imaging.cancel(intake=intake, number=1, reason="Not wanted.", by=clerk)
    assert intake.study_events.count() == 1


def reports_acted_on() -> list[int]:
    return [each.level for each in chasing.chase() if each.kind == "report"]
