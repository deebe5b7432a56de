"""The demo clinic: whole, the same every time, and loaded once."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from clinic.actions import audit
from clinic.management import demo
from clinic.models import (
    ApiToken,
    Assessment,
    AuditEvent,
    DayCount,
    Decision,
    DecisionKind,
    Escalation,
    Intake,
    IntakeStatus,
    Lateness,
    Letter,
    Patient,
    Referral,
    Site,
    Stage,
    StopRecord,
    StudyEvent,
    StudyStep,
    User,
    Work,
    WorkItem,
)
from clinic.permissions import Role
from triage.protocol import Disposition

pytestmark = pytest.mark.django_db

STORY = demo.read_story()


def load(*arguments: str) -> str:
    output = StringIO()
    call_command("load_demo", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture(scope="module", autouse=True)
def first_run(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """What the command printed; the clinic stays loaded for all tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load()
        transaction.set_rollback(True)


def test_every_disposition_is_there():
    found = set(Assessment.objects.newest().values_list("disposition", flat=True))
    assert found == {each.value for each in Disposition}


def test_there_is_somebody_of_every_role_who_can_log_in():
    for each in STORY["people"]:
        user = authenticate(username=each["username"], password=STORY["password"])
        assert isinstance(user, User)
        assert {Role(each["role"])} == set().union(*user.roles.values())
    assert {each["role"] for each in STORY["people"]} == set(Role.values)


def test_the_token_is_shown_once_and_the_logins_always(first_run: str):
    assert ApiToken.objects.get().token_key in first_run
    second_run = load()
    assert ApiToken.objects.get().token_key not in second_run
    for words in ("clinician2", STORY["password"]):
        assert words in first_run
        assert words in second_run


def test_a_second_run_changes_nothing_and_says_so():
    before = AuditEvent.objects.count()
    assert "nothing has been changed" in load()
    assert AuditEvent.objects.count() == before


def test_intakes_are_at_every_stage():
    assert set(Intake.objects.values_list("status", flat=True)) == set(IntakeStatus.values)
    assert set(Decision.objects.values_list("kind", flat=True)) == set(DecisionKind.values)
    assert {referral.status for referral in Referral.objects.all()} == set(Stage)


def test_the_clinic_is_at_work():
    sent = Referral.objects.filter(statuses__status=Stage.SENT).distinct()
    assert sent.count() >= 40
    assert all(Letter.objects.filter(referral=each).exists() for each in sent)
    assert set(WorkItem.objects.values_list("kind", flat=True)) >= {Work.DECISION, Work.REFERRAL, Work.REPORT}
    assert set(Escalation.objects.values_list("level", flat=True)) == {Lateness.CHASED, Lateness.ESCALATED}
    assert Decision.objects.filter(lowers=True).count() == 1
    assert Intake.objects.filter(follows__isnull=False).count() >= 3
    assert StudyEvent.objects.filter(step=StudyStep.CLASSED).exists()
    assert DayCount.objects.exists()


def test_one_stop_card_has_its_record_and_another_waits_for_it():
    emergencies = Assessment.objects.newest().filter(disposition=Disposition.EMERGENCY)
    recorded = set(StopRecord.objects.values_list("assessment__intake", flat=True))
    waiting = {each.intake_id for each in emergencies} - recorded
    assert recorded
    assert waiting


def test_the_people_and_the_numbers_are_clearly_not_real():
    assert Patient.objects.count() >= 30
    assert all(each.family_name in {"Sample", "Specimen"} for each in Patient.objects.all())
    assert all("demo" in each.emergency_number and "demo" in each.crisis_line for each in Site.objects.all())


def test_every_answer_has_its_history_and_the_trail_is_intact():
    for intake in Intake.objects.all():
        assert intake.history.count() >= intake.version
        assert intake.assessments.count() == intake.version
    assert [audit.verify(site=site) for site in [None, *Site.objects.all()]] == [None, None, None]


def test_where_people_are_real_it_is_refused(settings: Any):
    settings.DEMO = False
    with pytest.raises(CommandError, match="known passwords"):
        load()


def test_the_history_is_of_several_weeks_and_ends_before_today():
    days = {row.history_date.date() for intake in Intake.objects.all() for row in intake.history.all()}
    assert (max(days) - min(days)).days >= 35
    assert max(days) < timezone.localdate()
    assert all(each.on == each.at.date() for each in Assessment.objects.all())


def test_the_trail_is_in_the_order_of_time():
    for site in Site.objects.all():
        times = list(AuditEvent.objects.filter(site=site).order_by("seq").values_list("at", flat=True))
        assert times == sorted(times)
