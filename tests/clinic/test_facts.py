"""A fact about the patient is an input of the decision: when it is corrected, the advice is made afresh and says so."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actions import decisions, intakes, patients, referrals, stops
from clinic.actions.errors import Conflict
from clinic.models import Assessment, AuditEvent, Intake, Letter, Referral, Site, Stage, User, WorkItem
from tests import factories
from triage.facts import AnswerErrors
from triage.protocol import Disposition

REFERRED = {"duration_days": 56, "interferes_function": "yes", "course": "same", "bloods": "not_done"}


def intake_of(born: date, at: Site, by: User, **changed: object) -> Intake:
    """Wholly answered, of somebody born on that day."""
    factories.published_release()
    intake = intakes.open(patient=factories.patient(at, date_of_birth=born), by=by)
    intakes.answer(intake=intake, answers=factories.answers(first_onset_age=30, **changed), by=by)
    return intake


def correct(intake: Intake, by: User, **changes: object) -> Assessment:
    patients.correct(patient=intake.patient, changes=changes, by=by)
    return Assessment.objects.newest().get(intake=intake)


def waiting(intake: Intake) -> dict[str, str]:
    return dict(WorkItem.objects.filter(intake=intake).values_list("kind", "disposition"))


@pytest.fixture
def of_forty(here: Site, clinician: User) -> Intake:
    """Sudden severe pain at forty: to be seen today. From sixty it is an emergency."""
    return intake_of(date(1986, 3, 4), here, clinician, sudden_severe_pain="yes")


@pytest.fixture
def sent(here: Site, clinician: User) -> Referral:
    """Of an adult, decided, accepted and sent."""
    intake = intake_of(date(1986, 3, 4), here, clinician, **REFERRED)
    referral = accepted(intake, clinician)
    referrals.advance(referral=referral, verb="send", destination="Physiotherapy, County Hospital", by=clinician)
    return referral


def accepted(intake: Intake, by: User) -> Referral:
    newest = intakes.complete(intake=intake, by=by)
    decisions.decide(assessment=newest, kind="accepted", by=by)
    return newest.referrals.get()


def test_an_age_that_was_typed_wrong_makes_an_emergency_at_once(of_forty: Intake, clerk: User) -> None:
    before = Assessment.objects.newest().get(intake=of_forty)
    assert before.disposition == "urgent_medical"
    newest = correct(of_forty, clerk, date_of_birth=date(1946, 3, 4))
    assert newest.disposition == "emergency"
    assert newest.answers["age"]["value"] == of_forty.patient.age_range(on=clock.today(None))[0]
    assert waiting(of_forty) == {"stop": "emergency"}
    before.refresh_from_db()
    assert before.disposition == "urgent_medical"  # what was said then stays


def test_the_intake_is_completed_on_the_corrected_age(of_forty: Intake, clinician: User) -> None:
    correct(of_forty, clinician, date_of_birth=date(1946, 3, 4))
    assert intakes.complete(intake=Intake.objects.get(pk=of_forty.pk), by=clinician).disposition == "emergency"


def test_a_completed_intake_is_assessed_afresh_too(of_forty: Intake, clinician: User, clerk: User) -> None:
    intakes.complete(intake=of_forty, by=clinician)
    assert correct(of_forty, clerk, date_of_birth=date(1946, 3, 4)).disposition == "emergency"
    assert waiting(of_forty) == {"stop": "emergency"}


def test_a_cancelled_intake_too_for_what_cannot_wait_is_acted_on_all_the_same(of_forty: Intake, clerk: User) -> None:
    intakes.cancel(intake=of_forty, reason="Entered twice.", by=clerk)
    assert correct(of_forty, clerk, date_of_birth=date(1946, 3, 4)).disposition == "emergency"
    assert waiting(of_forty) == {"stop": "emergency"}


def test_every_intake_of_the_patient_is_looked_at(of_forty: Intake, clinician: User, clerk: User) -> None:
    intakes.complete(intake=of_forty, by=clinician)
    later = intakes.open(patient=of_forty.patient, by=clerk)
    intakes.answer(intake=later, answers=factories.answers(first_onset_age=30, sudden_severe_pain="yes"), by=clinician)
    assert [correct(each, clerk, date_of_birth=date(1946, 3, 4)).disposition for each in (of_forty, later)] == [
        "emergency",
        "emergency",
    ]


def test_what_is_over_is_judged_as_of_its_day_so_that_only_the_correction_makes_a_difference(
    here: Site, clinician: User
) -> None:
    intake = intake_of(date(1986, 3, 4), here, clinician, duration_days=20)
    before = intakes.complete(intake=intake, by=clinician)
    with clock.at(clock.now() + timedelta(days=40)):
        newest = correct(intake, clinician, date_of_birth=date(1987, 3, 4))
    assert (newest.on, newest.disposition) == (before.on, before.disposition)
    assert newest.answers["duration_days"]["value"] == 20


@pytest.mark.parametrize("changes", [{"phone": "01632 960001"}, {"family_name": "Smith"}, {"sex": "female"}])
def test_a_correction_of_what_decides_nothing_assesses_nothing(
    of_forty: Intake, clerk: User, changes: dict[str, Any]
) -> None:
    version = of_forty.version
    correct(of_forty, clerk, **changes)
    assert Intake.objects.get(pk=of_forty.pk).version == version


def test_the_sex_is_the_records_and_is_not_asked_again(of_forty: Intake, clerk: User) -> None:
    assert Assessment.objects.newest().get(intake=of_forty).answers["sex"] == {"value": "female", "source": "record"}
    newest = correct(of_forty, clerk, sex="male")
    assert newest.answers["sex"] == {"value": "male", "source": "record"}
    with pytest.raises(AnswerErrors, match="sex does not agree with the record of the patient"):
        intakes.answer(intake=of_forty, answers={"sex": "female"}, by=clerk)


def test_a_sex_that_the_record_does_not_know_is_asked(here: Site, clerk: User) -> None:
    factories.published_release()
    intake = intakes.open(patient=factories.patient(here, sex="unknown"), by=clerk)
    assert intakes.answer(intake=intake, answers={"sex": "male"}, by=clerk).answers["sex"]["value"] == "male"
    newest = correct(intake, clerk, sex="female")
    assert newest.answers["sex"] == {"value": "female", "source": "record"}


def test_a_sex_that_the_record_no_longer_tells_is_open_again(of_forty: Intake, clerk: User) -> None:
    newest = correct(of_forty, clerk, sex="unknown")
    assert "sex" not in newest.answers


def test_somebody_born_after_the_day_of_an_old_intake_was_no_adult_on_it(here: Site, clinician: User) -> None:
    with clock.at(clock.now() - timedelta(days=800)):
        intake = intake_of(date(1986, 3, 4), here, clinician, **REFERRED)
        intakes.complete(intake=intake, by=clinician)
    newest = correct(intake, clinician, date_of_birth=clock.today(None) - timedelta(days=30))
    assert (newest.answers["age"]["value"], newest.disposition) == (0, "out_of_scope")


def test_what_was_accepted_is_held_and_nothing_is_sent(here: Site, clinician: User, clerk: User) -> None:
    intake = intake_of(date(1986, 3, 4), here, clinician, **REFERRED)
    referral = accepted(intake, clinician)
    assert correct(intake, clerk, date_of_birth=date(2010, 3, 4)).disposition == "out_of_scope"
    assert waiting(intake) == {"decision": "out_of_scope", "overtaken": "out_of_scope"}
    with pytest.raises(Conflict, match="assessed anew"):
        referrals.advance(referral=referral, verb="send", destination="Physiotherapy", by=clinician)
    assert not Letter.objects.exists()


def test_what_was_only_advised_is_neither_accepted_nor_sent(here: Site, clinician: User, clerk: User) -> None:
    intake = intake_of(date(1986, 3, 4), here, clinician, **REFERRED)
    newest = intakes.complete(intake=intake, by=clinician)
    correct(intake, clerk, date_of_birth=date(2010, 3, 4))
    with pytest.raises(Conflict, match="only the newest assessment counts"):
        decisions.decide(assessment=newest, kind="accepted", by=clinician)


def test_what_has_gone_out_raises_work_for_a_clinician(sent: Referral, clerk: User, clinician: User) -> None:
    intake = sent.assessment.intake
    newest = correct(intake, clerk, date_of_birth=date(2010, 3, 4))
    raised = WorkItem.objects.get(referral=sent)
    assert (raised.kind, raised.stage, raised.disposition) == ("overtaken", "sent", "out_of_scope")
    assert (raised.owner, raised.rank) == (clinician, Disposition.OUT_OF_SCOPE.rank)
    assert raised.due == clock.in_days(raised.since, intake.site.days_to_decide, intake.site)
    decisions.decide(assessment=newest, kind="accepted", by=clinician)
    assert WorkItem.objects.get(referral=sent).kind == "overtaken"  # the service has yet to be told
    referrals.advance(referral=sent, verb="cancel", reason="Under 18: told them by telephone.", by=clinician)
    assert not WorkItem.objects.filter(intake=intake).exists()


def test_a_clinician_may_let_it_stand(sent: Referral, clerk: User, clinician: User) -> None:
    newest = correct(sent.assessment.intake, clerk, date_of_birth=date(1996, 3, 4))
    assert not WorkItem.objects.filter(kind="overtaken").exists()  # at thirty the advice is the same
    newest = correct(sent.assessment.intake, clerk, date_of_birth=date(1936, 3, 4))
    assert newest.disposition != "refer"
    assert WorkItem.objects.get(referral=sent).kind == "overtaken"
    about = {"disposition": "refer", "services": ["physiotherapy"], "reason": "other", "note": "Bloods were normal."}
    decisions.decide(assessment=newest, kind="changed", by=clinician, **about)
    assert WorkItem.objects.get(referral=sent).kind == "referral"


def test_the_letter_that_was_sent_is_marked(sent: Referral, clerk: User) -> None:
    letter = Letter.objects.get(referral=sent)
    assert letter.assessment.overtaken_by is None
    newest = correct(sent.assessment.intake, clerk, date_of_birth=date(2010, 3, 4))
    assert Letter.objects.get(referral=sent).assessment.overtaken_by == newest


def test_the_trail_tells_of_each_assessment_that_a_correction_made(of_forty: Intake, clerk: User) -> None:
    newest = correct(of_forty, clerk, date_of_birth=date(1946, 3, 4))
    events = AuditEvent.objects.filter(action="intake.assess", actor=clerk)
    assert [each.detail["assessment"] for each in events] == [str(newest.pk)]


def test_a_stop_that_was_recorded_is_waited_for_again_when_the_age_makes_it_an_emergency(
    of_forty: Intake, clinician: User
) -> None:
    stops.record(assessment=Assessment.objects.newest().get(intake=of_forty), text="Seen by Dr A.", by=clinician)
    correct(of_forty, clinician, date_of_birth=date(1946, 3, 4))
    assert waiting(of_forty) == {"stop": "emergency"}


def page(client: Client, by: User, name: str, pk: object) -> str:
    client.force_login(by)
    answer = client.get(reverse(name, args=[pk]))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_old_result_shows_the_age_that_it_used_and_leads_to_the_new_one(
    client: Client, of_forty: Intake, clinician: User
) -> None:
    before = intakes.complete(intake=of_forty, by=clinician)
    newest = correct(of_forty, clinician, date_of_birth=date(1946, 3, 4))
    old = page(client, clinician, "assessment", before.pk)
    assert "1946 (corrected since: this result used 40 years)" in old
    assert reverse("assessment", args=[newest.pk]) in old
    new = page(client, clinician, "assessment", newest.pk)
    assert "The record of the patient was corrected" in new
    assert "Age: 80 years, before: 40 years" in new


def test_the_referral_says_what_has_changed_since_it_was_sent(
    client: Client, sent: Referral, clerk: User, clinician: User
) -> None:
    correct(sent.assessment.intake, clerk, date_of_birth=date(2010, 3, 4))
    shown = page(client, clinician, "referral", sent.pk)
    assert "The advice has changed since this was sent" in shown
    assert "Outcome: Out of scope, before: Refer" in shown
    assert "Overtaken by newer advice" in shown  # beside the letter
    assert sent.status == Stage.SENT
