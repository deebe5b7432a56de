"""What is late is acted on once when its day has passed and once more well after it, however often one looks."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from clinic import clock
from clinic.actions import chasing, decisions, imaging, intakes, referrals, stops, work
from clinic.models import Assessment, AuditEvent, Escalation, Referral, Site, User, Work, WorkItem
from tests import factories
from tests.clinic.test_web_results import DISTRESS

STUDY = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine", "age_days": 0}


@pytest.fixture
def completed(here: Site, clinician: User) -> Assessment:
    assessment = factories.assessment(here, clinician, **DISTRESS)
    intakes.complete(intake=assessment.intake, by=clinician)
    return assessment


@pytest.fixture
def referral(completed: Assessment, clinician: User) -> Referral:
    decisions.decide(assessment=completed, kind="accepted", by=clinician)
    return Referral.objects.get(service="physiotherapy")


def acted_on(*, days: float) -> list[tuple[str, int]]:
    """What a look so many days from now acts on: what is waited for, and how late that is."""
    with clock.at(clock.now() + timedelta(days=days)):
        return sorted((each.kind, each.level) for each in chasing.chase())


def acted_on_after(midnights: int, *, seconds: float) -> list[tuple[str, int]]:
    """The same, so long after so many midnights."""
    moment = clock.begin(clock.today(None) + timedelta(days=midnights), None)
    with clock.at(moment + timedelta(seconds=seconds)):
        return sorted((each.kind, each.level) for each in chasing.chase())


def waits(kind: str) -> WorkItem:
    return WorkItem.objects.get(kind=kind)


@pytest.mark.parametrize(("column", "days"), [("days_to_decide", 1), ("days_to_decide", 2), ("days_to_decide", 5)])
def test_a_decision_is_waited_for_as_long_as_the_site_says(here: Site, clinician: User, column: str, days: int):
    setattr(here, column, days)
    here.save_as(by=clinician, reason="deadlines")
    assessment = factories.assessment(here, clinician, **DISTRESS)
    intakes.complete(intake=assessment.intake, by=clinician)
    late = days + 1
    assert acted_on_after(late, seconds=-1) == []
    assert acted_on_after(late, seconds=1) == [("decision", 1)]
    assert acted_on_after(late + here.days_to_escalate, seconds=-1) == []
    assert acted_on_after(late + here.days_to_escalate, seconds=1) == [("decision", 2)]
    assert acted_on(days=days + 100) == []


def test_a_same_day_outcome_is_late_after_a_day_and_an_emergency_after_a_quarter_of_an_hour(
    here: Site, clinician: User
):
    fever = factories.assessment(here, clinician, fever="yes")
    numb = factories.assessment(here, clinician, ces_saddle="yes")
    assert (fever.urgency, numb.urgency) == ("24h", "now")
    assert acted_on(days=0.01) == []
    assert acted_on(days=0.011) == [("stop", 1)]
    assert acted_on(days=1.01) == [("stop", 1)]
    stops.record(assessment=numb, text="Ambulance.", by=clinician)
    stops.record(assessment=fever, text="Seen.", by=clinician)
    assert not WorkItem.objects.filter(kind=Work.STOP).exists()


@pytest.mark.parametrize(
    ("verbs", "waited"),
    [
        ("", "days_to_send"),
        ("send", "days_to_receive"),
        ("send receive", "days_to_book"),
        ("send see", "days_to_close"),
    ],
)
def test_each_open_step_of_a_referral_has_the_deadline_of_the_site(
    here: Site, clinician: User, referral: Referral, verbs: str, waited: str
):
    for verb in verbs.split():
        said = {"destination": "St Agnes"} if verb == "send" else {}
        referrals.advance(referral=referral, verb=verb, by=clinician, **said)
    item = WorkItem.objects.get(referral=referral)
    assert item.due == clock.in_days(item.since, getattr(here, waited), here)


def test_the_patient_is_to_be_seen_in_time_whatever_each_step_allows(here: Site, clinician: User, referral: Referral):
    """Soon means within 14 days of the proposal (evidence E.i), also where the steps have days left."""
    assert referral.priority == "routine"
    with clock.at(clock.now() + timedelta(days=10)):
        referrals.advance(referral=referral, verb="send", destination="St Agnes", by=clinician)
    with clock.at(clock.now() + timedelta(days=35)):
        referrals.advance(referral=referral, verb="receive", by=clinician)
        seen_by = clock.in_days(referral.created_at, 42, here)
        assert WorkItem.objects.get(referral=referral).due == seen_by < clock.now() + timedelta(days=here.days_to_book)


def test_what_is_late_and_then_done_is_late_no_more(clinician: User, referral: Referral):
    assert ("referral", 1) in acted_on(days=3)
    referrals.advance(referral=referral, verb="send", destination="St Agnes", by=clinician)
    item = WorkItem.objects.get(referral=referral)
    assert (item.stage, item.chased) == ("sent", 0)
    assert Escalation.objects.filter(referral=referral, stage="accepted").count() == 1


def test_a_report_is_chased_at_two_weeks_and_escalated_at_six(completed: Assessment, clinician: User):
    imaging.record(intake=completed.intake, study=STUDY, by=clinician)
    WorkItem.objects.exclude(kind=Work.REPORT).delete()
    assert acted_on_after(15, seconds=-1) == []
    assert acted_on_after(15, seconds=1) == [("report", 1)]
    assert ("report", 2) not in acted_on_after(43, seconds=-1)
    assert ("report", 2) in acted_on_after(43, seconds=1)


def test_a_report_that_came_is_waited_for_no_more_but_its_class_is(completed: Assessment, clinician: User):
    imaging.record(intake=completed.intake, study=STUDY, by=clinician)
    imaging.reported(intake=completed.intake, number=1, finding="See text.", by=clinician)
    assert not WorkItem.objects.filter(kind=Work.REPORT).exists()
    assert waits(Work.CLASS).due > clock.now()


def test_looking_twice_acts_once_and_leaves_a_trace_each_time_it_acts(referral: Referral):
    assert acted_on(days=3) != []
    assert acted_on(days=3) == []
    entries = AuditEvent.objects.filter(action__startswith="work.")
    assert entries.count() == Escalation.objects.count()


def test_the_command_tells_people_and_programs_what_it_did(referral: Referral):
    with clock.at(clock.now() + timedelta(days=3)):
        told = StringIO()
        call_command("chase", "--json", stdout=told)
        again = StringIO()
        call_command("chase", stdout=again)
    assert {each["kind"] for each in json.loads(told.getvalue())} == {"referral"}
    assert "referral" not in again.getvalue()


def kept() -> list[tuple[object, ...]]:
    names = (
        "intake",
        "referral",
        "study",
        "kind",
        "stage",
        "since",
        "due",
        "chased",
        "rank",
        "owner",
        "open_questions",
    )
    return list(WorkItem.objects.order_by("intake", "referral", "study").values_list(*names))


def made_anew() -> list[tuple[object, ...]]:
    WorkItem.objects.all().delete()
    work.rebuild()
    return kept()


def test_answers_leave_how_late_an_intake_and_its_referrals_are(here: Site, clinician: User, referral: Referral):
    """Also where an emergency stands in the place of the answers that were waited for, and then no more."""
    intake = referral.assessment.intake
    intakes.reopen(intake=intake, reason="The pain has moved.", by=clinician)
    assert acted_on(days=100) == [("answers", 2), ("referral", 2), ("referral", 2)]
    intakes.answer(intake=intake, answers={"peg_pain": 2}, by=clinician)
    assert (waits(Work.ANSWERS).chased, set(WorkItem.objects.values_list("chased", flat=True))) == (2, {2})
    assert kept() == made_anew()
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clinician)
    # What is advised now is another matter, with a time of its own.
    assert (waits(Work.STOP).chased, WorkItem.objects.filter(kind=Work.OVERTAKEN, chased=0).count()) == (0, 2)
    assert kept() == made_anew()
    intakes.answer(intake=intake, answers={"ces_saddle": "no"}, by=clinician)
    assert waits(Work.ANSWERS).chased == 2
    assert kept() == made_anew()


def test_the_list_made_anew_is_the_list_as_it_was_kept(here: Site, clinician: User, referral: Referral):
    factories.assessment(here, clinician, ces_saddle="yes")
    imaging.record(intake=referral.assessment.intake, study=STUDY, by=clinician)
    acted_on(days=20)
    assert kept() == made_anew()
