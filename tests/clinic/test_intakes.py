"""An intake keeps every answer with its source, and nothing that its protocol does not take."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic.actions import intakes, patients, sites, verifying
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict, NotAllowed, NotFound, Stale
from clinic.models import Assessment, AuditEvent, Intake, IntakeStatus, Patient, Site, User
from clinic.permissions import Role
from tests import factories
from triage.facts import AnswerErrors

MODERATE = {"stress": 8, "interferes_function": "yes"}


@pytest.fixture
def intake(here: Site, clerk: User) -> Intake:
    return factories.open_intake(here, clerk)


def pass_days(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let the clock go on."""
    then = timezone.now() + timedelta(days=days)
    monkeypatch.setattr(timezone, "now", lambda: then)


def test_opening_says_what_is_to_be_asked(intake: Intake) -> None:
    first = intake.assessments.get()
    assert first.disposition == "incomplete"
    safety = {each["question"] for each in first.outcome["outstanding"] if each["safety"]}
    assert {"ces_saddle", "fever", "sh_direct", "phq9_9"} <= safety
    assert first.version == intake.version


def test_a_patient_has_one_open_intake(intake: Intake, clerk: User) -> None:
    with pytest.raises(Conflict, match="open intake"):
        intakes.open(patient=intake.patient, by=clerk)
    intakes.cancel(intake=intake, reason="The patient left.", by=clerk)
    assert intakes.open(patient=intake.patient, by=clerk).is_open


def test_an_answer_is_kept_with_source_time_and_person(intake: Intake, clerk: User) -> None:
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk, source="patient")
    stored = Intake.objects.get(pk=intake.pk).answers["fever"]
    assert (stored["value"], stored["source"], stored["by"]) == ("no", "patient", str(clerk.pk))
    assert datetime.fromisoformat(stored["at"]) <= timezone.now()


def test_every_change_leaves_an_assessment_and_a_row_of_history(intake: Intake, clerk: User) -> None:
    for answer in ("no", "not_sure", "yes"):
        intakes.answer(intake=intake, answers={"fever": answer}, by=clerk)
    assert intake.assessments.count() == intake.version == 4
    assert [each.answers["fever"]["value"] for each in intake.assessments.order_by("version")[1:]] == [
        "no",
        "not_sure",
        "yes",
    ]
    newest = intake.history.latest("history_id")
    assert (newest.history_user, newest.history_change_reason) == (clerk, "answered: fever")
    assert Assessment.objects.newest().get(intake=intake).version == 4


def test_an_answer_given_again_changes_nothing(intake: Intake, clerk: User) -> None:
    first = intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk)
    entries, rows = AuditEvent.objects.count(), intake.history.count()
    assert intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk) == first
    assert (AuditEvent.objects.count(), intake.history.count()) == (entries, rows)


def test_an_answer_given_again_on_another_day_is_fresh(
    intake: Intake, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk)
    before = intake.answers["fever"]["at"]
    pass_days(monkeypatch, 2)
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk)
    assert intake.answers["fever"]["at"] > before


def test_a_stale_version_is_refused_and_nothing_stored(intake: Intake, clerk: User) -> None:
    seen = intake.version
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk, expected_version=seen)
    with pytest.raises(Stale) as refused:
        intakes.answer(intake=intake, answers={"unwell": "no"}, by=clerk, expected_version=seen)
    assert refused.value.version == seen + 1
    assert "unwell" not in Intake.objects.get(pk=intake.pk).answers


BAD_ANSWERS: list[tuple[dict[str, Any], str]] = [
    ({"fever": "n\x00"}, "fever"),
    ({"fever": "\ud800"}, "fever"),
    ({"fever": "maybe"}, "fever"),
    ({"fever": True}, "fever"),
    ({"fever": None}, "fever"),
    ({"fever": ["no"]}, "fever"),
    ({"fever": {}}, "fever.value"),
    ({"fever": {"value": "no", "mood": "good"}}, "fever.mood"),
    ({"fever": {"value": "no", "source": "rumour"}}, "fever.source"),
    ({"fever": {"value": "no", "at": "yesterday"}}, "fever.at"),
    ({"fever": {"value": "no", "at": "2999-01-01T00:00:00+00:00"}}, "fever.at"),
    ({"fever": {"value": "no", "disputes": {"value": "yes"}}}, "fever.disputes"),
    ({"unheard_of": "no"}, "unheard_of"),
    ({"phq9_1": 4}, "phq9_1"),
    ({"phq9_1": -1}, "phq9_1"),
    ({"phq9_1": 2.0}, "phq9_1"),
    ({"phq9_1": "2"}, "phq9_1"),
    ({"duration_days": 10**30}, "duration_days"),
    ({"onset_date": "2999-01-01"}, "onset_date"),
    ({"onset_date": "01/02/2026"}, "onset_date"),
    ({"imaging": [{"modality": "mri"}]}, "imaging[0].region"),
    ({"imaging": "none"}, "imaging"),
    ({"age": 7}, "age"),
    ({"age": "not_sure"}, "age"),
]


@pytest.mark.parametrize(("bad", "path"), BAD_ANSWERS)
def test_nothing_is_stored_of_answers_with_a_fault(
    intake: Intake, clinician: User, bad: dict[str, Any], path: str
) -> None:
    entries = AuditEvent.objects.count()
    with pytest.raises(AnswerErrors) as refused:
        intakes.answer(intake=intake, answers={"unwell": "no", **bad}, by=clinician)
    assert path in {fault.path for fault in refused.value.faults}
    assert all(fault.allowed for fault in refused.value.faults)
    unchanged = Intake.objects.get(pk=intake.pk)
    assert (unchanged.answers, unchanged.version) == ({}, 1)
    assert (intake.assessments.count(), AuditEvent.objects.count()) == (1, entries)


def test_every_fault_is_named_at_once(intake: Intake, clerk: User) -> None:
    with pytest.raises(AnswerErrors) as refused:
        intakes.answer(intake=intake, answers={"fever": 1, "phq9_1": "2", "x": 0}, by=clerk)
    assert {fault.path for fault in refused.value.faults} == {"fever", "phq9_1", "x"}


def test_an_unknown_source_is_refused(intake: Intake, clerk: User) -> None:
    with pytest.raises(AnswerErrors):
        intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk, source="rumour")


def test_what_only_a_clinician_can_answer_is_not_a_clerks(intake: Intake, clerk: User, clinician: User) -> None:
    with pytest.raises(NotAllowed) as refused:
        intakes.answer(intake=intake, answers={"fever": "no", "neuro_exam": "normal"}, by=clerk)
    assert [fault.path for fault in refused.value.faults] == ["neuro_exam"]
    assert Intake.objects.get(pk=intake.pk).answers == {}
    intakes.answer(intake=intake, answers={"neuro_exam": "normal"}, by=clinician)
    # The same again, on a page that both fill in, is no answer of the clerk's.
    intakes.answer(intake=intake, answers={"fever": "no", "neuro_exam": "normal"}, by=clerk)
    assert intake.answers["neuro_exam"]["by"] == str(clinician.pk)


def test_two_sources_that_disagree_on_a_safety_question_are_both_kept(intake: Intake, clerk: User) -> None:
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk, source="patient")
    assessment = intakes.answer(intake=intake, answers={"ces_saddle": "no"}, by=clerk, source="record")
    stored = intake.answers["ces_saddle"]
    assert (stored["value"], stored["disputes"]["value"]) == ("no", "yes")
    assert [each["question"] for each in assessment.outcome["conflicts"]] == ["ces_saddle"]
    assert assessment.disposition == "emergency"


def test_the_worse_of_three_statements_stays(intake: Intake, clerk: User) -> None:
    for source, value in (("patient", "yes"), ("record", "no"), ("staff", "not_sure")):
        intakes.answer(intake=intake, answers={"ces_saddle": value}, by=clerk, source=source)
    assert intake.answers["ces_saddle"]["disputes"]["value"] == "yes"


def test_a_conflict_ends_when_its_source_agrees_or_a_clinician_settles_it(
    intake: Intake, clerk: User, clinician: User
) -> None:
    for source, value in (("patient", "yes"), ("record", "no"), ("patient", "no")):
        intakes.answer(intake=intake, answers={"ces_saddle": value}, by=clerk, source=source)
    assert "disputes" not in intake.answers["ces_saddle"]
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk, source="record")
    with pytest.raises(NotAllowed):
        intakes.answer(intake=intake, answers={"ces_saddle": "no"}, by=clerk, settled=["ces_saddle"])
    assert "disputes" in intake.answers["ces_saddle"]
    settled = intakes.answer(intake=intake, answers={"ces_saddle": "no"}, by=clinician, settled=["ces_saddle"])
    assert "disputes" not in intake.answers["ces_saddle"]
    assert settled.outcome["conflicts"] == []


def test_another_source_replaces_an_answer_that_safety_does_not_hang_on(intake: Intake, clerk: User) -> None:
    intakes.answer(intake=intake, answers={"stress": 3}, by=clerk, source="patient")
    intakes.answer(intake=intake, answers={"stress": 4}, by=clerk, source="staff")
    assert intake.answers["stress"]["value"] == 4
    assert "disputes" not in intake.answers["stress"]


def test_the_age_is_the_patients_on_the_day(here: Site, clerk: User) -> None:
    factories.published_release()
    patient = factories.patient(here, by=clerk, date_of_birth=factories.born(years=63))
    intake = intakes.open(patient=patient, by=clerk)
    assessment = intakes.answer(intake=intake, answers={"age": 63}, by=clerk)
    assert assessment.answers["age"] == {"value": 63, "source": "record"}
    assert "age" not in intake.answers
    patients.correct(patient=patient, changes={"date_of_birth": factories.born(years=40)}, by=clerk)
    assessment = intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk)
    assert assessment.answers["age"]["value"] == 40


def test_a_birthday_counts_from_its_day_on() -> None:
    patient = Patient(date_of_birth=date(1980, 5, 20))
    assert [patient.age_range(on=date(2020, 5, day)) for day in (19, 20)] == [(39, 39), (40, 40)]


def test_what_was_days_ago_grows_older_with_the_intake(
    intake: Intake, clinician: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = timezone.localdate()
    scan = {"modality": "mri", "region": "lumbar", "status": "reported"}
    scans = [scan | {"age_days": 5}, scan | {"age_days": 3, "performed_on": str(today - timedelta(days=3))}]
    answers = {"onset_date": str(today - timedelta(days=40)), "duration_days": 40, "imaging": scans}
    first = intakes.answer(intake=intake, answers=answers, by=clinician)
    assert first.outcome["conflicts"] == []
    pass_days(monkeypatch, 4)
    later = intakes.answer(intake=intake, answers={"fever": "no"}, by=clinician)
    assert later.answers["duration_days"]["value"] == 44
    assert [study.get("age_days") for study in later.answers["imaging"]["value"]] == [9, None]
    assert later.outcome["conflicts"] == []
    assert intake.answers["duration_days"]["value"] == 40


def test_completing_is_refused_while_questions_are_open(intake: Intake, clerk: User) -> None:
    with pytest.raises(Conflict, match="ces_saddle") as refused:
        intakes.complete(intake=intake, by=clerk)
    assert "ces_saddle" in refused.value.outstanding
    assert Intake.objects.get(pk=intake.pk).is_open


def test_a_completed_intake_is_frozen(intake: Intake, clinician: User) -> None:
    answered = intakes.answer(intake=intake, answers=factories.answers(), by=clinician)
    assert intakes.complete(intake=intake, by=clinician) == answered
    assert (intake.status, intake.completed_by) == (IntakeStatus.COMPLETED, clinician)
    for again in (
        lambda: intakes.answer(intake=intake, answers={"fever": "yes"}, by=clinician),
        lambda: intakes.complete(intake=intake, by=clinician),
        lambda: intakes.cancel(intake=intake, reason="late", by=clinician),
    ):
        with pytest.raises(Conflict, match="completed"):
            again()


def test_completing_on_a_later_day_assesses_afresh(
    intake: Intake, clinician: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = intakes.answer(intake=intake, answers=factories.answers(), by=clinician)
    pass_days(monkeypatch, 1)
    completed = intakes.complete(intake=intake, by=clinician)
    assert completed.on == answered.on + timedelta(days=1)
    assert completed.version == intake.version == answered.version + 1
    assert verifying.first_broken(intake.site) is None


def test_cancelling_needs_a_reason(intake: Intake, clerk: User) -> None:
    with pytest.raises(ValidationError):
        intakes.cancel(intake=intake, reason="  ", by=clerk)
    intakes.cancel(intake=intake, reason="The patient left.", by=clerk)
    assert (intake.status, intake.cancelled_by, intake.cancel_reason) == ("cancelled", clerk, "The patient left.")


def test_an_open_intake_goes_on_when_its_release_is_retired(intake: Intake, here: Site, clerk: User) -> None:
    approver = factories.user(Role.APPROVER, here)
    releases.advance(release=intake.release, verb="retire", by=approver, reason="A newer one is in use.")
    assert intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk).release == intake.release
    with pytest.raises(Conflict, match="published"):
        intakes.open(patient=factories.patient(here), by=clerk)
    with pytest.raises(Conflict, match="retired"):
        intakes.preview(protocol_id="back-pain/1.0.0", answers={}, on=timezone.localdate())


@pytest.mark.parametrize("protocol", ["neck-pain", "", "a\x00b", "\ud800", "../back-pain"])
def test_there_is_no_intake_by_an_unknown_protocol(here: Site, clerk: User, protocol: str) -> None:
    with pytest.raises(Conflict):
        intakes.open(patient=factories.patient(here), by=clerk, protocol=protocol)
    with pytest.raises(NotFound):
        intakes.preview(protocol_id=protocol, answers={}, on=timezone.localdate())


def test_a_site_that_is_not_live_takes_nobody_in(here: Site, admin: User, clerk: User) -> None:
    factories.published_release()
    patient = factories.patient(here)
    sites.change(site=here, changes={"is_live": False}, by=admin)
    with pytest.raises(Conflict):
        intakes.open(patient=Patient.objects.get(pk=patient.pk), by=clerk)


def test_another_sites_clerk_answers_nothing(intake: Intake, elsewhere: Site) -> None:
    stranger = factories.user(Role.CLERK, elsewhere)
    with pytest.raises(NotFound):
        intakes.answer(intake=intake, answers={"fever": "no"}, by=stranger)


def test_a_preview_stores_nothing(db: None) -> None:
    factories.published_release()
    entries = AuditEvent.objects.count()
    for name in ("back-pain", "back-pain/1.0.0"):
        outcome = intakes.preview(protocol_id=name, answers={"ces_saddle": "yes"}, on=timezone.localdate())
        assert outcome["disposition"] == "emergency"
    assert (Intake.objects.count(), AuditEvent.objects.count()) == (0, entries)


def test_the_outcome_is_that_of_the_engine_alone(here: Site, clinician: User) -> None:
    stored = factories.assessment(here, clinician, "distressed_after_treatment")
    alone = intakes.preview(protocol_id="back-pain", answers=stored.answers, on=stored.on)
    assert stored.outcome == alone
    assert stored.protocol_digest == alone["protocol"]["digest"] == stored.release.sha256


def test_answering_takes_the_same_few_queries_however_much_was_answered(
    here: Site, clinician: User, django_assert_max_num_queries: Any
) -> None:
    intake = factories.open_intake(here, clinician)
    with django_assert_max_num_queries(18):
        intakes.answer(intake=intake, answers={"fever": "no"}, by=clinician)
    with django_assert_max_num_queries(18):
        intakes.answer(intake=intake, answers=factories.answers(), by=clinician)
